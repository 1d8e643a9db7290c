"""Planted miscalibration and its clean control; what is measured of each kind of head."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from auditkit.measurement import Status
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

TOLERATED = (-1.0, 0.0025)
GAP = (-0.05, 0.05)


def test_a_calibrated_model_passes() -> None:
    result = findings("calibration", stored(**BINARY), data_of(scored(10_000)))
    assert inside(found(result, "calibration.squared_error"), *TOLERATED)
    assert inside(found(result, "calibration.confidence_gap"), *GAP)


def test_an_overconfident_model_fails() -> None:
    table = scored(10_000)
    odds = np.log(table["score"] / (1 - table["score"]))
    table["score"] = 1 / (1 + np.exp(-2.5 * odds))
    result = findings("calibration", stored(**BINARY), data_of(table))
    assert outside(found(result, "calibration.squared_error"), *TOLERATED)


def test_a_model_that_says_too_much_of_everybody_fails() -> None:
    table = scored(10_000)
    table["score"] = (table["score"] + 0.15).clip(0, 1)
    result = findings("calibration", stored(**BINARY), data_of(table))
    gap = found(result, "calibration.confidence_gap")
    assert outside(gap, *GAP)
    expected = table["score"].mean() - table["y"].mean()
    assert gap.value == pytest.approx(expected, rel=1e-9)


def test_calibrated_models_pass_again_and_again() -> None:
    passes = 0
    for seed in range(40):
        result = findings("calibration", stored(**BINARY), data_of(scored(4000, seed)))
        passes += inside(found(result, "calibration.squared_error"), *TOLERATED)
    assert passes >= 37


def test_ece_is_that_of_fifteen_bins_and_never_judged() -> None:
    table = scored(3000)
    result = findings("calibration", stored(**BINARY), data_of(table))
    edges = np.linspace(0, 1, 16)
    place = np.minimum(np.digitize(table["score"], edges) - 1, 14)
    gaps = [abs(part["score"].sum() - part["y"].sum()) for _, part in table.groupby(place)]
    ece = found(result, "calibration.ece")
    assert ece.value == pytest.approx(sum(gaps) / 3000, rel=1e-9)
    assert ece.estimate is None
    assert ece.interval is None
    assert "a perfectly calibrated model would show about" in ece.reason
    (metric,) = [m for m in CHECKS["calibration"].metrics if m.id == "calibration.ece"]
    assert not metric.gateable


def test_errors_for_the_eye_say_what_chance_alone_would_show() -> None:
    result = findings("calibration", stored(**BINARY), data_of(scored(3000)))
    for name in ("adaptive_ece", "smooth_ece"):
        shown = found(result, f"calibration.{name}")
        assert (shown.estimate, shown.interval) == (None, None)
        told = re.search(r"show about (0\.\d+) at .* more than (0\.\d+) in one", shown.reason)
        assert told, shown.reason
        perfect, limit = map(float, told.groups())
        # The model is calibrated.
        assert 0.4 * perfect < shown.value < limit * 1.2
        assert perfect < limit
        (metric,) = [m for m in CHECKS["calibration"].metrics if m.id == f"calibration.{name}"]
        assert not metric.gateable


def test_the_parts_of_the_brier_score_make_it_up() -> None:
    # Scores that are equal in each of fifteen bins: then nothing is left between the parts.
    table = scored(3000)
    table["score"] = np.repeat((np.arange(15) + 0.5) / 15, 200)
    table["y"] = (np.random.default_rng(0).random(3000) < table["score"]).astype(int)
    result = findings("calibration", stored(**BINARY), data_of(table))
    reliability, resolution, uncertainty = (
        found(result, f"calibration.brier_{part}")
        for part in ("reliability", "resolution", "uncertainty")
    )
    total = reliability.value - resolution.value + uncertainty.value
    assert total == pytest.approx(brier_score_loss(table["y"], table["score"]), abs=1e-9)
    assert reliability.value == value(result, "calibration.squared_error")
    assert resolution.interval.low > 0
    assert uncertainty.interval.low < 0.25 < uncertainty.interval.high + 0.002


def test_few_clusters_have_no_honest_interval() -> None:
    table = scored(400).assign(person=np.arange(400) % 9)
    result = findings("calibration", stored(**BINARY), data_of(table, cluster="person"))
    ece = found(result, "calibration.ece")
    assert ece.status is Status.MEASURED
    assert ece.reason.endswith("which those of one cluster are not.")
    rest = [m for m in result.measurements if m is not ece]
    assert {m.status for m in rest} == {Status.TOO_FEW}
    assert all(m.reason.startswith("There are 9 clusters") for m in rest)


def test_the_reliability_curve_is_that_of_scikit_learn() -> None:
    table = scored(3000)
    (figure,) = findings("calibration", stored(**BINARY), data_of(table)).figures
    bins = figure.data["bins"]
    observed, scores = calibration_curve(table["y"], table["score"], n_bins=15, strategy="quantile")
    assert (figure.kind, figure.data["n"], len(bins)) == ("reliability", 3000, 15)
    # The same bins but for units in cells that a bin's edge divides.
    np.testing.assert_allclose([one["score"] for one in bins], scores, atol=0.01)
    np.testing.assert_allclose([one["observed"] for one in bins], observed, atol=0.03)
    assert all(one["low"] <= one["observed"] <= one["high"] for one in bins)
    assert all(one["low"] <= one["score"] <= one["high"] for one in figure.data["band"])


def test_the_confidence_of_several_classes() -> None:
    rng = np.random.default_rng(1)
    raw = rng.normal(size=(8000, 3)) * 1.5
    shares = softmax(raw, axis=1)
    truth = np.array([rng.choice(3, p=p) for p in shares])
    names = ["score0", "score1", "score2"]
    table = pd.DataFrame(raw, columns=names).assign(y=truth)
    model = stored(names, task="multiclass", outputs="logits", classes=("0", "1", "2"))
    result = findings("calibration", model, data_of(table))
    assert inside(found(result, "calibration.squared_error"), *TOLERATED)
    gap = shares.max(axis=1).mean() - (raw.argmax(axis=1) == truth).mean()
    assert value(result, "calibration.confidence_gap") == pytest.approx(gap, rel=1e-9)
    assert result.figures[0].data["outcome"] == "the predicted class"


def test_each_label_of_several() -> None:
    rng = np.random.default_rng(2)
    shares = rng.random((4000, 2))
    truth = (rng.random((4000, 2)) < shares).astype(int)
    table = pd.DataFrame(np.hstack([shares, truth]), columns=["score0", "score1", "cat", "dog"])
    model = stored(
        ["score0", "score1"], task="multilabel", outputs="probabilities", classes=("cat", "dog")
    )
    result = findings("calibration", model, data_of(table, label=("cat", "dog")))
    for label in ("cat", "dog"):
        assert inside(found(result, "calibration.squared_error", label=label), *TOLERATED)
    assert [figure.title.partition(":")[0] for figure in result.figures] == [
        "Calibration of cat", "Calibration of dog"
    ]  # fmt: skip


def test_few_units_are_too_few() -> None:
    result = findings("calibration", stored(**BINARY), data_of(scored(29)))
    assert {m.status for m in result.measurements} == {Status.TOO_FEW}
    assert {m.reason for m in result.measurements} == {
        "Calibration needs at least 30 units, two for each bin."
    }
    assert result.figures == ()
    assert found(
        findings("calibration", stored(**BINARY), data_of(scored(30))), "calibration.squared_error"
    ).status is Status.MEASURED  # fmt: skip


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_constant_scores_are_one_bin(score: float) -> None:
    table = scored(400).assign(score=score)
    result = findings("calibration", stored(**BINARY), data_of(table))
    gap = found(result, "calibration.confidence_gap")
    assert gap.value == pytest.approx(score - table["y"].mean())
    error = found(result, "calibration.squared_error")
    assert error.interval.low <= (score - table["y"].mean()) ** 2 <= error.interval.high


def test_the_seed_decides_the_redraws() -> None:
    table = data_of(scored(500))
    bounds = [
        estimates.bounds(found(
            findings("calibration", stored(**BINARY), table, seed=seed), "calibration.squared_error"
        ).estimate, 0.05)
        for seed in (0, 0, 1)
    ]  # fmt: skip
    assert bounds[0] == bounds[1] != bounds[2]


def test_outputs_that_are_no_probabilities() -> None:
    check = CHECKS["calibration"]
    undeclared = stored(task="multiclass", columns=["score", "x"], classes=("0", "1"))
    subject, _ = collected(CHECKS["performance"], undeclared, data_of(scored(50).assign(x=0.1)))
    assert check.unmet(subject).startswith("The outputs are not declared as probabilities")
    subject, _ = collected(CHECKS["performance"], stored(task="regression"), data_of(scored(50)))
    assert check.unmet(subject) == "No output gives the probability of a class."


def test_a_head_without_probabilities_says_so() -> None:
    from auditkit.data import dataset
    from auditkit.models import stored_predictions

    table = scored(200).assign(other=0.5, z=1)
    model = stored_predictions(
        {"a": "score", "b": "other"},
        heads={
            "a": DECIDING,
            "b": {"task": "binary", "outputs": "values", "decision": {"threshold": 0.2}},
        },
    )
    data = dataset(evaluation=table, label={"a": "y", "b": "z"}, features=("score", "other"))
    result = findings("calibration", model, data)
    unmet = found(result, "calibration.squared_error", head="b")
    assert unmet.status is Status.NOT_APPLICABLE
    assert "declare outputs" in unmet.reason
    assert found(result, "calibration.squared_error", head="a").status is Status.MEASURED


@pytest.mark.parametrize("clusters", [False, True])
def test_overconfidence_is_that_of_the_likelier_class(clusters: bool) -> None:
    table = scored(6000).assign(person=np.arange(6000) // 3)
    odds = np.log(table["score"] / (1 - table["score"]))
    roles = {"cluster": "person"} if clusters else {}
    for factor, low, high in ((1.0, -0.02, 0.02), (3.0, 0.05, 0.2), (1 / 3, -0.3, -0.05)):
        bent = table.assign(score=1 / (1 + np.exp(-factor * odds)))
        result = findings("calibration", stored(**BINARY), data_of(bent, **roles))
        likelier = np.maximum(bent["score"], 1 - bent["score"])
        right = (bent["score"] >= 0.5) == bent["y"]
        found = value(result, "calibration.overconfidence")
        assert found == pytest.approx((likelier - right).mean(), abs=1e-9)
        assert low < found < high
        # That of the positive class cannot tell: what is said too often of one class is said too
        # seldom of the other.
        assert abs(value(result, "calibration.confidence_gap")) < 0.02
