"""What one feature tells alone: against scikit-learn, and its bounds against simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from auditkit.statistics import estimates
from auditkit.statistics.absence import NoEstimateError
from auditkit.statistics.lone_features import Levelled, learnt_shares, lone_auc


def world(n: int, classes: int, noise: float, rng: np.random.Generator, rows: int = 1) -> Levelled:
    """A feature that is the class but for some noise; so many rows of each cluster are alike."""
    truth = rng.integers(0, classes, n // rows)
    level = np.where(rng.random(n // rows) < noise, rng.integers(0, 2 * classes, n // rows), truth)
    clusters = np.repeat(np.arange(n // rows), rows).astype(np.uint64) if rows > 1 else None
    return Levelled(np.repeat(level, rows), np.repeat(truth, rows), clusters)


def halves(units: Levelled) -> np.ndarray:
    ids = np.arange(len(units)) if units.clusters is None else units.clusters
    return np.asarray(ids % 2 == 0)


@pytest.mark.parametrize("classes", [2, 5])
def test_the_area_is_that_of_scikit_learn(classes: int) -> None:
    units = world(600, classes, 0.6, np.random.default_rng(0))
    learning = halves(units)
    shares = learnt_shares(units.part(learning).table((2 * classes, classes)))
    judged = units.part(~learning)
    scores = shares[judged.levels]
    expected = np.mean(
        [roc_auc_score(judged.classes == k, scores[:, k]) for k in range(classes)]
        if classes > 2
        else roc_auc_score(judged.classes, scores[:, 1])
    )
    assert estimates.value(lone_auc(units, learning, classes)) == pytest.approx(expected)


def test_the_error_without_clusters_is_that_of_clusters_of_one() -> None:
    units = world(500, 3, 0.5, np.random.default_rng(1))
    alone = Levelled(units.levels, units.classes, np.arange(500).astype(np.uint64))
    one, other = (lone_auc(each, halves(units), 3).parameters for each in (units, alone))
    assert one["se"] == pytest.approx(other["se"])
    assert one["df"] == pytest.approx(other["df"])


def test_what_is_learnt_is_not_judged() -> None:
    """A level for each unit tells those that it was learnt from, and nobody else."""
    rng = np.random.default_rng(0)
    named = Levelled(np.arange(400), rng.integers(0, 2, 400))
    assert estimates.value(lone_auc(named, halves(named), 2)) == 0.5


def test_one_class_or_too_few_units_have_no_value() -> None:
    alike = Levelled(np.zeros(100, np.int64), np.zeros(100, np.int64))
    with pytest.raises(NoEstimateError, match="one class alone"):
        lone_auc(alike, halves(alike), 2)
    few = world(8, 2, 0.5, np.random.default_rng(0))
    with pytest.raises(NoEstimateError, match="too few"):
        lone_auc(few, halves(few), 2)


def test_a_rare_class_is_left_out_of_the_mean() -> None:
    units = world(400, 3, 0.3, np.random.default_rng(0))
    rare = Levelled(units.levels, np.where(np.arange(400) < 398, units.classes % 2, 2))
    assert np.isfinite(estimates.value(lone_auc(rare, halves(rare), 3)))


@pytest.mark.parametrize(
    ("classes", "noise", "rows", "n"),
    [(2, 0.3, 1, 200), (2, 0.02, 1, 200), (4, 0.2, 1, 400), (2, 0.3, 5, 500)],
)
def test_bounds_cover_what_the_learnt_shares_are_worth(
    classes: int, noise: float, rows: int, n: int
) -> None:
    rng, missed, repetitions = np.random.default_rng(0), np.zeros(2), 300
    fresh = world(20_000, classes, noise, rng)
    for _ in range(repetitions):
        units = world(n, classes, noise, rng, rows)
        learning = halves(units)
        low, high = estimates.bounds(lone_auc(units, learning, classes), 0.05)
        taught = units.part(learning)
        both = Levelled(
            np.concatenate([taught.levels, fresh.levels]),
            np.concatenate([taught.classes, fresh.classes]),
        )
        truth = estimates.value(lone_auc(both, np.arange(len(both)) < len(taught), classes))
        missed += low > truth, high < truth
    # At a nominal 5 %, two standard errors of 300 repetitions aside.
    assert (missed / repetitions <= 0.076).all(), missed / repetitions
