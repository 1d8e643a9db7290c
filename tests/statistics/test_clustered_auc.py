"""Areas under the curve of clusters: against scikit-learn, against the scores, and coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta, norm
from sklearn.metrics import roc_auc_score

from auditkit.statistics import estimates
from auditkit.statistics.clustered_auc import area, clustered_auc, clustered_auc_difference

CELLS = 240
PEOPLE = 0.7
REPETITIONS = 400


def clusters(
    rng: np.random.Generator, number: int, size: int, shift: float, cells: int = CELLS
) -> np.ndarray:
    """Counts (clusters, cells, 2) of normal scores whose clusters differ."""
    truth = (rng.random((number, size)) < 0.3).astype(int)
    scores = rng.normal(size=truth.shape) + shift * truth
    scores += PEOPLE * rng.normal(size=(number, 1))
    places = np.clip(((scores + 6) / 16 * cells).astype(int), 0, cells - 1)
    counts = np.zeros((number, cells, 2), dtype=np.int64)
    np.add.at(counts, (np.arange(number)[:, None], places, truth), 1)
    return counts


def true_area(shift: float) -> float:
    return float(norm.cdf(shift / np.sqrt(2 * (1 + PEOPLE**2))))


def at_most(missed: int, goal: float) -> bool:
    """Whether the 95 % Clopper-Pearson interval of the rate touches what is at most the goal."""
    return not missed or float(beta.ppf(0.025, missed, REPETITIONS - missed + 1)) <= goal


def test_the_area_is_that_of_scikit_learn() -> None:
    counts = clusters(np.random.default_rng(0), 20, 30, 1.0)
    places, truth = np.nonzero(counts.sum(axis=0))
    each = counts.sum(axis=0)[places, truth]
    expected = roc_auc_score(truth, places, sample_weight=each)
    found = clustered_auc(counts)
    assert area(counts.sum(axis=0)) == pytest.approx(expected)
    assert estimates.value(found) == pytest.approx(expected)


def test_coarse_cells_widen_the_bounds_to_the_area_of_the_scores() -> None:
    rng = np.random.default_rng(1)
    fine = clusters(rng, 60, 40, 1.5, cells=4096)
    coarse = fine.reshape(60, 4, 1024, 2).sum(axis=2)
    exact = estimates.value(clustered_auc(fine))
    found = clustered_auc(coarse)
    assert abs(found.parameters["value"] - exact) > 0.02
    low, high = estimates.bounds(found, 0.05)
    assert low < exact < high
    gap = clustered_auc_difference(np.stack([coarse, coarse[:, ::-1, ::-1]], axis=1))
    slack = found.parameters["slack"]
    assert gap.parameters["slack"] == pytest.approx(2 * slack)
    assert estimates.bounds(gap, 0.5) == pytest.approx((-2 * slack, 2 * slack))


@pytest.mark.parametrize(("number", "size", "shift"), [(20, 15, 1.5), (20, 10, 3.5), (12, 20, 3)])
def test_bounds_cover_near_one_too(number: int, size: int, shift: float) -> None:
    rng = np.random.default_rng(3)
    truth, missed = true_area(shift), 0
    for _ in range(REPETITIONS):
        low, high = estimates.bounds(clustered_auc(clusters(rng, number, size, shift)), 0.025)
        missed += not low <= truth <= high
    assert at_most(missed, 0.05)


def test_the_difference_of_unequal_areas_covers() -> None:
    rng = np.random.default_rng(4)
    shifts, missed = (3.5, 1.5), 0
    truth = true_area(shifts[0]) - true_area(shifts[1])
    for _ in range(REPETITIONS):
        sides = [clusters(rng, 24, 12, shift) for shift in shifts]
        low, high = estimates.bounds(clustered_auc_difference(np.stack(sides, axis=1)), 0.025)
        missed += not low <= truth <= high
    assert at_most(missed, 0.05)


def test_perfect_separation_is_not_certain() -> None:
    block = np.zeros((1, CELLS, 2), dtype=np.int64)
    block[0, 10, 0], block[0, 200, 1] = 5, 5
    found = clustered_auc(np.repeat(block, 12, axis=0))
    low, high = estimates.bounds(found, 0.05)
    assert estimates.value(found) == 1
    assert 0.5 < low < 0.95 < high


def test_a_class_in_one_cluster_alone_has_no_area() -> None:
    counts = clusters(np.random.default_rng(5), 10, 20, 1.0)
    counts[1:, :, 1] = 0
    with pytest.raises(ValueError, match="undefined without one block"):
        clustered_auc(counts)
