"""The exact interval of a proportion against a peer and against the binomial law itself."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from scipy.special import betaln
from scipy.stats import binom
from statsmodels.stats.proportion import proportion_confint

from auditkit.statistics.binomial_exact import clopper_pearson_bounds
from auditkit.statistics.critical import WIDEST, critical_value, minus_log_tail
from auditkit.statistics.estimates import bounds, exact_proportion, proportion


@pytest.mark.parametrize("n", [1, 7, 20, 400, 100_000])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.97, 1.0])
def test_the_bounds_are_those_of_statsmodels(n: int, share: float) -> None:
    successes = round(share * n)
    ours = clopper_pearson_bounds(successes, n, critical_value(0.05))
    theirs = proportion_confint(successes, n, alpha=0.1, method="beta")
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("n", "share"), [(20, 0.03), (20, 0.5), (200, 0.97), (50, 0.9)])
def test_the_bounds_miss_at_most_as_often_as_they_say(n: int, share: float) -> None:
    """Exactly, from the binomial law; Wilson's do not promise it."""
    above = below = 0.0
    for successes in range(n + 1):
        low, high = bounds(exact_proportion(successes, n), 0.05)
        above += (low > share) * binom.pmf(successes, n, share)
        below += (high < share) * binom.pmf(successes, n, share)
    assert above <= 0.05 + 1e-12
    assert below <= 0.05 + 1e-12


@pytest.mark.parametrize(("successes", "n"), [(0, 20), (20, 20), (13, 400), (0.5, 3.5)])
def test_the_bounds_fall_and_rise_with_z_from_the_share(successes: float, n: float) -> None:
    steps = [0.0, 1e-9, 0.01, 0.5, 1.0, 1.6448, 3.0, 10.0, WIDEST]
    ends = [clopper_pearson_bounds(successes, n, z) for z in steps]
    assert ends[0] == (successes / n, successes / n)
    for (low, high), (lower, higher) in pairwise(ends):
        assert lower <= low
        assert high <= higher
    assert ends[-1][0] >= 0
    assert ends[-1][1] <= 1


@pytest.mark.parametrize(("successes", "n"), [(2.5, 7.25), (5.364, 36), (3, 400), (7.4, 7.5)])
def test_far_out_the_bound_still_has_the_probability_asked_for(successes: float, n: float) -> None:
    for z in (26.0, 29.0, 32.0, 35.0, WIDEST):
        low, _ = clopper_pearson_bounds(successes, n, z)
        # P(at least so many) by the first term of its series, all that is left at such a p.
        tail = (
            successes * math.log(low) - math.log(successes) - betaln(successes, n - successes + 1)
        )
        assert tail == pytest.approx(-minus_log_tail(z), rel=1e-9)


def test_they_are_wider_than_wilsons_at_the_ends() -> None:
    assert bounds(exact_proportion(0, 50), 0.05)[1] > bounds(proportion(0, 50), 0.05)[1]
    assert bounds(exact_proportion(0, 50), 0.05)[1] == pytest.approx(1 - 0.05 ** (1 / 50))


def test_impossible_counts_are_refused() -> None:
    for found, message in (((3, 2), "more than n"), ((1, 0), "above 0"), ((math.nan, 5), "finite")):
        with pytest.raises(ValueError, match=message):
            exact_proportion(*found)
