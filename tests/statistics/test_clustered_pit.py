"""PIT errors of units in clusters: against pairs across blocks, their bounds simulated."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from auditkit.statistics.clustered_pit import clustered_pit_error, effective_units
from auditkit.statistics.estimates import bounds, value
from auditkit.statistics.pit import expected_shares, pit_error

LEVELS = (0.05, 0.5, 0.95)
PROMISED = expected_shares(LEVELS)
NARROW = np.array([0.12, 0.38, 0.38, 0.12])


def test_one_row_a_block_is_no_cluster() -> None:
    cells = np.random.default_rng(0).choice(4, 64, p=NARROW)
    rows, blocks = np.bincount(cells, minlength=4), np.eye(4, dtype=int)[cells]
    one, other = pit_error(rows, LEVELS), clustered_pit_error(blocks, LEVELS)
    assert value(one) == pytest.approx(value(other), abs=1e-12)
    assert one.parameters["sd"] == pytest.approx(other.parameters["sd"], rel=0.1)


def test_the_error_of_blocks_leaves_out_pairs_within_them() -> None:
    rng = np.random.default_rng(1)
    blocks = rng.multinomial(7, NARROW, size=20)
    gaps = blocks - 7 * PROMISED
    across = [a @ b / 49 for a, b in combinations(gaps, 2)]
    assert value(clustered_pit_error(blocks, LEVELS)) == pytest.approx(np.mean(across), abs=1e-12)


def test_weights_may_be_of_any_scale() -> None:
    blocks = np.random.default_rng(2).gamma(2.0, size=(30, 4))
    one, other = (clustered_pit_error(scale * blocks, LEVELS) for scale in (1, 1000))
    for name, number in one.parameters.items():
        assert other.parameters[name] == pytest.approx(number, rel=1e-9)


def test_the_bounds_cover_units_in_clusters() -> None:
    """Clusters whose units are much alike: as independent rows they would look far too certain."""
    rng = np.random.default_rng(7)
    error, missed, missed_by_rows = float(((NARROW - PROMISED) ** 2).sum()), [], []
    for _ in range(200):
        alike = rng.dirichlet(3 * NARROW, size=60)
        blocks = np.stack([rng.multinomial(10, shares) for shares in alike])
        low, high = bounds(clustered_pit_error(blocks, LEVELS), 0.05)
        missed.append([low > error, high < error])
        low, high = bounds(pit_error(blocks.sum(axis=0), LEVELS), 0.05)
        missed_by_rows.append(low > error or high < error)
    assert np.mean(missed, axis=0).max() <= 0.10
    assert np.mean(missed_by_rows) > 0.15


def alike(
    rng: np.random.Generator, shares: np.ndarray, clusters: int, size: int, icc: float
) -> np.ndarray:
    """Clusters whose units are so much alike, hashed to 64 blocks."""
    drawn = rng.gamma(np.broadcast_to((1 - icc) / icc * shares, (clusters, len(shares)))) + 1e-300
    cells = rng.multinomial(size, drawn / drawn.sum(axis=1, keepdims=True))
    blocks = np.zeros((64, len(shares)))
    np.add.at(blocks, rng.integers(0, 64, clusters), cells)
    return blocks


@pytest.mark.parametrize("icc", [0.05, 0.2, 0.67])
@pytest.mark.parametrize("clusters", [10, 20, 60])
def test_the_upper_bound_of_clusters_covers_rare_cells(clusters: int, icc: float) -> None:
    """Where a bound is told: errors of which few effective units tell are refused."""
    rng = np.random.default_rng(1)
    for levels in ((0.005, 0.995), (0.025, 0.975), (0.05, 0.95)):
        promised = expected_shares(levels)
        ends = promised[0] * np.array([3, 3])
        true = np.array([ends[0], 1 - ends.sum(), ends[1]])
        error, missed = float(((true - promised) ** 2).sum()), []
        for _ in range(200):
            blocks = alike(rng, true, clusters, 50, icc)
            told = effective_units(blocks, levels) * promised.min() >= 5
            missed.append(told and bounds(clustered_pit_error(blocks, levels), 0.05)[1] < error)
        assert np.mean(missed) <= 0.08, levels


@pytest.mark.parametrize(("levels", "icc"), [((0.025, 0.975), 0.2), ((0.005, 0.995), 0.05)])
def test_ten_clusters_that_agree_on_a_rare_cell_are_no_certainty(
    levels: tuple[float, ...], icc: float
) -> None:
    """By the spread between ten clusters alone, the upper bound misses in 15 % and more."""
    rng, promised = np.random.default_rng(1), expected_shares(levels)
    true = np.array([0.3 * promised[0], 0.0, 3 * promised[2]])
    true[1] = 1 - true.sum()
    error = float(((true - promised) ** 2).sum())
    draws = [clustered_pit_error(alike(rng, true, 10, 200, icc), levels) for _ in range(300)]
    assert np.mean([bounds(draw, 0.05)[1] < error for draw in draws]) <= 0.05


def test_clusters_nearly_without_targets_in_a_rare_cell_tell_little() -> None:
    """Ten clusters of one outer target say no more than ten units that are none."""
    blocks, levels = np.array([[0, 500, 0]] * 9 + [[1, 499, 0]]), (0.025, 0.975)
    upper = bounds(clustered_pit_error(blocks, levels), 0.05)[1]
    assert upper >= bounds(pit_error([0, 10, 0], levels), 0.05)[1]
    assert effective_units(blocks, levels) < 15
    assert effective_units([[0, 500, 0]] * 10, levels) == pytest.approx(10)


def test_effective_units_are_those_of_independent_ones() -> None:
    rng = np.random.default_rng(8)
    found = {}
    for icc in (0.02, 0.2, 0.9):
        drawn = [effective_units(alike(rng, NARROW, 60, 20, icc), LEVELS) for _ in range(30)]
        # Clusters of which some share a block are as good as fewer of equal size.
        found[icc] = np.mean(drawn) / (1200 / (1 + 19 * icc))
    assert found[0.02] == pytest.approx(0.75, abs=0.25)
    assert found[0.2] == pytest.approx(0.9, abs=0.2)
    assert found[0.9] == pytest.approx(1, abs=0.2)


def test_effective_units_know_no_scale() -> None:
    blocks = np.random.default_rng(2).gamma(2.0, size=(30, 4))
    one, other = (effective_units(scale * blocks, LEVELS) for scale in (1, 1000))
    assert one == pytest.approx(other, rel=1e-9)
    with pytest.raises(ValueError, match="weigh as much as"):
        effective_units([[9, 9, 9, 9], [0, 0, 0, 0]], LEVELS)


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        ([1, 2, 3, 4], r"counts of \[blocks, cells\]"),
        (np.zeros((5, 4)), "weigh as much as 0.0 equal ones"),
        ([[9, 9, 9, 9], [0, 0, 0, 0]], "weigh as much as 1.0 equal ones"),
        ([[90, 90, 90, 90], [0, 1, 0, 0]], "weigh as much as 1.0 equal ones"),
    ],
)
def test_too_few_blocks_are_refused(blocks, said) -> None:
    with pytest.raises(ValueError, match=said):
        clustered_pit_error(blocks, LEVELS)
