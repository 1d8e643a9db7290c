"""Weighted rates: the linearised variance, and coverage where weights go with the outcome."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.weightstats import DescrStatsW

from auditkit.statistics.estimates import bounds, proportion
from auditkit.statistics.weighting import Weights, weighted_counts, weighted_df


def added(weights: np.ndarray) -> Weights:
    return Weights(float(weights.sum()), float((weights**2).sum()), len(weights))


def counted(weights: np.ndarray, outcome: np.ndarray) -> tuple[float, float]:
    return weighted_counts(added(weights[outcome]), added(weights[~outcome]))


def test_the_variance_is_the_linearised_one() -> None:
    generator = np.random.default_rng(0)
    outcome = generator.random(500) < 0.3
    weights = generator.lognormal(0, 1, 500) * np.where(outcome, 3.0, 1.0)
    x, n = counted(weights, outcome)
    share = DescrStatsW(outcome.astype(float), weights=weights).mean
    assert x / n == pytest.approx(share, rel=1e-12)
    residuals = weights * (outcome - share)
    assert share * (1 - share) / n == pytest.approx(
        (residuals**2).sum() / weights.sum() ** 2, rel=1e-12
    )


def test_equal_weights_are_counts() -> None:
    outcome = np.arange(100) < 30
    assert counted(np.full(100, 2.5), outcome) == pytest.approx((30, 100))


def test_the_scale_of_the_weights_does_not_matter() -> None:
    generator = np.random.default_rng(1)
    weights, outcome = generator.lognormal(0, 1, 200), generator.random(200) < 0.2
    assert counted(weights, outcome) == pytest.approx(counted(1000 * weights, outcome))


def test_units_that_all_agree_have_the_size_of_kish() -> None:
    weights = np.array([1.0, 2.0, 3.0])
    assert counted(weights, np.zeros(3, bool)) == (0, pytest.approx(36 / 14))
    assert counted(weights, np.ones(3, bool)) == pytest.approx((36 / 14, 36 / 14))


@pytest.mark.parametrize(
    ("hits", "misses", "message"),
    [
        ((-1, 1), (1, 1), "sums of hits must be finite and at least 0, found -1 and 1"),
        ((1, 1), (math.inf, 1), "sums of misses must be finite"),
        ((1, 1), (2, math.nan), "sums of misses must be finite"),
        ((1, 0), (2, 2), "no weights of hits have the sum 1 and the squares 0"),
        ((0, 0), (0, 0), "the weights add up to 0"),
    ],
)
def test_impossible_sums_are_refused(hits, misses, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        weighted_counts(Weights(*hits), Weights(*misses))


def coverage(informative: float, n: int, repetitions: int = 400) -> tuple[float, float]:
    """Of 95 % intervals by the linearised size, and by Kish's size of all units.

    Units are drawn with a chance inversely proportional to their weight; those with the outcome
    weigh `informative` times as much. Their true share is .2.
    """
    generator = np.random.default_rng([7, n, int(10 * informative)])
    covered = np.zeros(2)
    # Among those drawn the outcome is rarer by the factor that it weighs more.
    drawn = 0.2 / informative / (0.2 / informative + 0.8)
    for _ in range(repetitions):
        outcome = generator.random(n) < drawn
        weights = generator.gamma(2, size=n) * np.where(outcome, informative, 1.0)
        x, size = counted(weights, outcome)
        whole = added(weights).size
        for place, (successes, trials) in enumerate([(x, size), (x / size * whole, whole)]):
            low, high = bounds(proportion(successes, trials), 0.025)
            covered[place] += low <= 0.2 <= high
    ours, kish = covered / repetitions
    return float(ours), float(kish)


@pytest.mark.parametrize("n", [200, 1000])
@pytest.mark.parametrize("informative", [0.25, 1.0, 4.0])
def test_the_interval_covers(informative: float, n: int) -> None:
    assert 0.925 <= coverage(informative, n)[0] <= 0.98


def test_the_size_of_kish_is_wrong_where_weights_go_with_the_outcome() -> None:
    assert coverage(4.0, 1000)[1] < 0.9
    assert 0.925 <= coverage(1.0, 1000)[1] <= 0.98


def test_a_few_heavy_units_have_few_degrees_of_freedom_and_cover() -> None:
    generator = np.random.default_rng(3)
    covered = naive = 0
    for _ in range(400):
        outcome = generator.random(200) < 0.3
        weights = np.exp(2 * generator.standard_normal(200))
        parts = [added(weights[outcome]), added(weights[~outcome])]
        counts = weighted_counts(*parts)
        low, high = bounds(proportion(*counts, df=weighted_df(*parts)), 0.025)
        covered += low <= 0.3 <= high
        low, high = bounds(proportion(*counts), 0.025)
        naive += low <= 0.3 <= high
    assert covered / 400 >= 0.91
    assert naive / 400 < 0.9
