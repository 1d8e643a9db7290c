"""PIT errors: against literal twins over pairs of units, their bounds simulated."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from auditkit.statistics.estimates import bounds, exact, proportion, value
from auditkit.statistics.pit import (
    beyond_promise,
    expected_shares,
    pit_bars,
    pit_error,
)
from auditkit.statistics.proportions import wilson_bounds

LEVELS = (0.05, 0.5, 0.95)
PROMISED = expected_shares(LEVELS)
NARROW = np.array([0.12, 0.38, 0.38, 0.12])


def literal(counts: list[int], levels: tuple[float, ...]) -> float:
    """The mean over all pairs of units of (e_i − p)·(e_j − p)."""
    promised = np.diff([0, *levels, 1])
    units = [
        np.eye(len(counts))[cell] - promised for cell, n in enumerate(counts) for _ in range(n)
    ]
    return float(np.mean([a @ b for a, b in combinations(units, 2)]))


@given(st.lists(st.integers(0, 6), min_size=4, max_size=4).filter(lambda c: sum(c) > 1))
def test_the_error_is_the_mean_over_pairs(counts: list[int]) -> None:
    assert value(pit_error(counts, LEVELS)) == pytest.approx(literal(counts, LEVELS), abs=1e-12)


@pytest.mark.parametrize("true", [PROMISED, NARROW], ids=["as promised", "too narrow"])
def test_the_bounds_cover(true: np.ndarray) -> None:
    """One-sided 95 % bounds; a lower bound may miss somewhat more often, the error being skewed."""
    rng = np.random.default_rng(5)
    error = float(((true - PROMISED) ** 2).sum())
    draws = [pit_error(counts, LEVELS) for counts in rng.multinomial(400, true, size=400)]
    ends = np.array([bounds(draw, 0.05) for draw in draws])
    assert np.mean([value(draw) for draw in draws]) == pytest.approx(error, abs=6e-4)
    assert (ends[:, 0] > error).mean() <= 0.10
    assert (ends[:, 1] < error).mean() <= 0.08


def test_the_standard_deviation_is_that_of_the_errors() -> None:
    rng = np.random.default_rng(6)
    draws = [pit_error(counts, LEVELS) for counts in rng.multinomial(1000, NARROW, size=400)]
    errors, sds = [value(draw) for draw in draws], [draw.parameters["sd"] for draw in draws]
    assert np.mean(sds) == pytest.approx(np.std(errors), rel=0.1)


def test_targets_that_agree_are_no_certainty() -> None:
    low, high = bounds(pit_error([30, 0, 0, 0], LEVELS), 0.05)
    assert low < value(pit_error([30, 0, 0, 0], LEVELS)) < high
    held = pit_error([0, 0, 30, 0], LEVELS)
    assert bounds(held, 0.05)[1] > value(held)


@pytest.mark.parametrize(
    ("counts", "levels", "said"),
    [
        ([1, 0, 0, 0], LEVELS, "at least two units"),
        ([3, 4, 5], LEVELS, "3 levels make 4 cells"),
        ([[1, 2, 3, 4]], LEVELS, "a row of counts"),
        ([1, -2, 3, 4], LEVELS, "not negative"),
        ([1, np.nan, 3, 4], LEVELS, "finite"),
        ([1, 2, 3], (0.9, 0.1), "levels must rise"),
    ],
)
def test_what_is_no_histogram_is_refused(counts, levels, said) -> None:
    with pytest.raises(ValueError, match=said):
        pit_error(counts, levels)


@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_what_goes_beyond_a_promise_has_the_bounds_of_the_share(alpha: float) -> None:
    share = proportion(83, 100)
    gap = beyond_promise(share, 0.9)
    assert value(gap) == pytest.approx(-0.07)
    for end, shifted in zip(bounds(share, alpha), bounds(gap, alpha), strict=True):
        assert shifted == pytest.approx(end - 0.9, abs=1e-12)
    assert value(beyond_promise(exact(0.5), 0.5)) == 0


def test_bars_have_wilsons_intervals_and_binomial_bands() -> None:
    counts = [30, 180, 170, 20]
    bars = pit_bars(counts, LEVELS)
    assert [(bar.low_level, bar.high_level) for bar in bars] == [
        (0, 0.05), (0.05, 0.5), (0.5, 0.95), (0.95, 1),
    ]  # fmt: skip
    for bar, n, share in zip(bars, counts, PROMISED, strict=True):
        assert (bar.n, bar.observed) == (n, n / 400)
        assert bar.expected == pytest.approx(share)
        assert (bar.low, bar.high) == pytest.approx(wilson_bounds(n, 400, 1.6448536269514722))
        inside = binom.cdf(bar.band_high * 400, 400, share)
        inside -= binom.cdf(bar.band_low * 400 - 1, 400, share)
        assert 0.9 <= inside < 0.95
    with pytest.raises(ValueError, match="with units"):
        pit_bars([0, 0, 0, 0], LEVELS)
