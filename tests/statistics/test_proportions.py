"""Score intervals against statsmodels, literal twins, and what must hold at the extremes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import binom, norm
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from auditkit.statistics.proportions import (
    f1_bounds,
    koopman_bounds,
    koopman_score,
    mean_of_wilson_bounds,
    newcombe_bounds,
    paired_difference_bounds,
    paired_score,
    wilson_bounds,
)

Z95 = norm.isf(0.025)
TABLES = [(7, 34, 1, 34), (56, 70, 48, 80), (9, 10, 3, 10), (5, 56, 40, 290), (20, 40, 500, 2000)]
DEVIATES = st.floats(0, 37)


@st.composite
def proportions(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(st.sampled_from([1, 2, 7, 40, 1000, 10**6, 10**9]))
    return draw(st.one_of(st.sampled_from([0, n]), st.integers(0, n))), n


@pytest.mark.parametrize("n", [1, 5, 20, 333])
@pytest.mark.parametrize("alpha", [0.1, 0.05, 1e-4])
def test_wilson_is_that_of_statsmodels(n: int, alpha: float) -> None:
    for successes in range(n + 1):
        ours = wilson_bounds(successes, n, norm.isf(alpha / 2))
        theirs = proportion_confint(successes, n, alpha=alpha, method="wilson")
        assert ours == pytest.approx(theirs, abs=1e-13)


@pytest.mark.parametrize("table", TABLES)
def test_newcombe_is_that_of_statsmodels(table) -> None:
    theirs = confint_proportions_2indep(*table, method="newcomb", compare="diff")
    assert newcombe_bounds(*table, Z95) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("table", TABLES)
def test_koopman_is_that_of_statsmodels(table) -> None:
    theirs = confint_proportions_2indep(*table, method="score", compare="ratio", correction=False)
    assert koopman_bounds(*table, Z95) == pytest.approx(theirs, rel=1e-8)


def literal_koopman_score(x1, n1, x2, n2, ratio: float) -> float:
    """The score with the constrained likelihood maximised by search."""
    top = min(1.0, 1 / ratio)

    def loss(p2: float) -> float:
        return -binom.logpmf(x1, n1, min(ratio * p2, 1.0)) - binom.logpmf(x2, n2, p2)

    p2 = minimize_scalar(loss, bounds=(0, top), method="bounded", options={"xatol": 1e-13}).x
    p1 = ratio * p2
    variance = p1 * (1 - p1) / n1 + ratio**2 * p2 * (1 - p2) / n2
    return (x1 / n1 - ratio * x2 / n2) / math.sqrt(variance)


@pytest.mark.parametrize("table", [*TABLES, (0, 20, 400, 2000), (19, 20, 19, 20), (3, 20, 0, 30)])
@pytest.mark.parametrize("ratio", [0.3, 0.8, 1.25, 3.0])
def test_the_score_of_a_ratio_is_its_definition(table, ratio: float) -> None:
    literal = literal_koopman_score(*table, ratio)
    assert koopman_score(*table, math.log(ratio)) == pytest.approx(literal, rel=1e-5, abs=1e-6)


# Under z = 1 a ratio of all to all of a billion differs from 1 by too few bits to be put back.
@given(proportions(), proportions(), st.floats(1, 37))
def test_the_ends_of_koopman_solve_the_score(first, second, z: float) -> None:
    table = (*first, *second)
    low, high = koopman_bounds(*table, z)
    assert 0 <= low <= high
    if low > 0 and math.isfinite(low):
        assert koopman_score(*table, math.log(low)) == pytest.approx(z, rel=1e-4)
    if 0 < high < math.inf:
        assert koopman_score(*table, math.log(high)) == pytest.approx(-z, rel=1e-4)


@given(proportions(), proportions(), DEVIATES)
def test_a_ratio_and_its_inverse_agree(first, second, z: float) -> None:
    low, high = koopman_bounds(*first, *second, z)
    inverse_low, inverse_high = koopman_bounds(*second, *first, z)
    if low > 0 and math.isfinite(low):
        assert 1 / low == pytest.approx(inverse_high, rel=1e-9)
    if high > 0 and math.isfinite(high):
        assert 1 / high == pytest.approx(inverse_low, rel=1e-9)


def test_zeros_in_a_ratio() -> None:
    assert koopman_bounds(0, 20, 0, 30, 1.6) == (0.0, math.inf)
    low, high = koopman_bounds(0, 20, 300, 1000, 1.6)
    assert low == 0
    assert 0 < high < 1
    low, high = koopman_bounds(5, 20, 0, 30, 1.6)
    assert low > 0
    assert high == math.inf


def test_a_ratio_of_all_to_all_is_not_lost_in_rounding() -> None:
    n, z = 10**9, 1.6448536269514722
    low, high = koopman_bounds(n, n, n, n, z)
    assert high - 1 == pytest.approx(z**2 / n, rel=1e-6)
    assert 1 - low == pytest.approx(z**2 / n, rel=1e-6)


@given(proportions(), DEVIATES, DEVIATES)
def test_wilson_widens_with_z_and_stays_in_range(proportion, one: float, other: float) -> None:
    x, n = proportion
    narrow, wide = sorted((one, other))
    low, high = wilson_bounds(x, n, narrow)
    lower, higher = wilson_bounds(x, n, wide)
    assert 0 <= lower <= low <= x / n <= high <= higher <= 1
    assert (low == 0) == (x == 0)
    assert (high == 1) == (x == n) or 1 - high < 1e-15


@given(proportions(), st.floats(0.01, 37))
def test_wilson_solves_its_equation(proportion, z: float) -> None:
    x, n = proportion
    for p in wilson_bounds(x, n, z):
        if 1e-6 < p < 1 - 1e-6:
            assert abs(x / n - p) == pytest.approx(z * math.sqrt(p * (1 - p) / n), rel=1e-6)


def test_wilson_keeps_its_digits_at_the_ends() -> None:
    n, z = 10**9, 37.0
    assert wilson_bounds(0, n, z) == (0.0, pytest.approx(z**2 / (n + z**2), rel=1e-14))
    low, high = wilson_bounds(n, n, z)
    assert (1 - low, high) == (pytest.approx(z**2 / (n + z**2), rel=1e-9), 1.0)


def test_balanced_accuracy_of_one_class_is_wilson() -> None:
    assert mean_of_wilson_bounds([30], [40], Z95) == pytest.approx(wilson_bounds(30, 40, Z95))


def test_mover_of_two_is_half_of_newcombe_mirrored() -> None:
    # p1 + p2 = p1 − (1 − p2) + 1, and the limits of 1 − p2 are those of p2 mirrored.
    low, high = newcombe_bounds(30, 40, 12, 50, Z95)
    mirrored = mean_of_wilson_bounds([30, 38], [40, 50], Z95)
    assert mirrored == pytest.approx(((low + 1) / 2, (high + 1) / 2))


@given(st.integers(0, 500), st.integers(0, 500), DEVIATES)
def test_f1_lies_in_its_bounds(hits: int, errors: int, z: float) -> None:
    if hits + errors == 0:
        return
    low, high = f1_bounds(hits, errors, z)
    value = 2 * hits / (2 * hits + errors)
    assert 0 <= low <= value + 1e-15
    assert value - 1e-15 <= high <= 1


def literal_tango_score(wins: int, losses: int, n: int, difference: float) -> float:
    """The score with the constrained likelihood maximised by search over the share of losses."""

    def term(count: float, share: float) -> float:
        return 0.0 if count == 0 else count * math.log(max(share, 1e-300))

    def loss(share: float) -> float:
        return -(
            term(wins, share + difference)
            + term(losses, share)
            + term(n - wins - losses, 1 - 2 * share - difference)
        )

    ends = (max(0.0, -difference), (1 - difference) / 2)
    share = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-13}).x
    variance = n * (2 * share + difference * (1 - difference))
    return (wins - losses - n * difference) / math.sqrt(variance)


@pytest.mark.parametrize("table", [(4, 2, 44), (10, 3, 60), (1, 0, 30), (0, 7, 30), (25, 5, 30)])
@pytest.mark.parametrize("difference", [-0.4, -0.05, 0.0, 0.1, 0.6])
def test_the_score_of_a_paired_difference_is_its_definition(table, difference: float) -> None:
    ours = paired_score(*table, difference)
    assert ours == pytest.approx(literal_tango_score(*table, difference), rel=1e-4, abs=1e-5)


def test_the_paired_score_of_no_difference_is_mcnemars() -> None:
    assert paired_score(15, 5, 100, 0.0) == pytest.approx((15 - 5) / math.sqrt(20))


@pytest.mark.parametrize("table", [(4, 2, 44), (0, 0, 44), (44, 0, 44), (0, 44, 44), (3, 0, 10**9)])
def test_paired_bounds_solve_the_score(table) -> None:
    wins, losses, n = table
    low, high = paired_difference_bounds(*table, 1.645)
    point = (wins - losses) / n
    assert -1 <= low <= point <= high <= 1
    mirrored = paired_difference_bounds(losses, wins, n, 1.645)
    assert (-high, -low) == pytest.approx(mirrored)
    if -1 < point < 1:
        solved = brentq(lambda d: paired_score(*table, d) + 1.645, point, 1 - 1e-12, xtol=1e-15)
        assert high == pytest.approx(solved, rel=1e-6)


def test_effective_counts_may_be_fractions() -> None:
    between = koopman_bounds(3.5, 20.5, 40.5, 100.5, Z95)
    around = [koopman_bounds(x, 20.5, 40.5, 100.5, Z95) for x in (3, 4)]
    assert np.all(np.array(around[0]) < between)
    assert np.all(np.array(between) < around[1])
