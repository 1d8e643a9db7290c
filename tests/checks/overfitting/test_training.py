"""What a training learns by heart, how its losses went, and how single units lose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import auditkit
from auditkit.checks import Findings
from auditkit.checks.overfitting.losses import shares_by_loss
from auditkit.data import Dataset, dataset
from auditkit.data.training_logs import Curve, TrainingLog
from auditkit.errors import DataError
from auditkit.evidence.retraining import Retraining
from auditkit.measurement import Status
from auditkit.models import wrap
from auditkit.models.wrapped import WrappedModel
from tests.checks.audits import (
    CHECKS,
    DECIDING,
    collected,
    data_of,
    findings,
    found,
    interval,
    scored,
    stored,
    value,
)

NUMBERS = 20
Train = Callable[[torch.Tensor, torch.Tensor, int], nn.Module]


def _trained(width: int, steps: int, decay: float = 0.0, *, regression: bool = False) -> Train:
    """A network of one hidden layer; without width a linear model."""

    def train(inputs: torch.Tensor, targets: torch.Tensor, seed: int) -> nn.Module:
        torch.manual_seed(seed)
        network: nn.Module = nn.Linear(NUMBERS, 1)
        if width:
            network = nn.Sequential(nn.Linear(NUMBERS, width), nn.ReLU(), nn.Linear(width, 1))
        optimiser = torch.optim.AdamW(network.parameters(), lr=0.02, weight_decay=decay)
        loss = (
            nn.functional.mse_loss if regression else nn.functional.binary_cross_entropy_with_logits
        )
        for _ in range(steps):
            optimiser.zero_grad()
            loss(network(inputs)[:, 0], targets.float()).backward()
            optimiser.step()
        return network

    return train


def _rows(n: int, seed: int, *, regression: bool = False) -> torch.utils.data.TensorDataset:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, NUMBERS)).astype(np.float32)
    y = x[:, 0] + rng.normal(size=n).astype(np.float32)
    target = y if regression else (y > 0).astype(np.int64)
    return torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(target))


def _case(train: Train, training: int = 300, **head: Any) -> tuple[WrappedModel, Dataset]:
    regression = head.get("task") == "regression"
    rows = [_rows(n, seed, regression=regression) for n, seed in ((600, 1), (training, 2))]
    declared = head or {"task": "binary", "outputs": "logits", "decision": {"threshold": 0.5}}
    model = wrap(train(*rows[1].tensors, 0), device="cpu", **declared)
    return model, dataset(evaluation=rows[0], training=rows[1])


def _found(train: Train, *, training: int = 300, permutations: int = 1, **head: Any) -> Findings:
    again = Retraining(train, permutations=permutations)
    return findings("overfitting", *_case(train, training, **head), retraining=again)


def test_a_network_that_learns_by_heart() -> None:
    result = _found(_trained(128, 120), permutations=2)
    share = found(result, "overfitting.memorised_share")
    assert share.value is not None
    assert share.value > 0.97
    assert interval(result, "overfitting.memorised_share").high <= 1
    # The model's accuracy on training data is 1, and its gap is what it did not understand.
    gap = value(result, "overfitting.accuracy_gap")
    assert value(result, "overfitting.gap_of_capacity") == pytest.approx(gap / 0.5, rel=0.1)
    assert "Trained twice, whose mean this is, on permuted labels of all 300" in share.reason
    assert share.estimate is None  # one training is no sample of trainings: never judged
    figure = next(one for one in result.figures if "by heart" in one.title)
    assert [row["split"] for row in figure.data["rows"]] == [
        "training", "evaluation", "permuted labels", "chance",
    ]  # fmt: skip


def test_a_simple_model_that_cannot() -> None:
    result = _found(_trained(0, 40), training=4000)
    assert value(result, "overfitting.memorised_share") < 0.15
    if (ratio := found(result, "overfitting.gap_of_capacity")).status is not Status.MEASURED:
        assert ratio.status is Status.UNDEFINED
        assert "hardly anything of permuted labels" in ratio.reason


def test_numbers_are_learnt_by_heart_too() -> None:
    train = _trained(128, 150, regression=True)
    result = _found(train, training=150, task="regression")
    assert value(result, "overfitting.memorised_share") > 0.5
    assert interval(result, "overfitting.gap_of_capacity").low > 0


def test_without_a_way_to_train_the_reason_is_told() -> None:
    data = data_of(scored(60), scored(60, 1))
    for again, reason in (
        (Retraining(), "declare retraining.train for it"),
        (Retraining(_trained(4, 1), permutations=0), "retraining.permutations is 0"),
    ):
        result = findings("overfitting", stored(**DECIDING), data, retraining=again)
        for name in ("memorised_share", "gap_of_capacity"):
            absent = found(result, f"overfitting.{name}")
            assert absent.status is Status.NOT_APPLICABLE
            assert reason in absent.reason


def test_a_training_that_fails_is_a_reason() -> None:
    def train(inputs: torch.Tensor, targets: torch.Tensor, seed: int) -> nn.Module:
        raise RuntimeError("no GPU")

    model, data = _case(_trained(4, 1))
    result = findings("overfitting", model, data, retraining=Retraining(train))
    absent = found(result, "overfitting.memorised_share")
    assert absent.status is Status.UNDEFINED
    assert "no GPU" in absent.reason


def _log(*curves: Curve) -> TrainingLog:
    return TrainingLog("metrics.csv", "lightning", "sha256:0", curves)


def _curve(name: str, *values: float, epochs: bool = True, lost: int = 0) -> Curve:
    steps = tuple(10.0 * (place + 1) for place in range(len(values)))
    return Curve(name, steps, tuple(step / 10 for step in steps) if epochs else (), values, lost)


def _logged(*curves: Curve) -> Findings:
    data = data_of(scored(60), scored(60, 1))
    return findings("overfitting", stored(**DECIDING), data, training_log=_log(*curves))


def test_the_best_epoch_and_how_far_the_loss_rose_after_it() -> None:
    result = _logged(
        _curve("train_loss", 0.9, 0.5, 0.2, 0.1), _curve("val_loss", 0.9, 0.6, 0.7, 0.8, lost=2)
    )
    best = found(result, "overfitting.best_epoch", label="val_loss")
    assert (best.value, best.interval, best.estimate) == (2, None, None)
    assert "the one training that was logged; it has no interval" in best.reason
    assert "2 logged values were no finite number" in best.reason
    assert value(result, "overfitting.loss_after_best") == pytest.approx(0.2)
    (figure,) = (one for one in result.figures if one.kind == "training_curves")
    (panel,) = figure.data["panels"]
    assert (panel["quantity"], panel["by"], panel["best"]) == ("loss", "epoch", 2)
    assert len(panel["points"]) == 8


def test_where_one_side_knows_no_epochs_both_are_drawn_by_steps() -> None:
    curves = (_curve("train_loss", 0.9, 0.5, epochs=False), _curve("val_loss", 0.8, 0.6))
    (figure,) = (one for one in _logged(*curves).figures if one.kind == "training_curves")
    (panel,) = figure.data["panels"]
    assert (panel["by"], panel["best"]) == ("step", 20)


def test_a_log_without_validation_says_so() -> None:
    result = _logged(_curve("train_loss", 0.9, 0.5))
    assert found(result, "overfitting.best_epoch").status is Status.UNDEFINED
    assert any("none of which is named as one of validation data" in one for one in result.notes)
    scores = _logged(_curve("val_accuracy", 0.5, 0.9))
    assert found(scores, "overfitting.best_epoch").reason.startswith("The training log holds no")


def test_long_curves_are_thinned_for_the_picture() -> None:
    result = _logged(_curve("val_loss", *np.linspace(1, 0.5, 5000).tolist()))
    (figure,) = (one for one in result.figures if one.kind == "training_curves")
    points = figure.data["panels"][0]["points"]
    assert len(points) == 400
    assert (points[0]["value"], points[-1]["value"]) == (1, 0.5)


def test_a_log_alone_is_enough_for_the_curves() -> None:
    check = CHECKS["overfitting"]
    log = _log(_curve("val_loss", 0.9, 0.6))
    subject, evidence = collected(check, stored(**DECIDING), data_of(scored(50)), training_log=log)
    assert check.unmet(subject) == ""
    result = check.measure(subject, evidence)
    assert value(result, "overfitting.best_epoch") == 2
    gap = found(result, "overfitting.accuracy_gap")
    assert gap.status is Status.NOT_APPLICABLE
    assert "declare data.training" in gap.reason


def test_an_audit_reads_the_log_and_keeps_its_digest(tmp_path: Path) -> None:
    log = tmp_path / "metrics.csv"
    log.write_text("epoch,step,train_loss,val_loss\n0,9,0.9,0.8\n1,19,0.5,0.7\n")
    audited = (stored(**DECIDING), data_of(scored(60), scored(60, 1)))
    options: dict[str, Any] = {"policy": None, "quiet": True, "checks": ("overfitting",)}
    store = tmp_path / "store"
    run = auditkit.audit(*audited, training_log=log, store=store, **options)
    assert run.record.settings["training_log"]["format"] == "lightning"
    assert value(run.record.measurements, "overfitting.best_epoch") == 1
    assert auditkit.audit(*audited, training_log=log, store=store, **options).stored
    log.write_text(log.read_text() + "2,29,0.3,0.9\n")
    assert not auditkit.audit(*audited, training_log=log, store=store, **options).stored
    with pytest.raises(DataError, match="There is no training log"):
        auditkit.audit(*audited, training_log=tmp_path / "other.csv", **options)


def test_the_losses_of_both_splits_are_drawn() -> None:
    training = scored(3000, 1)
    training["score"] = 0.02 + 0.96 * training["y"]
    result = findings("overfitting", stored(**DECIDING), data_of(scored(2000), training))
    (figure,) = (one for one in result.figures if one.kind == "loss_distributions")
    rows = figure.data["rows"]
    assert figure.data["n"] == {"training": 3000, "evaluation": 2000}
    assert rows[-1]["training"] == rows[-1]["evaluation"] == 1
    small = next(row for row in rows if row["loss"] >= 0.05)
    assert small["training"] == 1
    losses = -np.log(np.where(scored(2000)["y"], scored(2000)["score"], 1 - scored(2000)["score"]))
    assert small["evaluation"] == pytest.approx((losses <= small["loss"]).mean(), abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_no_step_is_about_fewer_than_five(seed: int) -> None:
    rng = np.random.default_rng(seed)
    losses = {"training": rng.exponential(0.01, 60), "evaluation": rng.exponential(1.0, 45)}
    rows = shares_by_loss(losses)
    assert rows
    for split, values in losses.items():
        counts = np.diff([0, *(row[split] * len(values) for row in rows), len(values)])
        assert all(count < 1e-9 or count > 5 - 1e-9 for count in counts)
        for row in rows:
            assert row[split] == pytest.approx((values <= row["loss"]).mean())
    # None of them is read off a unit.
    assert not {row["loss"] for row in rows} & {*losses["training"], *losses["evaluation"]}


@pytest.mark.parametrize("number", [0.0, np.inf])
def test_losses_without_a_scale_are_not_drawn(number: float) -> None:
    losses = dict.fromkeys(("training", "evaluation"), np.full(30, number))
    assert shares_by_loss(losses) == []


def test_few_rows_have_no_distribution() -> None:
    result = findings("overfitting", stored(**DECIDING), data_of(scored(15), scored(300, 1)))
    assert not [one for one in result.figures if one.kind == "loss_distributions"]


def test_errors_of_numbers_are_drawn() -> None:
    rng = np.random.default_rng(0)
    tables = [pd.DataFrame({"score": rng.normal(size=90), "y": rng.normal(size=90)}) for _ in "ab"]
    result = findings("overfitting", stored(task="regression"), data_of(*tables))
    (figure,) = (one for one in result.figures if one.kind == "loss_distributions")
    assert figure.data["loss"] == "absolute error"


@pytest.mark.parametrize("clusters", [[0] * 600, [*range(30), *[0] * 570]])
def test_where_a_few_clusters_hold_the_units_nothing_is_drawn_and_the_check_goes_on(
    clusters: list[int],
) -> None:
    names = [f"x{place}" for place in range(NUMBERS)]
    evaluation, training = (
        pd.DataFrame(x.numpy(), columns=names).assign(y=y.numpy(), patient=clusters[: len(y)])
        for x, y in (_rows(n, seed).tensors for n, seed in ((600, 1), (300, 2)))
    )
    train = _trained(0, 20)
    model = wrap(
        train(*_rows(300, 2).tensors, 0),
        device="cpu",
        task="binary",
        outputs="logits",
        decision={"threshold": 0.5},
        preprocess=lambda frame: torch.tensor(frame[names].to_numpy(np.float32)),
    )
    data = dataset(evaluation, training, label="y", features=names, cluster="patient")
    result = findings("overfitting", model, data, retraining=Retraining(train))
    assert found(result, "overfitting.memorised_share").status is Status.TOO_FEW
    assert "What the training learns by heart" not in {one.title for one in result.figures}


def test_the_picture_of_what_is_learnt_by_heart_tells_nothing_of_four_rows() -> None:
    rows = _rows(4, 1), _rows(300, 2)
    train = _trained(0, 20)
    model = wrap(
        train(*rows[1].tensors, 0),
        device="cpu",
        task="binary",
        outputs="logits",
        decision={"threshold": 0.5},
    )
    result = findings("overfitting", model, dataset(*rows), retraining=Retraining(train))
    assert "What the training learns by heart" not in {one.title for one in result.figures}
