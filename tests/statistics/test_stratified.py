"""Pooled ratios and differences: against statsmodels, in coverage, and where they are undefined."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable

from auditkit.statistics.estimates import bounds, value
from auditkit.statistics.stratified import (
    difference_of,
    pooled_difference,
    pooled_ratio,
    ratio_of,
)

N1, N2 = np.array([30, 40, 20, 4]), np.array([100, 60, 40, 5])
P2 = np.array([0.1, 0.3, 0.5, 0.4])


def test_the_ratio_is_that_of_statsmodels() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        x1, x2 = rng.binomial(N1, P2), rng.binomial(N2, P2)
        tables = [
            np.array([[a, n - a], [b, m - b]]) for a, n, b, m in zip(x1, N1, x2, N2, strict=True)
        ]
        expected = StratifiedTable(tables).riskratio_pooled
        assert value(pooled_ratio(x1, N1, x2, N2)) == pytest.approx(expected)
        state = np.stack([x1, N1, x2, N2], axis=1).astype(float)
        assert ratio_of(state) == pytest.approx(expected)
        gap = pooled_difference(x1, N1, x2, N2)
        assert difference_of(state) == pytest.approx(value(gap))


def test_one_stratum_is_the_plain_comparison() -> None:
    assert value(pooled_ratio([10], [50], [40], [100])) == pytest.approx(0.5)
    assert value(pooled_difference([10], [50], [40], [100])) == pytest.approx(-0.2)


@pytest.mark.parametrize("strata", ["few large", "many small"])
def test_intervals_cover(strata: str) -> None:
    repeat = 1 if strata == "few large" else 10
    shrink = 1 if strata == "few large" else 5
    n1, n2 = np.tile(N1 // shrink + 1, repeat), np.tile(N2 // shrink + 1, repeat)
    p2 = np.tile(P2, repeat)
    rng = np.random.default_rng(1)
    hits = np.zeros(2)
    for _ in range(400):
        x1, x2 = rng.binomial(n1, 0.8 * p2), rng.binomial(n2, p2)
        low, high = bounds(pooled_ratio(x1, n1, x2, n2), 0.05)
        hits[0] += low <= 0.8 <= high
        low, high = bounds(pooled_difference(rng.binomial(n1, p2 - 0.05), n1, x2, n2), 0.05)
        hits[1] += low <= -0.05 <= high
    assert ((hits >= 342) & (hits <= 378)).all()  # 90 % of 400: within 3 standard errors


def test_strata_of_one_group_say_nothing() -> None:
    assert pooled_ratio([5, 7], [20, 9], [8, 0], [20, 0]) == pooled_ratio([5], [20], [8], [20])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1], [5], [1], [0]), "successes must lie between 0 and n"),
        (([0], [0], [1], [5]), "no stratum holds units of both groups"),
        (([0], [9], [1], [5]), "needs successes of both groups"),
        (([1, 2], [5, 5], [1], [5]), "four rows of one length"),
    ],
)
def test_what_is_no_comparison_is_refused(arguments: tuple[list[int], ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pooled_ratio(*arguments)


def test_undefined_states_are_nan() -> None:
    assert math.isnan(ratio_of(np.array([[1.0, 5.0, 0.0, 5.0]])))
    assert math.isnan(difference_of(np.array([[1.0, 5.0, 0.0, 0.0]])))
