"""A model that hungers for data, one that has had enough, and what is told of small numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from auditkit.checks import Findings
from auditkit.data import Dataset, dataset
from auditkit.evidence.retraining import Retraining
from auditkit.measurement import Status
from auditkit.models import wrap
from auditkit.models.wrapped import WrappedModel
from tests.checks.audits import (
    DECIDING,
    data_of,
    findings,
    found,
    inside,
    interval,
    outside,
    scored,
    stored,
    value,
)

GAIN, HEAD = "data_sufficiency.last_doubling_gain", "data_sufficiency.head_doubling_gain"
BEYOND = "data_sufficiency.extrapolated_gain"


def frame(n: int, features: int, seed: int, rate: float = 0.5) -> pd.DataFrame:
    """Two classes that a line through all the features tells apart, with some noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, features)).astype(np.float32)
    score = x.sum(axis=1) / np.sqrt(features) + 0.5 * rng.normal(size=n)
    table = pd.DataFrame(x, columns=[f"x{place}" for place in range(features)])
    return table.assign(y=(score > np.quantile(score, 1 - rate)).astype(int))


def line(inputs: torch.Tensor, targets: torch.Tensor, seed: int) -> nn.Module:
    """A line by least squares: it must see about as many units as there are features."""
    made = nn.Linear(inputs.shape[1], 1, bias=False)
    weights = torch.linalg.lstsq(inputs, 2.0 * targets.float()[:, None] - 1, driver="gelsd")
    with torch.no_grad():
        made.weight.copy_(weights.solution.T + 0 * seed)
    return made


def model_of(features: int) -> WrappedModel:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(features, 4), nn.Tanh(), nn.Linear(4, 1))
    decision = {"threshold": 0.5, "favourable": "1"}
    return wrap(network, task="binary", outputs="logits", decision=decision, device="cpu")


def climbed(
    features: int, rows: int, train: Callable[..., Any] | None = line, **roles: Any
) -> Findings:
    """The findings about a model with a way to train it again on so many rows."""
    evaluation, training = frame(1200, features, 1), frame(rows, features, 2)
    for split in (evaluation, training):
        split["person"] = np.arange(len(split)) // 3
    settings = {} if train is None else {"retraining": Retraining(train)}
    names = tuple(f"x{place}" for place in range(features))
    data = data_of(evaluation, training, **{"features": names, **roles})
    return findings("data_sufficiency", model_of(features), data, **settings)


def test_a_hungry_model_is_found_and_a_saturated_one_passes() -> None:
    hungry = climbed(features=60, rows=160)
    assert value(hungry, GAIN) > 0.05
    assert outside(found(hungry, GAIN), -1, 0.02)
    full = climbed(features=3, rows=2000)
    assert abs(value(full, GAIN)) < 0.01
    assert inside(found(full, GAIN), -1, 0.01)
    assert inside(found(full, "data_sufficiency.last_doubling_log_loss"), -1, 0.01)


def test_what_was_taught_is_said() -> None:
    gain = found(climbed(features=60, rows=160), GAIN)
    assert "was taught on 160 of 160 training units and on 80, in 3 draws" in gain.reason
    assert "squared error lies in the draws" in gain.reason
    assert gain.key.split == "training→evaluation"
    assert gain.units == gain.rows == 1200


def test_the_next_doubling_is_an_extrapolation_that_nothing_is_judged_by() -> None:
    result = climbed(features=60, rows=320)
    beyond = found(result, BEYOND)
    assert beyond.status is Status.MEASURED
    assert beyond.estimate is None
    assert beyond.interval is None
    assert beyond.reason.startswith("Extrapolation to 640 training units, no measurement")
    (curve,) = (one for one in result.figures if one.kind == "learning_curve")
    assert ("dashed" in curve.caption) == bool(curve.data["extrapolation"])
    assert f"missed that by {abs(curve.data['back_test']):.3g}" in beyond.reason
    assert [point["size"] for point in curve.data["points"]] == [40, 80, 160, 320]
    last, ahead = curve.data["extrapolation"][0], curve.data["extrapolation"][-1]
    assert ahead["size"] == pytest.approx(640)
    assert beyond.value == pytest.approx(last["value"] - ahead["value"])
    # Wider by what the back-test missed.
    half = curve.data["points"][-1]["high"] - curve.data["points"][-1]["value"]
    missed = curve.data["back_test"]
    assert ahead["high"] - ahead["value"] == pytest.approx(np.hypot(half, missed), rel=1e-6)
    assert "extrapolation" in curve.caption


def test_three_sizes_are_no_curve() -> None:
    result = findings(
        "data_sufficiency", model_of(4), data_of(frame(300, 4, 1), frame(160, 4, 2)),
        retraining=Retraining(line, sizes=3),
    )  # fmt: skip
    assert found(result, GAIN).status is Status.MEASURED
    assert "four sizes or more" in found(result, BEYOND).reason
    (curve,) = (one for one in result.figures if one.kind == "learning_curve")
    assert ("dashed" in curve.caption) == bool(curve.data["extrapolation"])
    assert curve.data["extrapolation"] == []


def test_without_a_way_to_train_the_last_layer_alone_is_taught() -> None:
    result = climbed(features=6, rows=400, train=None)
    assert "declare retraining.train" in found(result, GAIN).reason
    assert found(result, GAIN).status is Status.NOT_APPLICABLE
    head = found(result, HEAD)
    assert head.status is Status.MEASURED
    assert head.reason.startswith("A linear head on frozen features was taught on 400 of 400")
    assert "of the layers below it says nothing" in head.reason
    assert "frozen features" in found(result, BEYOND).reason
    (curve,) = (one for one in result.figures if one.kind == "learning_curve")
    assert ("dashed" in curve.caption) == bool(curve.data["extrapolation"])
    assert curve.data["frozen"]
    assert "frozen features" in curve.caption


def test_with_a_way_to_train_the_last_layer_is_not_asked() -> None:
    head = found(climbed(features=4, rows=160), HEAD)
    assert (head.status, head.value) == (Status.NOT_APPLICABLE, None)


def test_a_model_that_cannot_be_looked_into_says_why() -> None:
    result = findings("data_sufficiency", stored(**DECIDING), data_of(scored(300), scored(200, 1)))
    assert found(result, HEAD).status is Status.NOT_APPLICABLE
    assert found(result, HEAD).reason.endswith(".")
    assert not [one for one in result.figures if one.kind == "learning_curve"]


def test_without_training_data() -> None:
    result = findings("data_sufficiency", stored(**DECIDING), data_of(scored(300)))
    for metric in (GAIN, HEAD):
        assert "declare data.training" in found(result, metric).reason


def test_clusters_are_the_units_and_never_cut() -> None:
    gain = found(climbed(features=20, rows=300, cluster="person"), GAIN)
    assert (gain.units, gain.rows) == (400, 1200)
    assert gain.status is Status.MEASURED


def test_few_clusters_are_too_few() -> None:
    evaluation, training = frame(300, 4, 1), frame(160, 4, 2)
    evaluation["person"], training["person"] = np.arange(300) % 6, 10 + np.arange(160) % 40
    data = data_of(evaluation, training, cluster="person")
    result = findings("data_sufficiency", model_of(4), data, retraining=Retraining(line))
    assert found(result, GAIN).status is Status.TOO_FEW
    assert found(result, GAIN).estimate is None
    assert found(result, BEYOND).status is Status.TOO_FEW
    (curve,) = (one for one in result.figures if one.kind == "learning_curve")
    assert ("dashed" in curve.caption) == bool(curve.data["extrapolation"])
    assert curve.data["points"][0]["low"] is None
    assert curve.data["extrapolation"] == []


def test_few_evaluation_units_are_not_told() -> None:
    data = data_of(frame(4, 4, 1), frame(160, 4, 2))
    result = findings("data_sufficiency", model_of(4), data, retraining=Retraining(line))
    for metric in (GAIN, BEYOND):
        assert (found(result, metric).status, found(result, metric).value) == (Status.TOO_FEW, None)
    assert not [one for one in result.figures if one.kind == "learning_curve"]


def test_fewer_than_twenty_training_rows_are_no_ladder() -> None:
    result = climbed(features=3, rows=18)
    assert result.notes == ()
    assert found(result, GAIN).status is Status.TOO_FEW
    assert "fewer than 10 for a step" in found(result, GAIN).reason
    assert found(result, GAIN).value is None


def test_small_steps_without_a_second_class_are_left_out_and_said() -> None:
    training = frame(160, 4, 2, rate=0.02).assign(person=0)
    data = data_of(frame(600, 4, 1, rate=0.02), training)
    result = findings("data_sufficiency", model_of(4), data)
    assert "of one class" in " ".join(result.notes)
    assert any(note.startswith("Some steps of the ladder") for note in result.notes)


def test_one_class_alone_is_a_reason() -> None:
    data = data_of(frame(300, 4, 1), frame(160, 4, 2).assign(y=0))
    head = found(findings("data_sufficiency", model_of(4), data), HEAD)
    assert (head.status, head.value) == (Status.TOO_FEW, None)
    assert "of one class" in head.reason


def test_a_sample_of_the_training_data_says_of_how_many() -> None:
    result = findings(
        "data_sufficiency", model_of(4), data_of(frame(300, 4, 1), frame(400, 4, 2)),
        retraining=Retraining(line, units=100),
    )  # fmt: skip
    assert "was taught on 100 of 400 training units and on 50" in found(result, GAIN).reason


def test_without_a_decision_or_probabilities_nothing_is_taught() -> None:
    network = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
    model = wrap(network, task="binary", outputs="values", device="cpu")
    result = findings("data_sufficiency", model, data_of(frame(300, 4, 1), frame(160, 4, 2)))
    assert "declare decision" in found(result, HEAD).reason
    assert result.notes == ()


def test_a_function_that_fails_is_a_reason() -> None:
    def train(inputs: torch.Tensor, targets: torch.Tensor, seed: int) -> nn.Module:
        raise RuntimeError("no GPU")

    result = climbed(features=3, rows=160, train=train)
    gain = found(result, GAIN)
    assert "RuntimeError: no GPU" in gain.reason
    assert (gain.status, gain.value) == (Status.UNDEFINED, None)  # more units would not mend it
    assert "RuntimeError: no GPU" in " ".join(result.notes)
    assert found(result, BEYOND).value is None


def test_a_function_that_fails_on_small_sizes_costs_those_alone() -> None:
    def train(inputs: torch.Tensor, targets: torch.Tensor, seed: int) -> nn.Module:
        if len(inputs) < 50:
            raise RuntimeError("too few")
        return line(inputs, targets, seed)

    result = climbed(features=3, rows=160, train=train)
    assert found(result, GAIN).status is Status.MEASURED
    assert found(result, BEYOND).status is Status.UNDEFINED
    assert "RuntimeError: too few" in " ".join(result.notes)


def test_numbers_have_their_gain_too() -> None:
    evaluation, training = frame(600, 20, 1), frame(160, 20, 2)
    for split in (evaluation, training):
        noise = np.random.default_rng(len(split)).normal(size=len(split))
        split["y"] = split.filter(like="x").sum(axis=1) + 4 * noise
    model = wrap(nn.Linear(20, 1), task="regression", device="cpu")

    def train(inputs: torch.Tensor, targets: torch.Tensor, seed: int) -> nn.Module:
        return line(inputs, (targets + 1) / 2, seed)

    data = data_of(evaluation, training)
    result = findings("data_sufficiency", model, data, retraining=Retraining(train, 80))
    assert outside(found(result, "data_sufficiency.last_doubling_absolute_error"), -100, 0.05)


def test_rows_of_classes_and_groups() -> None:
    evaluation = scored(300, town=["north", "south"] * 150)
    training = scored(200, 1, town=["north"] * 150 + ["south"] * 47 + ["tiny"] * 3)
    data = data_of(evaluation, training, groups=("town",))
    result = findings("data_sufficiency", stored(**DECIDING), data)
    for split, table in (("evaluation", evaluation), ("training", training)):
        rows = value(result, "data_sufficiency.smallest_class", split=split)
        assert rows == table["y"].value_counts().min()
    assert value(result, "data_sufficiency.smallest_group", split="evaluation", label="town") == 150


def test_groups_of_three_are_not_told() -> None:
    training = scored(200, 1, town=["north"] * 197 + ["tiny"] * 3)
    data = data_of(scored(300, town=["north", "south"] * 150), training, groups=("town",))
    result = findings("data_sufficiency", stored(**DECIDING), data)
    few = found(result, "data_sufficiency.smallest_group", split="training", label="town")
    assert (few.status, few.value, few.rows, few.units) == (Status.TOO_FEW, None, 0, 0)
    (figure,) = (one for one in result.figures if "town" in one.title)
    told = {(row["split"], row["level"]): row["n"] for row in figure.data["rows"]}
    assert told[("training", "tiny")] is None
    assert told[("evaluation", "tiny")] == 0
    assert told[("training", "north")] == 197


def test_a_class_that_never_occurs_is_told() -> None:
    names = ("a", "b", "c")
    model = stored([f"score_{name}" for name in names], task="multiclass", outputs="logits",
                   classes=names)  # fmt: skip
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(90, 3)), columns=[f"score_{name}" for name in names])
    data = data_of(table.assign(y=["a", "b"] * 45))
    result = findings("data_sufficiency", model, data)
    least = found(result, "data_sufficiency.smallest_class", split="evaluation")
    assert least.value == 0
    assert least.reason.startswith("The class c, of 3;")


def test_of_many_classes_the_smallest_are_drawn() -> None:
    names = tuple(f"c{place:02}" for place in range(30))
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(900, 30)), columns=[f"score_{name}" for name in names])
    table["y"] = np.repeat(names, 30)
    table.loc[:239, "y"] = "c29"  # so that the first eight do not occur
    model = stored([f"score_{name}" for name in names], task="multiclass", outputs="logits",
                   classes=names)  # fmt: skip
    result = findings("data_sufficiency", model, data_of(table))
    (figure,) = (one for one in result.figures if one.kind == "unit_counts")
    drawn = [row["level"] for row in figure.data["rows"]]
    assert len(drawn) == 20
    assert set(names[:8]) < set(drawn)
    assert "c29" not in drawn
    assert figure.data["levels"] == 30


def test_widths_are_those_of_the_intervals() -> None:
    data = data_of(scored(400), scored(200, 1))
    result = findings("data_sufficiency", stored(**DECIDING), data)
    performance = findings("performance", stored(**DECIDING), data)
    for name in ("accuracy", "auc", "log_loss"):
        drawn = interval(performance, f"performance.{name}", split="evaluation")
        width = found(result, f"data_sufficiency.{name}_half_width")
        assert width.value == pytest.approx((drawn.high - drawn.low) / 2)
        assert width.interval is None
    (table,) = (one for one in result.figures if one.kind == "half_widths")
    accuracy = next(row for row in table.data["rows"] if row["metric"] == "Accuracy")
    wanted = findings("performance", stored(**DECIDING), data_of(scored(1600)))
    narrower = interval(wanted, "performance.accuracy", split="evaluation")
    assert accuracy["units for half of it"] == pytest.approx(1600, rel=0.05)
    assert (narrower.high - narrower.low) / 2 == pytest.approx(width_of(result) / 2, rel=0.1)


def width_of(result: Findings) -> float:
    return value(result, "data_sufficiency.accuracy_half_width")


def test_a_number_that_nothing_bounds_has_no_width() -> None:
    table = pd.DataFrame({"score": 0.5, "y": [0, 1] * 50})
    result = findings("data_sufficiency", stored(**DECIDING), data_of(table))
    width = found(result, "data_sufficiency.brier_half_width")
    assert (width.status, width.value) == (Status.UNDEFINED, None)
    assert "Nothing bounds" in width.reason


def test_images_are_taught_by_their_embedding() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 2))
    model = wrap(network, task="multiclass", outputs="logits", classes=("0", "1"), device="cpu")
    result = findings("data_sufficiency", model, _images())
    assert found(result, HEAD).status is Status.MEASURED


def _images() -> Dataset:
    generator = torch.Generator().manual_seed(0)
    kinds = torch.randint(0, 2, (400,), generator=generator)
    images = kinds[:, None, None, None] + torch.randn(400, 1, 4, 4, generator=generator)
    parts = [torch.utils.data.TensorDataset(images[at], kinds[at]) for at in
             (slice(0, 200), slice(200, 400))]  # fmt: skip
    return dataset(evaluation=parts[0], training=parts[1])
