"""Means of clusters of unequal size: against Student's, and how often their bounds miss."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from auditkit.measurement import Estimate
from auditkit.statistics.absence import NoEstimateError
from auditkit.statistics.clustered_means import clustered_gap, clustered_mean
from auditkit.statistics.estimates import bounds

UNEQUAL = np.array([300, 300, *[10] * 10])
REPETITIONS = 400


def misses(estimates: list[Estimate]) -> float:
    """How many of 90 % intervals do not hold 0."""
    drawn = (bounds(one, 0.05) for one in estimates)
    return sum(not low <= 0 <= high for low, high in drawn) / len(estimates)


def drawn(rng: np.random.Generator, sizes: np.ndarray, alike: float) -> np.ndarray:
    """Sums of values that are 0 on average, by cluster."""
    common = rng.normal(0, alike, len(sizes))
    return np.asarray(sizes * common + np.sqrt(sizes) * rng.normal(size=len(sizes)))


def test_clusters_of_one_size_have_students_interval_of_their_means() -> None:
    totals = drawn(np.random.default_rng(0), np.full(12, 30), 1.0)
    found = clustered_mean(np.full(12, 30), totals)
    peer = ttest_1samp(totals / 30, 0).confidence_interval(0.9)
    assert bounds(found, 0.05) == pytest.approx(tuple(peer), rel=1e-9)
    assert found.parameters["df"] == 11


@pytest.mark.parametrize("alike", [0.2, 1.0])
def test_the_interval_covers_where_two_clusters_hold_most_units(alike: float) -> None:
    rng = np.random.default_rng(1)
    found = [clustered_mean(UNEQUAL, drawn(rng, UNEQUAL, alike)) for _ in range(REPETITIONS)]
    # With one degree of freedom for each cluster but one, it is a quarter.
    assert misses(found) <= 0.15


def test_so_does_that_of_a_difference() -> None:
    rng, units = np.random.default_rng(2), np.stack([UNEQUAL, UNEQUAL // 2], axis=1)

    def sides() -> np.ndarray:
        return np.stack([drawn(rng, side, 1.0) for side in units.T], axis=1)

    assert misses([clustered_gap(units, sides()) for _ in range(REPETITIONS)]) <= 0.15


def test_one_cluster_that_holds_most_leaves_no_mean() -> None:
    sizes = np.array([300, *[10] * 10])
    with pytest.raises(NoEstimateError, match=r"as much as 1\.8 equal parts"):
        clustered_mean(sizes, sizes * 0.5)
    even = np.full(11, 10)
    with pytest.raises(NoEstimateError, match="few clusters hold most"):
        clustered_gap(np.stack([even, sizes], axis=1), np.stack([even, sizes], axis=1) * 0.5)


def test_empty_blocks_hold_nothing() -> None:
    totals = drawn(np.random.default_rng(3), UNEQUAL, 1.0)
    padded = [np.concatenate([part, np.zeros(50)]) for part in (UNEQUAL, totals)]
    assert clustered_mean(*padded) == clustered_mean(UNEQUAL, totals)


@pytest.mark.parametrize(
    ("units", "totals", "words"),
    [
        ([10, 0], [1.0, 0.0], "two blocks"),
        ([10, 10], [np.nan, 1.0], "finite"),
        ([10, 10], [1.0], "one shape"),
    ],
)
def test_what_has_no_mean_is_refused(units, totals, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        clustered_mean(units, totals)
    sides = [np.stack([np.asarray(one)] * 2, axis=-1) for one in (units, totals)]
    with pytest.raises(ValueError, match=words):
        clustered_gap(*sides)
