"""Clusters from the blocks that they lie in: against literal likelihoods, and simulated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from auditkit.statistics.occupancy import clusters_among, clusters_in

BLOCKS = 64


def likeliest(members: np.ndarray, held: np.ndarray) -> float:
    """The share of clusters met that makes the blocks met likeliest, times the clusters."""

    def surprise(share: float) -> float:
        missed = (1 - share) ** members
        return -float(np.log(np.where(held, 1 - missed, missed)).sum())

    found = minimize_scalar(surprise, bounds=(1e-9, 1 - 1e-9), options={"xatol": 1e-10})
    return float(found.x * members.sum())


def drawn(rng: np.random.Generator, clusters: int, met: int) -> tuple[np.ndarray, np.ndarray]:
    blocks = rng.integers(0, BLOCKS, clusters)
    members = np.bincount(blocks, minlength=BLOCKS)
    return members, np.bincount(blocks[:met], minlength=BLOCKS) > 0


@pytest.mark.parametrize(("clusters", "met"), [(20, 12), (200, 12), (200, 100), (2000, 30)])
def test_the_number_is_the_likeliest(clusters: int, met: int) -> None:
    members, held = drawn(np.random.default_rng(3), clusters, met)
    expected = likeliest(members[members > 0], held[members > 0])
    assert clusters_among(members, held) == pytest.approx(expected, rel=1e-4)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=64))
def test_the_number_lies_between_blocks_and_clusters(cells: list[tuple[int, bool]]) -> None:
    members, held = (np.array(part) for part in zip(*cells, strict=True))
    number = clusters_among(members, held)
    assert held.sum() - 1e-9 <= number <= np.maximum(members, held)[held].sum() + 1e-9


def test_blocks_of_one_cluster_are_counted_exactly() -> None:
    members = np.ones(BLOCKS)
    for met in range(BLOCKS + 1):
        assert clusters_among(members, np.arange(BLOCKS) < met) == met


def test_many_clusters_in_every_block_are_counted_linearly() -> None:
    members, held = np.full(BLOCKS, 1e6), np.arange(BLOCKS) < 11
    assert clusters_among(members, held) == pytest.approx(clusters_in(11, BLOCKS), rel=0.01)
    assert clusters_among(members, held) < clusters_among(members, np.arange(BLOCKS) < 12)


@pytest.mark.parametrize("clusters", [20, 40, 2000])
def test_ten_clusters_are_told_from_eight(clusters: int) -> None:
    rng = np.random.default_rng(1)
    found = {
        met: np.array([clusters_among(*drawn(rng, clusters, met)) for _ in range(300)])
        for met in (8, 12)
    }
    for met, numbers in found.items():
        assert numbers.mean() == pytest.approx(met, abs=0.25)
    assert (found[8].round() >= 10).mean() <= 0.02
    assert (found[12].round() < 10).mean() <= 0.03


@pytest.mark.parametrize(
    ("members", "held"), [([1, 2], [True]), ([-1, 2], [True, True]), ([[1, 2]], [[True, False]])]
)
def test_what_are_no_blocks_is_refused(members: list[int], held: list[bool]) -> None:
    with pytest.raises(ValueError, match="expected a row"):
        clusters_among(members, held)
