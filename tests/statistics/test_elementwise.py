"""Means of the cells of a map against the estimates of one number at a time."""

from __future__ import annotations

import numpy as np
import pytest

from auditkit.statistics import estimates
from auditkit.statistics.elementwise import cell_means
from auditkit.statistics.jackknife import delete_one_block

VALUES = np.random.default_rng(0).exponential(size=(60, 5))


def test_each_cell_has_the_interval_of_a_mean() -> None:
    found = cell_means(VALUES)
    for place, column in enumerate(VALUES.T):
        one = estimates.mean(column.sum(), (column**2).sum(), len(column))
        expected = estimates.interval(one)
        assert found.value[place] == pytest.approx(column.mean())
        assert found.low[place] == pytest.approx(expected.low)
        assert found.high[place] == pytest.approx(expected.high)


def test_clusters_are_blocks_of_the_jackknife() -> None:
    clusters = np.arange(60) % 13
    found = cell_means(VALUES, clusters)
    blocks = np.array([[(clusters == c).sum(), VALUES[clusters == c, 2].sum()] for c in range(13)])
    expected = estimates.interval(delete_one_block(blocks, lambda s: float(s[1] / s[0])))
    assert (found.low[2], found.high[2]) == pytest.approx((expected.low, expected.high))


def test_no_variation_is_no_certainty() -> None:
    values = VALUES.copy()
    values[:, 1] = 0.1
    found = cell_means(values)
    assert found.value[1] == pytest.approx(0.1)
    assert np.isnan([found.low[1], found.high[1]]).all()
    assert np.isfinite(found.low[0])


@pytest.mark.parametrize("clusters", [np.arange(60) % 9, np.zeros(60)])
def test_few_clusters_have_no_interval(clusters: np.ndarray) -> None:
    found = cell_means(VALUES, clusters)
    assert np.isnan(found.low).all()
    assert found.value == pytest.approx(VALUES.mean(axis=0))


def test_a_single_unit() -> None:
    found = cell_means(VALUES[:1])
    assert found.value == pytest.approx(VALUES[0])
    assert np.isnan(found.high).all()


@pytest.mark.parametrize("values", [np.zeros((0, 3)), np.zeros(3), np.array([[np.nan]])])
def test_what_has_no_mean(values: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected values of shape|not finite"):
        cell_means(values)


def test_intervals_cover() -> None:
    rng = np.random.default_rng(1)
    found = cell_means(rng.normal(1.0, 2.0, size=(25, 4000)))
    covered = ((found.low <= 1) & (found.high >= 1)).mean()
    assert abs(covered - 0.90) < 0.015
