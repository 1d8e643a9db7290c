"""Quantiles of series: what they are, whether their bounds hold, and what a series is worth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom, norm

from auditkit.statistics.estimates import bounds, p_at_most, value
from auditkit.statistics.order_statistics import quantile
from auditkit.statistics.serial import effective_number

SHARES = pytest.mark.parametrize("share", [0.5, 0.95, 0.99])


def _smooth(rng: np.random.Generator, n: int, kept: float) -> np.ndarray:
    """A series of standard normal values of which neighbours have the correlation `kept`."""
    noise = rng.normal(size=n) * math.sqrt(1 - kept**2)
    series = np.empty(n)
    series[0] = rng.normal()
    for step in range(1, n):
        series[step] = kept * series[step - 1] + noise[step]
    return series


@SHARES
@pytest.mark.parametrize("n", [5, 40, 400])
def test_the_value_is_the_inverted_distribution_function(share: float, n: int) -> None:
    values = np.random.default_rng(n).normal(size=n)
    assert value(quantile(values, share)) == np.quantile(values, share, method="inverted_cdf")


def _worth(n: float, values: np.ndarray, share: float, alpha: float) -> tuple[float, float]:
    """The bounds by counting, literally."""
    ordered = np.sort(values)
    low = max((k for k in range(1, 401) if binom.cdf(k - 1, n, share) <= alpha), default=0)
    high = min((k for k in range(1, 401) if binom.sf(k - 1, n, share) <= alpha), default=0)
    return (ordered[low - 1] if low else -math.inf, ordered[high - 1] if high else math.inf)


@SHARES
@pytest.mark.parametrize("alpha", [0.05, 0.025, 1e-4])
def test_the_bounds_are_the_order_statistics_of_the_binomial_law(
    share: float, alpha: float
) -> None:
    values = np.random.default_rng(1).exponential(size=400)
    one = quantile(values, share)
    independent = type(one)("quantile", {**one.parameters, "n": 400.0})
    assert bounds(independent, alpha) == _worth(400, values, share, alpha)


def test_few_values_leave_the_far_quantile_open() -> None:
    values = np.random.default_rng(2).normal(size=100)
    low, high = bounds(quantile(values, 0.99), 0.05)
    assert math.isfinite(low)
    assert high == math.inf
    assert p_at_most(quantile(values, 0.99), 100.0) > 0.5


@SHARES
@pytest.mark.parametrize("kept", [0.0, 0.8])
def test_bounds_miss_as_rarely_as_they_say(share: float, kept: float) -> None:
    """400 series of 400 values, alike or not; three standard errors of 5 % are 3.3 points."""
    rng, truth = np.random.default_rng(7), norm.ppf(share)
    below = above = 0
    for _ in range(400):
        low, high = bounds(quantile(_smooth(rng, 400, kept), share), 0.05)
        below += high < truth
        above += low > truth
    # Of values that are alike the far quantile is seen a few times only: a point more is left.
    allowed = 0.083 if kept == 0 else 0.1
    assert below / 400 <= allowed
    assert above / 400 <= allowed


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.9])
def test_a_series_is_worth_what_its_correlation_leaves(kept: float) -> None:
    rng = np.random.default_rng(3)
    found = np.mean([effective_number(_smooth(rng, 1000, kept)) for _ in range(60)])
    assert found == pytest.approx(1000 * (1 - kept) / (1 + kept), rel=0.25)


def test_a_series_that_does_not_vary_is_taken_as_it_is() -> None:
    assert effective_number(np.ones(30)) == 30
    assert effective_number(np.array([1.0, 2.0, 3.0])) == 3


@pytest.mark.parametrize(
    ("values", "share", "message"),
    [([], 0.5, "at least one value"), ([math.nan], 0.5, "finite"), ([1.0], 1.0, "share must lie")],
)
def test_what_has_no_quantile(values: list[float], share: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        quantile(values, share)
