"""Cramér's V: against SciPy's plain one, its bias, its bounds in simulation, and in clusters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats.contingency import association

from auditkit.statistics.association import clustered_cramers_v, cramers_v
from auditkit.statistics.estimates import bounds, value

TABLE = np.array([[40, 10, 3], [10, 40, 8], [5, 9, 30], [2, 2, 2]])


def bergsma(table: np.ndarray) -> float:
    """The literal twin."""
    r, k = table.shape
    n = table.sum()
    phi_squared = association(table, method="cramer") ** 2 * (min(r, k) - 1)
    corrected = max(0.0, phi_squared - (r - 1) * (k - 1) / (n - 1))
    r_corrected, k_corrected = (size - (size - 1) ** 2 / (n - 1) for size in (r, k))
    return math.sqrt(corrected / min(r_corrected - 1, k_corrected - 1))


@pytest.mark.parametrize("table", [TABLE, TABLE.T, TABLE * 7, np.array([[9, 1], [2, 8]])])
def test_as_bergsma(table: np.ndarray) -> None:
    assert value(cramers_v(table)) == pytest.approx(bergsma(table), rel=1e-12)


@given(arrays.arrays(np.int64, (4, 3), elements=st.integers(1, 60)))
def test_any_table_and_its_transpose(table: np.ndarray) -> None:
    found = cramers_v(table)
    assert value(found) == pytest.approx(bergsma(table), abs=1e-7)
    assert value(cramers_v(table.T)) == pytest.approx(value(found))
    low, high = bounds(found, 0.05)
    assert 0 <= low <= value(found) <= high <= 1


def test_levels_without_units_are_no_levels() -> None:
    padded = np.zeros((6, 5), dtype=int)
    padded[:4, 1:4] = TABLE
    assert value(cramers_v(padded)) == pytest.approx(bergsma(TABLE))


def test_the_extremes() -> None:
    assert value(cramers_v([[30, 30], [30, 30]])) == 0.0
    all_told = cramers_v([[50, 0], [0, 50]])
    assert value(all_told) == pytest.approx(1.0)
    # Nothing shows by how much other units would differ.
    assert bounds(all_told, 0.05) == (0.0, 1.0)


@pytest.mark.parametrize("table", [[[3, 4]], [[3, 0], [4, 0]], [[0, 0], [0, 0]], [[1, 0], [0, 1]],
                                   [[-1, 2], [2, 3]], [1, 2]])  # fmt: skip
def test_what_has_no_association(table: list) -> None:
    with pytest.raises(ValueError, match=r"two levels|too few|a table of counts"):
        cramers_v(table)


def mixture(r: int, k: int, share: float) -> tuple[np.ndarray, float]:
    """Shares of cells, part of them on the diagonal, and their V."""
    ends = [np.arange(size + 1) / size for size in (r, k)]
    diagonal = np.clip(
        np.minimum(ends[0][1:, None], ends[1][1:]) - np.maximum(ends[0][:-1, None], ends[1][:-1]),
        0, None,
    )  # fmt: skip
    p = (1 - share) / (r * k) + share * diagonal
    phi_squared = ((p - 1 / (r * k)) ** 2).sum() * r * k
    return p, math.sqrt(phi_squared / (min(r, k) - 1))


@pytest.mark.parametrize("shape", [(2, 2), (16, 2), (16, 5)])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.8])
def test_both_bounds_hold_in_simulations(shape: tuple[int, int], share: float) -> None:
    # 400 tables of 1,000 units: a standard error of .011 at the nominal .05.
    p, true = mixture(*shape, share)
    draws = np.random.default_rng(3).multinomial(1000, p.ravel(), size=400)
    found = [bounds(cramers_v(draw.reshape(shape)), 0.05) for draw in draws]
    low, high = np.array(found).T
    assert (low > true + 1e-12).mean() <= 0.09
    assert (high < true - 1e-12).mean() <= 0.09


def test_chance_alone_is_taken_off() -> None:
    p, _ = mixture(16, 5, 0.0)
    draws = np.random.default_rng(0).multinomial(500, p.ravel(), size=200).reshape(-1, 16, 5)
    plain = [association(draw, method="cramer") for draw in draws]
    assert np.mean(plain) > 0.15
    assert np.mean([value(cramers_v(draw)) for draw in draws]) < 0.04


def clustered(rng: np.random.Generator, clusters: int, size: int) -> np.ndarray:
    """Counts by block of clusters whose rows are all alike, of independent attributes."""
    blocks = np.zeros((64, 3, 2), dtype=np.int64)
    for cluster in range(clusters):
        blocks[cluster % 64, rng.integers(3), rng.integers(2)] += size
    return blocks


def test_rows_that_repeat_each_other_are_no_evidence() -> None:
    rng = np.random.default_rng(1)
    found = [clustered(rng, 200, 10) for _ in range(200)]
    naive = np.mean([bounds(cramers_v(one.sum(axis=0)), 0.05)[0] > 0 for one in found])
    aware = np.mean([bounds(clustered_cramers_v(one), 0.05)[0] > 0 for one in found])
    assert naive > 0.35
    assert aware <= 0.09


def test_clusters_of_one_row_are_rows() -> None:
    rng = np.random.default_rng(2)
    blocks = rng.multinomial(30, (TABLE / TABLE.sum()).ravel(), size=64).reshape(64, 4, 3)
    one, other = cramers_v(blocks.sum(axis=0)), clustered_cramers_v(blocks)
    assert value(one) == pytest.approx(value(other))
    widths = [np.diff(bounds(each, 0.05))[0] for each in (one, other)]
    assert widths[1] == pytest.approx(widths[0], rel=0.3)
