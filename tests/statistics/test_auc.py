"""AUC against scikit-learn and a literal DeLong; the bound of the cells against exact values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import roc_auc_score

from auditkit.statistics.auc import binned_auc, delong
from auditkit.statistics.estimates import bounds

COUNTS = arrays.arrays(np.int64, 12, elements=st.integers(0, 9))
SCORES = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), min_size=2, max_size=15)


def literal_delong(positives: list[float], negatives: list[float]) -> tuple[float, float]:
    """Value and standard error as the paper prints them, pair by pair."""

    def wins(a: float, b: float) -> float:
        return 1.0 if a > b else 0.5 if a == b else 0.0

    v10 = [np.mean([wins(x, y) for y in negatives]) for x in positives]
    v01 = [np.mean([wins(x, y) for x in positives]) for y in negatives]
    value = float(np.mean(v10))
    s10 = sum((v - value) ** 2 for v in v10) / (len(positives) - 1)
    s01 = sum((v - value) ** 2 for v in v01) / (len(negatives) - 1)
    return value, math.sqrt(s10 / len(positives) + s01 / len(negatives))


@given(SCORES, SCORES)
def test_delong_is_the_literal_one(positives: list[float], negatives: list[float]) -> None:
    value, se, slack = delong(positives, negatives)
    assert (value, se) == pytest.approx(literal_delong(positives, negatives), abs=1e-12)
    assert slack == 0


@given(SCORES, SCORES)
def test_the_value_is_that_of_scikit_learn(positives: list[float], negatives: list[float]) -> None:
    labels = [1] * len(positives) + [0] * len(negatives)
    theirs = roc_auc_score(labels, positives + negatives)
    assert delong(positives, negatives).value == pytest.approx(theirs, abs=1e-12)


@given(COUNTS, COUNTS)
def test_cells_are_tied_scores(positives: np.ndarray, negatives: np.ndarray) -> None:
    if positives.sum() < 2 or negatives.sum() < 2:
        return
    cells = np.arange(12.0)
    exact = delong(np.repeat(cells, positives), np.repeat(cells, negatives))
    binned = binned_auc(positives, negatives)
    assert (binned.value, binned.se) == pytest.approx((exact.value, exact.se), abs=1e-12)


@pytest.mark.parametrize("cells", [15, 120, 1920])
def test_the_slack_bounds_what_the_cells_change(cells: int) -> None:
    generator = np.random.default_rng(2)
    positives, negatives = generator.beta(3, 2, 4000), generator.beta(2, 3, 6000)
    exact = delong(positives, negatives)
    counts = [np.histogram(part, cells, (0, 1))[0] for part in (positives, negatives)]
    binned = binned_auc(*counts)
    assert abs(binned.value - exact.value) <= binned.slack
    # ∫ f g / 2 of the two densities is 144 B(4, 4) / 2.
    assert binned.slack == pytest.approx(0.514 / cells, rel=0.05)
    assert binned.se == pytest.approx(exact.se, rel=0.05)


def test_the_slack_can_be_reached() -> None:
    # In each of two cells the scores may be in either order.
    binned = binned_auc([2, 2], [2, 2])
    best = delong([0.2, 0.3, 0.7, 0.8], [0.0, 0.1, 0.5, 0.6])
    worst = delong([0.0, 0.1, 0.5, 0.6], [0.2, 0.3, 0.7, 0.8])
    assert best.value - binned.value == binned.value - worst.value == binned.slack


def test_the_estimate_widens_by_the_slack() -> None:
    auc = binned_auc([10, 30, 60], [50, 40, 10])
    low, high = bounds(auc.estimate, 0.05)
    assert low < auc.value - auc.slack
    assert auc.value + auc.slack < high


def test_counts_of_a_billion_do_not_overflow() -> None:
    auc = binned_auc(np.array([0, 10**9]), np.array([10**9, 10**9]))
    assert auc.value == pytest.approx(0.75)
    assert 0 < auc.se < 1e-4


@pytest.mark.parametrize(
    ("positives", "negatives", "message"),
    [
        ([1, 0], [5, 5], "two positives and two negatives, found 1 and 10"),
        ([5, 5], [0, 0], "found 10 and 0"),
        ([1, 2, 3], [5, 5], "3 cells of positives, but 2 of negatives"),
        ([1.5, 2], [5, 5], r"positives must be one row of counts, found float64\(2,\)"),
        ([3, 2], [[5, 5]], "negatives must be one row of counts"),
        ([3, -2], [5, 5], "positives must be one row of counts"),
    ],
)
def test_impossible_counts_are_refused(positives, negatives, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        binned_auc(positives, negatives)


def test_scores_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="1 scores are not numbers"):
        delong([0.1, math.nan], [0.2, 0.3])
    with pytest.raises(ValueError, match="found 0 and 2"):
        delong([], [0.2, 0.3])
