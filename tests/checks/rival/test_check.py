"""The check of simple rivals: worlds where depth helps and where it cannot, and what it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit
from statsmodels.stats.contingency_tables import mcnemar
from torch import nn

from auditkit.checks import Findings
from auditkit.checks.rival.check import CHECK
from auditkit.checks.rival.matches import trial_of
from auditkit.data import Dataset, dataset
from auditkit.measurement import Measurement, Slice, Status
from auditkit.models import wrap
from auditkit.models.wrapped import WrappedModel
from auditkit.policy import judge, policy_from_text
from auditkit.statistics import estimates
from auditkit.subjects import probe
from tests.checks.audits import BINARY, DECIDING, data_of, findings, found, inside, stored, value

GAIN = "rival.accuracy_gain"
LINE, TREES = "logistic regression", "gradient boosting"


def reason(measurements: Findings, metric: str, label: str, **where: str) -> str:
    return found(measurements, metric, where or None, label=label).reason


def world(n: int, seed: int, product: float, line: float = 0.0) -> pd.DataFrame:
    """Outcomes by a product of two features and a line of a third; the model knows the truth."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 3)), columns=["x1", "x2", "x3"])
    odds = product * np.sign(frame["x1"] * frame["x2"]) + line * frame["x3"]
    return frame.assign(
        score=expit(odds),
        y=(rng.random(n) < expit(odds)).astype(int),
        sex=rng.choice(["F", "M"], n),
        person=np.arange(n) // 4,
    )


def told(
    product: float, line: float, n: int = 2000, *, model: WrappedModel | None = None, **roles: Any
) -> Findings:
    evaluation, training = (world(n, seed, product, line) for seed in (1, 2))
    return findings("rival", model or stored(**DECIDING), data_of(evaluation, training, **roles))


def test_what_no_line_can_learn_is_found_better() -> None:
    done = told(product=2.0, line=0.5, groups=("sex",))
    gained = found(done, GAIN, label=LINE)
    assert estimates.bounds(gained.estimate, 0.05)[0] > 0.1
    assert gained.reason.startswith(f"The model is better than {LINE}. Of 2,000 units the model")
    assert "is better than" in reason(done, "rival.log_loss_gain", LINE)
    assert "is better than" in reason(done, "rival.brier_gain", LINE)
    for sex in "FM":
        assert "is better than" in reason(done, GAIN, LINE, sex=sex)
    # Trees can learn a product.
    assert value(done, GAIN, label=TREES) < value(done, GAIN, label=LINE) - 0.1


class _Network(nn.Module):
    """A network that was taught by the same line, a little too long."""

    def __init__(self, frame: pd.DataFrame) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 1))
        inputs = torch.tensor(frame[["x1", "x2", "x3"]].to_numpy(np.float32))
        target = torch.tensor(frame["y"].to_numpy(np.float32))
        optimiser = torch.optim.Adam(self.parameters(), lr=0.02)
        for _ in range(150):
            optimiser.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(self(inputs)[:, 0], target).backward()
            optimiser.step()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.layers(inputs)


@pytest.fixture(scope="module")
def straight() -> Findings:
    evaluation, training = (world(2000, seed, 0.0, 2.0) for seed in (3, 4))
    declared = {"outputs": "logits", "decision": {"threshold": 0.5}}
    model = wrap(_Network(training), task="binary", device="cpu", **declared)
    features = ("x1", "x2", "x3")
    data = dataset(evaluation=evaluation, training=training, label="y", features=features)
    return findings("rival", model, data)


@pytest.mark.parametrize("metric", [GAIN, "rival.log_loss_gain", "rival.brier_gain"])
def test_where_the_truth_is_a_line_no_network_is_better(straight: Findings, metric: str) -> None:
    assert "is better than" not in reason(straight, metric, LINE).partition(".")[0]


def test_what_is_no_better_is_noted(straight: Findings) -> None:
    inside_margin = inside(found(straight, GAIN, label=LINE), -0.01, 0.01)
    noted = [note for note in straight.notes if LINE in note]
    assert inside_margin == bool(noted)
    for note in noted:
        assert note == (
            f"A simple model, {LINE}, is as good as the model: ask whether the model is worth what "
            "it costs."
        )


def test_no_better_model_is_seldom_called_better() -> None:
    """A line that leans a little to the side, against one that is learnt, in 25 worlds."""
    better = 0
    for seed in range(25):
        evaluation, training = (world(400, 100 + 2 * seed + part, 0.0, 1.5) for part in (0, 1))
        evaluation["score"] = expit(1.5 * evaluation["x3"] + 0.3 * evaluation["x1"])
        done = findings("rival", stored(**DECIDING), data_of(evaluation, training))
        better += reason(done, GAIN, LINE).startswith("The model is better")
    assert better <= 4


def test_the_p_value_is_that_of_statsmodels() -> None:
    done = told(product=0.4, line=1.0, n=600)
    gained = found(done, GAIN, label=TREES)
    assert gained.estimate is not None
    wins, losses, n = (int(gained.estimate.parameters[name]) for name in ("wins", "losses", "n"))
    peer = mcnemar([[0, wins], [losses, n - wins - losses]], exact=True).pvalue
    p = min(estimates.p_at_most(gained.estimate, 0), estimates.p_at_least(gained.estimate, 0))
    assert 2 * p == pytest.approx(peer, rel=1e-6)
    one_sided = "< .001" if peer / 2 < 0.001 else f"= {peer / 2:.3f}".replace("0.", ".", 1)
    assert f"one-sided: p {one_sided})" in gained.reason
    won, lost = (
        value(done, f"rival.{name}", label=TREES) for name in ("units_gained", "units_lost")
    )
    assert (won * n, lost * n) == (pytest.approx(wins), pytest.approx(losses))


def test_clusters_are_the_units() -> None:
    """Four rows a person, all right or all wrong together: a quarter of the evidence."""
    people, training = world(300, 5, 1.0, 1.0), world(1200, 6, 1.0, 1.0)
    evaluation = people.loc[people.index.repeat(4)].reset_index(drop=True)
    evaluation["person"] = np.arange(1200) // 4
    training["person"] = training.index + 10_000
    alone, clustered = (
        found(
            findings("rival", stored(**DECIDING), data_of(evaluation, training, **roles)),
            GAIN,
            label=LINE,
        )
        for roles in ({}, {"cluster": "person"})
    )
    assert clustered.units == 300
    assert clustered.rows == 1200
    widths = [np.diff(estimates.bounds(one.estimate, 0.05))[0] for one in (alone, clustered)]
    assert widths[1] > 1.6 * widths[0]
    assert "McNemar's test does not hold" in clustered.reason


def test_the_declared_decision_is_the_rivals_too() -> None:
    """Where hardly anything is selected, a rival that is no better selects hardly anything."""
    strict = stored(task="binary", outputs="probabilities", decision={"threshold": 0.95})
    done = told(product=0.0, line=1.0, model=strict)
    gained = found(done, GAIN, label=LINE)
    assert abs(value(done, GAIN, label=LINE)) < 0.03
    assert gained.estimate is not None
    discordant = gained.estimate.parameters["wins"] + gained.estimate.parameters["losses"]
    assert discordant < 0.03 * 2000


def test_labels_are_told_apart() -> None:
    evaluation, training = (world(800, seed, 2.0, 1.0) for seed in (1, 2))
    for frame in (evaluation, training):
        frame["score2"] = expit(frame["x3"])
        frame["z"] = (np.random.default_rng(0).random(len(frame)) < frame["score2"]).astype(int)
    model = stored(
        ["score", "score2"], task="multilabel", outputs="probabilities", classes=("cat", "dog"),
        decision={"threshold": 0.5},
    )  # fmt: skip
    done = findings("rival", model, data_of(evaluation, training, label=("y", "z")))
    assert value(done, GAIN, label=f"cat · {LINE}") > 0.1
    assert abs(value(done, GAIN, label=f"dog · {LINE}")) < 0.08


def test_numbers_are_compared_by_their_errors() -> None:
    evaluation, training = (world(1000, seed, 0.0) for seed in (1, 2))
    for frame in (evaluation, training):
        frame["score"] = 3 * np.sign(frame["x1"] * frame["x2"])
        frame["price"] = frame["score"] + np.random.default_rng(len(frame)).normal(size=1000)
    model = stored(task="regression")
    done = findings("rival", model, data_of(evaluation, training, label="price"))
    for metric in ("rival.absolute_error_gain", "rival.squared_error_gain"):
        assert "is better than ridge regression" in reason(done, metric, "ridge regression")
    assert not [one for one in done.measurements if one.key.metric == GAIN]


def test_missing_values_and_new_categories_are_no_obstacle() -> None:
    evaluation, training = (world(400, seed, 1.0, 1.0) for seed in (1, 2))
    rng = np.random.default_rng(0)
    for frame, jobs in ((training, ["clerk", "nurse", None]), (evaluation, ["king", "nurse"])):
        frame["xjob"] = rng.choice(jobs, 400)
        frame["x2"] = frame["x2"].where(rng.random(400) < 0.7)
        frame["xempty"] = np.nan
    done = findings("rival", stored(**DECIDING), data_of(evaluation, training))
    assert {one.status for one in done.measurements} == {Status.MEASURED}


def test_categories_stay_with_their_units() -> None:
    """A category that is the whole truth: a sample comes in another order than the table."""
    evaluation, training = (world(400, seed, 0.0) for seed in (1, 2))
    for frame in (evaluation, training):
        frame["xjob"] = np.where(frame["y"] == 1, "clerk", "nurse")
    done = findings("rival", stored(**DECIDING), data_of(evaluation, training))
    for rival in (LINE, TREES):
        assert value(done, "rival.units_gained", label=rival) == 0
        assert reason(done, GAIN, rival).startswith(f"The model is worse than {rival}")


@pytest.mark.parametrize(("n", "drawn"), [(4, False), (5, True)])
def test_of_four_units_nobody_is_told_who_was_right(n: int, drawn: bool) -> None:
    evaluation, training = world(n, 1, 1.0), world(200, 2, 1.0)
    done = findings("rival", stored(**DECIDING), data_of(evaluation, training))
    assert ("discordance" in {figure.kind for figure in done.figures}) == drawn


def test_a_group_of_three_is_told_nothing_of() -> None:
    evaluation, training = (world(400, seed, 1.0, 1.0) for seed in (1, 2))
    evaluation["sex"] = ["X"] * 3 + ["F"] * 200 + ["M"] * 197
    done = findings("rival", stored(**DECIDING), data_of(evaluation, training, groups=("sex",)))
    few = found(done, GAIN, {"sex": "X"}, label=LINE)
    assert few.status is Status.TOO_FEW
    assert few.rows == 0
    assert "too few labelled rows" in few.reason
    by_group = next(figure for figure in done.figures if "group" in figure.title)
    assert {row["name"] for row in by_group.data["rows"]} == {"sex=F", "sex=M"}


def test_training_units_of_one_class_are_a_reason() -> None:
    evaluation, training = world(200, 1, 1.0), world(200, 2, 1.0).assign(y=1)
    done = findings("rival", stored(**DECIDING), data_of(evaluation, training))
    assert {one.status for one in done.measurements} == {Status.NOT_APPLICABLE}
    assert "are of one class" in reason(done, GAIN, LINE)
    assert not done.figures


def test_stored_predictions_without_features_are_a_reason() -> None:
    evaluation, training = (world(200, seed, 1.0)[["score", "y"]] for seed in (1, 2))
    done = findings("rival", stored(**DECIDING), data_of(evaluation, training))
    assert "hold the stored predictions and no features" in reason(done, GAIN, LINE)


@pytest.mark.parametrize(
    ("model", "data", "said"),
    [
        (stored(**DECIDING), data_of(world(50, 1, 1.0)), "No training data are given"),
        (
            stored(**DECIDING),
            data_of(world(50, 1, 1.0), world(50, 2, 1.0), label=None),
            "No label is declared",
        ),
        (
            stored(task="binary", outputs="values", decision={"threshold": 3}),
            data_of(world(50, 1, 1.0), world(50, 2, 1.0)),
            "not declared as probabilities or logits",
        ),
        (
            wrap(
                lambda frame: torch.tensor(frame["score"].to_numpy()),
                task="custom",
                unit_metrics=lambda output, target: (output - target).abs(),
            ),
            data_of(world(50, 1, 1.0), world(50, 2, 1.0)),
            "unit_metrics alone",
        ),
    ],
)
def test_what_cannot_be_compared_says_why(model: WrappedModel, data: Dataset, said: str) -> None:
    with model.opened():
        assert said in CHECK.unmet(probe(model, data, seed=0, batch_size=64).subject)


def test_a_worse_model_is_noted_whatever_it_is_judged_by() -> None:
    evaluation, training = (world(500, seed, 0.0, 2.0) for seed in (1, 2))
    evaluation["score"] = 0.5
    for model in (stored(**DECIDING), stored(**BINARY)):
        done = findings("rival", model, data_of(evaluation, training))
        assert len(done.notes) == 2
        assert done.notes[0].startswith(f"A simple model, {LINE}, is better than the model: ask")


def test_an_output_that_decides_nothing_is_compared_by_its_probabilities() -> None:
    done = told(product=2.0, line=0.0, n=500, model=stored(**BINARY), groups=("sex",))
    undecided = found(done, GAIN, label=LINE)
    assert undecided.status is Status.NOT_APPLICABLE
    assert "No decision is declared" in undecided.reason
    assert "is better than" in reason(done, "rival.log_loss_gain", LINE)
    assert found(done, "rival.log_loss_gain", {"sex": "F"}, label=LINE).status is Status.MEASURED
    assert [figure.kind for figure in done.figures] == ["gains", "gains", "rival_cost"]


class _Tokens(torch.utils.data.Dataset[Any]):
    """Texts as codes of tokens; the class is the first of them."""

    def __init__(self, n: int, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.codes = torch.randint(0, 8, (n, 5), generator=generator)

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, index: int) -> Any:
        return self.codes[index], int(self.codes[index, 0] > 3)


def test_codes_are_compared_on_the_models_own_embedding() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Embedding(8, 4), nn.Flatten(), nn.Linear(20, 6), nn.Linear(6, 2))
    model = wrap(
        network, task="multiclass", outputs="logits", classes=("low", "high"), device="cpu"
    )
    done = findings("rival", model, dataset(evaluation=_Tokens(300, 0), training=_Tokens(300, 1)))
    label = f"{LINE} on the model's own embedding"
    assert f"the model is worse than {label}".lower() in reason(done, GAIN, label).lower()
    assert all("embedding" in one.key.label for one in done.measurements)
    costs = next(figure for figure in done.figures if figure.kind == "rival_cost").data["rows"]
    assert costs[0]["parameters of the model"] == sum(p.numel() for p in network.parameters())
    assert costs[0]["features"] == 6
    with model.opened():
        data = dataset(evaluation=_Tokens(30, 0), training=_Tokens(30, 1))
        subject = probe(model, data, seed=0, batch_size=64).subject
    assert trial_of(subject, subject.main_views[0], "boosting").sample == 2000


def test_few_of_many_training_units_are_said_to_be_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditkit.checks.rival.matches.UNITS", 150)
    done = told(product=1.0, line=1.0, n=400)
    said = reason(done, GAIN, TREES)
    assert "A random sample of 150 of 400 rows" in said
    assert said.endswith("It was taught on 150 of 400 training units.")
    assert found(done, GAIN, label=TREES).rows == 150


def test_what_it_costs_stands_beside_it() -> None:
    done = told(product=1.0, line=1.0, n=300)
    assert [figure.kind for figure in done.figures] == ["gains", "discordance", "rival_cost"]
    for row in done.figures[-1].data["rows"]:
        assert 0 < row["seconds to teach"] < 30
        assert row["taught on"] == 300
        assert row["features"] == 3
        assert row["parameters of the model"] is None  # stored predictions
    bars = done.figures[1].data["rows"][0]
    gained = found(done, GAIN, label=LINE).estimate
    assert gained is not None
    assert (bars["won"], bars["lost"]) == (gained.parameters["wins"], gained.parameters["losses"])


def test_both_rivals_have_one_metric_and_a_label_each() -> None:
    done = told(product=1.0, line=1.0, n=200)
    whole: list[Measurement] = [
        one for one in done.measurements if one.key.metric == GAIN and one.key.slice == Slice()
    ]
    assert [one.key.label for one in whole] == [LINE, TREES]


class _TwoColumns(nn.Module):
    """The truth as two numbers, one for each class."""

    def __init__(self, *, logits: bool) -> None:
        super().__init__()
        self.logits = logits

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        odds = 2 * inputs[:, 2]
        both = torch.stack([-odds / 2, odds / 2], dim=1)
        return both if self.logits else both.softmax(dim=1)


@pytest.mark.parametrize("logits", [True, False])
@pytest.mark.parametrize("decision", [{"rule": "argmax"}, {"threshold": 0.5}])
def test_two_columns_of_a_binary_output_are_compared(logits: bool, decision: dict) -> None:
    evaluation, training = (world(2000, seed, 0.0, 2.0) for seed in (1, 2))
    outputs = "logits" if logits else "probabilities"
    model = wrap(
        _TwoColumns(logits=logits), task="binary", outputs=outputs, decision=decision, device="cpu"
    )
    features = ("x1", "x2", "x3")
    data = dataset(evaluation=evaluation, training=training, label="y", features=features)
    done = findings("rival", model, data)
    for metric in (GAIN, "rival.log_loss_gain", "rival.brier_gain"):
        assert inside(found(done, metric, label=LINE), -0.02, 0.02)


REQUIREMENT = """
id: better
title: Better
version: "1"
description: For a test.
alpha: 0.05
requirements:
  - id: better-than-simple
    title: Better than a simple model
    kind: bound
    metric: rival.accuracy_gain
    at_least: 0
    severity: block
    basis: organisation
    explanation: For a test.
"""


def test_one_requirement_is_asked_of_both_rivals() -> None:
    evaluation, training = (world(2000, seed, 2.0, 0.5) for seed in (1, 2))
    evaluation["score"] = expit(2 * np.sign(evaluation["x1"] * evaluation["x2"]) + 0.4)
    done = findings("rival", stored(**DECIDING), data_of(evaluation, training))
    verdicts = judge(policy_from_text(REQUIREMENT), done.measurements).verdicts
    by_rival = {one.measurement.key.label: one.status for one in verdicts if one.measurement}
    assert by_rival.keys() == {LINE, TREES}
    assert by_rival[LINE] == "pass"
