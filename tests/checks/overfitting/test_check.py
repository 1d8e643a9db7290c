"""A model that has learnt its examples by heart, and one that has not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn import metrics as sk

from auditkit.data import dataset
from auditkit.measurement import Status
from auditkit.models import wrap
from auditkit.statistics import estimates
from tests.checks.audits import (
    BINARY,
    CHECKS,
    DECIDING,
    collected,
    data_of,
    findings,
    found,
    inside,
    outside,
    scored,
    stored,
    value,
)

SPLIT = "training→evaluation"


def by_heart(n: int, seed: int) -> pd.DataFrame:
    """Scores that know the answer."""
    table = scored(n, seed)
    table["score"] = table["score"] * 0.2 + table["y"] * 0.8
    return table


def test_a_gap_is_found_and_its_clean_control_passes() -> None:
    evaluation = scored(5000)
    for training, judge in ((scored(5000, 1), inside), (by_heart(5000, 1), outside)):
        result = findings("overfitting", stored(**DECIDING), data_of(evaluation, training))
        assert judge(found(result, "overfitting.accuracy_gap"), -1.0, 0.05)
        assert judge(found(result, "overfitting.auc_gap"), -1.0, 0.05)
        assert judge(found(result, "overfitting.log_loss_gap"), -1.0, 0.1)


def test_gaps_are_positive_where_training_data_are_easier() -> None:
    evaluation, training = scored(3000), by_heart(2000, 1)
    result = findings("overfitting", stored(**DECIDING), data_of(evaluation, training))
    pairs = {
        "accuracy": lambda t: sk.accuracy_score(t["y"], t["score"] >= 0.5),
        "balanced_accuracy": lambda t: sk.balanced_accuracy_score(t["y"], t["score"] >= 0.5),
        "f1": lambda t: sk.f1_score(t["y"], t["score"] >= 0.5),
        "log_loss": lambda t: -sk.log_loss(t["y"], t["score"]),
        "brier": lambda t: -sk.brier_score_loss(t["y"], t["score"]),
    }
    for name, metric in pairs.items():
        gap = found(result, f"overfitting.{name}_gap")
        assert gap.key.split == SPLIT
        assert gap.value == pytest.approx(metric(training) - metric(evaluation), rel=1e-9)
        assert gap.value > 0
        assert gap.rows == 5000


def test_regression_and_custom_gaps() -> None:
    rng = np.random.default_rng(0)
    tables = [pd.DataFrame({"score": rng.normal(size=500), "y": rng.normal(size=500) * k})
              for k in (2, 1)]  # fmt: skip
    result = findings("overfitting", stored(task="regression"), data_of(*tables))
    errors = [(t["score"] - t["y"]).abs().mean() for t in tables]
    assert value(result, "overfitting.mae_gap") == pytest.approx(errors[0] - errors[1])
    model = wrap(
        lambda frame: torch.tensor(frame["score"].to_numpy()), task="custom",
        unit_metrics=lambda output, target: {"distance": (output - target).abs()},
    )  # fmt: skip
    result = findings("overfitting", model, data_of(*tables))
    # Whether more is better is the user's to know: training minus evaluation data.
    gap = value(result, "overfitting.unit_metric_gap", label="distance")
    assert gap == pytest.approx(errors[1] - errors[0])


def test_the_interval_is_that_of_two_independent_samples() -> None:
    evaluation, training = scored(3000), scored(2000, 1)
    result = findings("overfitting", stored(**DECIDING), data_of(evaluation, training))
    gap = found(result, "overfitting.accuracy_gap")
    hits = [int(((t["score"] >= 0.5) == t["y"]).sum()) for t in (training, evaluation)]
    newcombe = estimates.interval(estimates.proportion_difference(hits[0], 2000, hits[1], 3000))
    assert (gap.interval.low, gap.interval.high) == pytest.approx((newcombe.low, newcombe.high))


def test_what_is_undefined_on_one_side() -> None:
    training = scored(100, 1).assign(y=0)
    result = findings("overfitting", stored(**DECIDING), data_of(scored(100), training))
    gap = found(result, "overfitting.auc_gap")
    assert (gap.status, gap.value) == (Status.UNDEFINED, None)
    assert gap.reason == "There are no units of the class 1."
    drawn = [row["metric"] for row in result.figures[0].data["rows"]]
    assert "AUC" not in drawn
    assert drawn.count("Accuracy") == 2


def test_what_does_not_apply_says_why() -> None:
    result = findings("overfitting", stored(**BINARY), data_of(scored(100), scored(100, 1)))
    gap = found(result, "overfitting.accuracy_gap")
    assert gap.status is Status.NOT_APPLICABLE
    assert "declare decision" in gap.reason


def test_the_figure_has_both_splits() -> None:
    result = findings("overfitting", stored(**DECIDING), data_of(scored(300), scored(200, 1)))
    rows = [row for row in result.figures[0].data["rows"] if row["metric"] == "Brier score"]
    assert [(row["split"], row["n"]) for row in rows] == [("training", 200), ("evaluation", 300)]
    assert all(row["low"] < row["value"] < row["high"] for row in rows)


def test_infinite_ends_are_not_drawn() -> None:
    table = pd.DataFrame({"score": 0.5, "y": [0, 1] * 50})
    result = findings("overfitting", stored(**DECIDING), data_of(table, table))
    rows = [row for row in result.figures[0].data["rows"] if row["metric"] == "Brier score"]
    assert [(row["value"], row["low"], row["high"]) for row in rows] == [(0.25, None, None)] * 2


def test_without_training_data() -> None:
    subject, _ = collected(CHECKS["performance"], stored(**DECIDING), data_of(scored(50)))
    assert CHECKS["overfitting"].unmet(subject) == (
        "No training data are given, so how much better the model is on what it has seen cannot "
        "be measured; declare data.training to measure it."
    )


def test_torch_data_too() -> None:
    torch.manual_seed(0)
    items = [(torch.randn(2), int(i % 2)) for i in range(60)]
    model = wrap(
        torch.nn.Linear(2, 1), task="binary", outputs="logits", decision={"threshold": 0.5},
        device="cpu",
    )  # fmt: skip
    data = dataset(evaluation=items[:30], training=items[30:])
    assert found(findings("overfitting", model, data), "overfitting.brier_gap").rows == 60
