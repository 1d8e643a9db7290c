"""Outside inputs noticed: a model and a layer that notice them, and ones that do not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from auditkit.checks import Findings
from auditkit.checks.out_of_distribution.check import CHECK
from auditkit.data import Dataset, dataset
from auditkit.evidence.subject import Subject
from auditkit.measurement import Measurement, Status
from auditkit.models import stored_predictions, wrap
from auditkit.models.wrapped import WrappedModel
from auditkit.statistics.novelty import neighbour_familiarity
from tests.checks.audits import collected, found, inside, interval, outside, value

FEATURES = ("x0", "x1", "x2", "x3")
SCORES = ("max softmax", "max logit", "energy", "Mahalanobis", "nearest neighbours")
BETWEEN = "outside→evaluation"


def frame(n: int = 400, seed: int = 0, **columns: Any) -> pd.DataFrame:
    """Two classes, far from each other along one axis."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    table = pd.DataFrame(rng.normal(size=(n, 4)), columns=list(FEATURES))
    table["x0"] += 6.0 * (2 * y - 1)
    return table.assign(y=y, **columns)


def strange(n: int = 300, seed: int = 9) -> pd.DataFrame:
    """Between the classes on their axis, and off on one that does not matter for the classes."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(rng.normal(size=(n, 4)), columns=list(FEATURES))
    return table.assign(x3=table["x3"] + 8.0, x0=table["x0"] * 0.1)


def network(*, sees: bool = True, sure: bool = False, outputs: int = 2) -> nn.Module:
    """A linear layer that keeps all axes or the first alone, and a linear classifier.

    Args:
        sees: whether the layer keeps the axis on which the outside differs.
        sure: whether the classifier is as sure of everything.
        outputs: of the classifier.
    """
    made = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, outputs))
    with torch.no_grad():
        made[0].weight.copy_(torch.diag(torch.tensor([1.0, 1.0, 1.0, float(sees)])))
        made[1].weight.zero_()
        made[1].bias.zero_()
        if not sure:
            made[1].weight[-1, 0] = 1.0
            if outputs == 2:
                made[1].weight[0, 0] = -1.0
        else:
            made[1].bias[-1] = 6.0
    return made


def model(**kind: Any) -> WrappedModel:
    return wrap(
        network(**kind), task="multiclass", classes=("0", "1"), outputs="logits", device="cpu"
    )


def data(training: bool = True, others: pd.DataFrame | None = None, **roles: Any) -> Dataset:
    cluster = roles.pop("clusters", None)
    columns = {} if cluster is None else {"person": np.arange(400) % cluster}
    return dataset(
        evaluation=frame(**columns),
        training=frame(500, 1, **columns and {"person": np.arange(500) % 50}) if training else None,
        outside=strange() if others is None else others,
        label="y",
        features=FEATURES,
        **({"cluster": "person"} if cluster else {}),
        **roles,
    )


def measured(wrapped: WrappedModel, given: Dataset, **settings: Any) -> tuple[Subject, Findings]:
    subject, evidence = collected(CHECK, wrapped, given, **settings)
    assert CHECK.unmet(subject) == ""
    return subject, CHECK.measure(subject, evidence)


def of(findings: Findings, number: str, label: str, split: str = BETWEEN) -> Measurement:
    return found(findings, f"out_of_distribution.{number}", label=label, split=split)


def test_a_model_that_notices_is_found_to() -> None:
    _, findings = measured(model(), data())
    for score in SCORES:
        assert inside(of(findings, "auroc", score), 0.95, 1), score
        assert inside(of(findings, "fpr95", score), 0, 0.2), score
        assert of(findings, "auroc", score).rows == 700
    confidence = found(findings, "out_of_distribution.outside_confidence")
    assert confidence.key.split == "outside"
    assert inside(confidence, 0.5, 0.6)
    assert confidence.rows == 300


def test_a_model_that_notices_nothing_is_found_not_to() -> None:
    """It is as sure of everything, and its layer does not keep what is strange."""
    _, findings = measured(model(sure=True, sees=False), data(others=strange().assign(x0=6.0)))
    for score in SCORES[:3]:
        assert value(findings, "out_of_distribution.auroc", label=score) == 0.5
        assert of(findings, "fpr95", score).value == 1
    for score in SCORES[3:]:
        assert outside(of(findings, "auroc", score), 0.8, 1), score
        assert outside(of(findings, "fpr95", score), 0, 0.5), score
    confidence = found(findings, "out_of_distribution.outside_confidence")
    assert confidence.value == pytest.approx(1 / (1 + math.exp(-6)), abs=1e-6)
    # All are as sure; what others would be, 300 units bound all the same.
    assert outside(confidence, 0.5, 0.98)


@pytest.mark.parametrize(("units", "passes"), [(5, False), (20, False), (300, True)])
def test_a_few_that_are_unsure_do_not_show_that_all_would_be(units: int, passes: bool) -> None:
    """Were one of ten as sure as can be, it would well be missing among twenty."""
    unsure = strange(units).assign(x0=np.linspace(0, 0.01, units))
    _, findings = measured(model(), data(others=unsure))
    confidence = found(findings, "out_of_distribution.outside_confidence")
    assert confidence.value == pytest.approx(0.5, abs=0.01)
    assert inside(confidence, 0, 0.54) is passes


def test_a_layer_may_see_what_the_outputs_do_not() -> None:
    _, findings = measured(model(sure=True), data())
    assert of(findings, "auroc", "energy").value == 0.5
    assert inside(of(findings, "auroc", "Mahalanobis"), 0.95, 1)
    (figure,) = findings.figures
    assert figure.kind == "separation"
    assert figure.data["score"] in SCORES[3:]
    for side in ("inside", "outside"):
        assert sum(row[side] for row in figure.data["rows"]) == pytest.approx(1)
    assert figure.data["rows"][0]["low"] < figure.data["threshold"]


def test_without_training_data_one_half_is_the_bank() -> None:
    _, findings = measured(model(), data(training=False))
    one, other = of(findings, "auroc", "nearest neighbours"), of(findings, "auroc", "energy")
    assert 450 < one.rows < 550
    assert other.rows == 700
    assert inside(one, 0.95, 1)
    assert "one half of the sample; inside units are those of the other half." in one.reason
    assert "half" not in other.reason
    _, with_training = measured(model(), data())
    reason = of(with_training, "auroc", "Mahalanobis").reason
    assert reason == "Familiar are 500 training units."


def test_outside_like_inside_is_not_told_apart() -> None:
    """The clean control of a false alarm: intervals hold one half and 95 %."""
    _, findings = measured(model(), data(others=frame(300, 5).drop(columns="y")))
    for score in SCORES:
        assert interval(findings, "out_of_distribution.auroc", label=score).low < 0.5
        assert interval(findings, "out_of_distribution.auroc", label=score).high > 0.5
        assert interval(findings, "out_of_distribution.fpr95", label=score).high > 0.94


def test_clusters_are_the_units() -> None:
    _, findings = measured(model(), data(clusters=40))
    one = of(findings, "auroc", "energy")
    assert (one.rows, one.units) == (700, 340)
    assert one.estimate is not None
    assert one.estimate.parameters["df"] < 40
    _, few = measured(model(), data(clusters=4))
    lacking = of(few, "fpr95", "energy")
    assert lacking.status is Status.TOO_FEW
    assert "There are 4 clusters on one side of the comparison" in lacking.reason


def test_corrupted_copies_stand_in_where_nothing_else_is_given() -> None:
    given = dataset(evaluation=frame(), label="y", features=FEATURES)
    subject, findings = measured(model(), given)
    assert subject.medium == "table"
    one = of(findings, "auroc", "energy · shuffled 3", "evaluation")
    assert one.rows == 400
    assert one.reason.startswith("Told apart are inputs and their copies under shuffled 3")
    assert one.interval is not None
    layered = of(findings, "auroc", "nearest neighbours · shuffled 3", "evaluation")
    assert 150 < layered.rows < 250
    lacking = found(findings, "out_of_distribution.outside_confidence")
    assert lacking.status is Status.NOT_APPLICABLE
    assert lacking.reason == "No inputs of another kind are given; declare data.outside for it."


def test_what_a_single_logit_and_probabilities_do_not_have() -> None:
    binary = wrap(
        network(outputs=1), task="binary", outputs="logits", device="cpu",
        decision={"threshold": 0.5},
    )  # fmt: skip
    _, findings = measured(binary, data())
    for score in ("max logit", "energy"):
        one = of(findings, "auroc", score)
        assert one.status is Status.UNDEFINED
        assert one.reason.startswith("There is one logit for two classes")
    assert inside(of(findings, "auroc", "max softmax"), 0.95, 1)

    share = frame().assign(score=lambda table: (table["x0"] > 0) * 0.8 + 0.1)
    stored = stored_predictions(
        {"score": "score"}, task="binary", outputs="probabilities", decision={"threshold": 0.5}
    )
    others = strange().assign(score=0.5)
    given = dataset(evaluation=share, outside=others, label="y", features=(*FEATURES, "score"))
    _, findings = measured(stored, given)
    assert of(findings, "auroc", "max softmax").value == 1
    assert "what the logits add up to is lost" in of(findings, "auroc", "energy").reason
    assert of(findings, "auroc", "energy").status is Status.NOT_APPLICABLE
    assert of(findings, "fpr95", "max softmax").value == 0


def test_a_regression_has_the_scores_of_its_layer() -> None:
    regression = wrap(network(outputs=1), task="regression", device="cpu")
    _, findings = measured(regression, data())
    assert {one.key.label for one in findings.measurements} == set(SCORES[3:])
    assert inside(of(findings, "auroc", "Mahalanobis"), 0.95, 1)


def test_what_is_not_finite_is_no_number() -> None:
    """The outputs were guarded while they were read; the layer and a second answer are not."""
    _, evidence = collected(CHECK, model(), data())
    subject, _ = _probed(model(), data())
    need = next(iter(evidence["outside"].answers))
    answers = evidence["outside"].answers[need]
    answers.outputs[0, 3, 0] = math.nan
    answers.embedding[5] = math.inf
    findings = CHECK.measure(subject, evidence)
    for score in SCORES:
        one = of(findings, "auroc", score)
        assert one.status is Status.UNDEFINED, score
        assert "not finite" in one.reason
    assert found(findings, "out_of_distribution.outside_confidence").value is None
    assert findings.figures == ()


def test_few_outside_or_inside_units_are_said_to_be_few() -> None:
    _, findings = measured(model(), data(others=strange(1)))
    one = of(findings, "auroc", "energy")
    assert one.status is Status.TOO_FEW
    assert "at least 10 on each side; there are 400 inside and 1 outside." in one.reason
    small = dataset(
        evaluation=frame(60), training=frame(9, 1), outside=strange(), label="y", features=FEATURES
    )
    _, findings = measured(model(), small)
    assert of(findings, "fpr95", "energy").status is Status.TOO_FEW
    assert of(findings, "fpr95", "energy").value is None
    assert "bank of 9 vectors" in of(findings, "auroc", "nearest neighbours").reason


def test_what_cannot_be_measured_says_why() -> None:
    alone = stored_predictions(
        {"score": "x0"}, task="binary", outputs="values", decision={"threshold": 0.5}
    )
    subject, _ = _probed(alone, dataset(evaluation=frame(), label="y", features=FEATURES))
    assert "declare data.outside" in CHECK.unmet(subject)
    given = dataset(evaluation=frame(), outside=strange(), label="y", features=FEATURES)
    subject, _ = _probed(alone, given)
    assert "not declared as probabilities or logits" in CHECK.unmet(subject)


def _probed(wrapped: WrappedModel, given: Dataset) -> tuple[Subject, None]:
    from auditkit.subjects import probe

    with wrapped.opened():
        return probe(wrapped, given, seed=0, batch_size=64).subject, None


def test_scores_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """For both numbers and the picture."""
    asked: list[int] = []

    def counted(vectors: Any, bank: Any, **settings: Any) -> np.ndarray:
        asked.append(len(vectors))
        return neighbour_familiarity(vectors, bank, **settings)

    monkeypatch.setattr("auditkit.checks.out_of_distribution.scores.neighbour_familiarity", counted)
    _, findings = measured(model(), data())
    assert of(findings, "fpr95", "nearest neighbours").value is not None
    assert asked == [400, 300]


def test_outside_rows_are_said_to_be_taken_as_independent() -> None:
    assert any("frames of a few videos" in sentence for sentence in CHECK.not_tested)
