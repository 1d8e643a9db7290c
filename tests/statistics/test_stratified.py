"""Pooled ratios and differences: against statsmodels, in coverage, and where they are undefined."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import bounds, p_at_most, proportion_ratio, value
from auditkit.statistics.rates import Rate
from auditkit.statistics.stratified import (
    pooled_difference,
    pooled_difference_of_rates,
    pooled_ratio,
    pooled_ratio_of_rates,
)
from auditkit.statistics.stratified_scores import (
    Strata,
    _likely_under_difference,
    _likely_under_ratio,
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
        low, high = bounds(pooled_ratio(x1, N1, x2, N2), 0.05)
        assert low < expected < high


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
        (([3], [9], [0], [5]), "needs successes of the reference"),
        (([1, 2], [5, 5], [1], [5]), "four rows of one length"),
    ],
)
def test_what_is_no_comparison_is_refused(arguments: tuple[list[int], ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pooled_ratio(*arguments)


def test_one_stratum_is_koopman_but_for_its_factor() -> None:
    """Of one large stratum N/(N−1) is about 1; of any number of equal ones it is no different."""
    one = bounds(pooled_ratio([400], [500], [2700], [3000]), 0.025)
    assert one == pytest.approx(bounds(proportion_ratio(400, 500, 2700, 3000), 0.025), rel=1e-4)


def test_the_likeliest_rates_are_those_of_a_search() -> None:
    """The closed forms against the maximum of the likelihood on a fine grid."""
    grid = np.linspace(0, 1, 200_001)[1:-1]
    rng = np.random.default_rng(3)
    for _ in range(20):
        n1, n2 = rng.integers(1, 30, 2)
        x1, x2 = rng.integers(0, n1 + 1), rng.integers(0, n2 + 1)
        strata = Strata.of(
            {"x1": [x1], "n1": [n1], "x2": [x2], "n2": [n2], "weights": [1], "strata": [1]}
        )

        def likelihood(p1: np.ndarray, x1=x1, n1=n1, x2=x2, n2=n2) -> np.ndarray:
            inside = (p1 > 0) & (p1 < 1)
            p = np.where(inside, p1, 0.5)
            found = (
                x1 * np.log(p) + (n1 - x1) * np.log(1 - p)
                + x2 * np.log(grid) + (n2 - x2) * np.log(1 - grid)
            )  # fmt: skip
            return np.where(inside, found, -np.inf)

        for ratio in (0.4, 1.0, 1.7):
            p2, q1, q2 = _likely_under_ratio(strata, ratio, ratio - 1)
            assert p2 == pytest.approx(grid[likelihood(ratio * grid).argmax()], abs=1e-4)
            assert q1 == pytest.approx(1 - ratio * p2, abs=1e-12)
            assert q2 == pytest.approx(1 - p2, abs=1e-12)
        for gap in (-0.3, 0.0, 0.25):
            p1, p2 = _likely_under_difference(strata, gap)
            assert p2 == pytest.approx(grid[likelihood(grid + gap).argmax()], abs=1e-4)
            assert p1 == pytest.approx(p2 + gap, abs=1e-12)


SMALL = [(5, 500, 0.9, 2), (10, 500, 0.9, 4), (20, 500, 0.9, 4), (30, 1000, 0.1, 10),
         (150, 150, 0.9, 75)]  # fmt: skip


@pytest.mark.parametrize(("n1", "n2", "p", "strata"), SMALL)
def test_intervals_of_few_units_cover(n1: int, n2: int, p: float, strata: int) -> None:
    """Nearly all of a few selected: what they lack of misses must not pass for certainty."""
    rng, times, missed = np.random.default_rng(4), 400, np.zeros(2)
    for _ in range(times):
        units1, units2 = (rng.multinomial(n, [1 / strata] * strata) for n in (n1, n2))
        counts = rng.binomial(units1, p), units1, rng.binomial(units2, p), units2
        for place, (pooled, true) in enumerate(((pooled_ratio, 1.0), (pooled_difference, 0.0))):
            low, high = bounds(pooled(*counts), 0.025)
            missed[place] += not low <= true <= high
    # With n1 = 5 and p = .9 few outcomes are possible, and one of them decides about 5 %.
    assert (missed / times <= (0.095 if n1 == 5 else 0.075)).all(), missed


@pytest.mark.parametrize("n1", [5, 10, 20])
def test_a_small_group_does_not_pass_by_chance(n1: int) -> None:
    rng, times = np.random.default_rng(5), 400
    passed = 0
    for _ in range(times):
        units1, units2 = rng.multinomial(n1, [0.25] * 4), rng.multinomial(500, [0.25] * 4)
        one = pooled_ratio(rng.binomial(units1, 0.72), units1, rng.binomial(units2, 0.96), units2)
        passed += p_at_most(one, 0.8) < 0.025
    assert passed / times <= 0.03


def _rates(x: np.ndarray, w: np.ndarray, blocks: np.ndarray | None) -> Rate:
    """The rate of some units, each of its own weight."""
    place = np.zeros(len(x), dtype=int) if blocks is None else blocks
    size = 1 if blocks is None else 64

    def added(values: np.ndarray) -> np.ndarray:
        return np.bincount(place, values, size)

    return Rate(
        added(w * x),
        added(w),
        blocks is not None,
        rows=(added(x), added(np.ones_like(w))),
        squares=(added(w**2 * x), added(w**2)),
    )


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize(("n1", "p"), [(36, 0.9), (40, 0.5)])
def test_intervals_of_weighted_and_of_clustered_units_cover(
    clustered: bool, n1: int, p: float
) -> None:
    rng, times, missed = np.random.default_rng(6), 300, np.zeros(2)
    for _ in range(times):
        sides, strata = [], []
        for n in (n1, 400):
            people = np.arange(n) // (3 if clustered else 1)
            odds = rng.beta(p * 3, (1 - p) * 3, n)[people] if clustered else p
            x = (rng.random(n) < odds).astype(float)
            w = np.ones(n) if clustered else rng.lognormal(0, 0.7, n)
            part = rng.integers(0, 3, n)
            strata += [np.bincount(part, w * x, 3), np.bincount(part, w, 3)]
            sides.append(_rates(x, w, rng.integers(0, 64, n)[people] if clustered else None))
        for place, (pooled, true) in enumerate(
            ((pooled_ratio_of_rates, 1.0), (pooled_difference_of_rates, 0.0))
        ):
            low, high = bounds(pooled(np.stack(strata, axis=1), *sides), 0.025)
            missed[place] += not low <= true <= high
    assert (missed / times <= 0.085).all(), missed


def test_effective_sizes_leave_the_pooled_number_as_it_is() -> None:
    rng = np.random.default_rng(7)
    w, x, part = rng.lognormal(0, 1, 300), rng.random(300) < 0.6, rng.integers(0, 3, 300)
    sides = [np.arange(300) < 100, np.arange(300) >= 100]
    strata = np.stack([np.bincount(part[s], v[s], 3) for s in sides for v in (w * x, w)], axis=1)
    rates = [_rates(x[s].astype(float), w[s], None) for s in sides]
    pooled: list[tuple[Estimate, Estimate]] = [
        (pooled_ratio_of_rates(strata, *rates), pooled_ratio(*strata.T)),
        (pooled_difference_of_rates(strata, *rates), pooled_difference(*strata.T)),
    ]
    for scaled, plain in pooled:
        assert value(scaled) == pytest.approx(value(plain), rel=1e-12)
        assert "df" in scaled.parameters


def test_equal_strata_are_kept_once() -> None:
    many = pooled_ratio([1, 1, 0] * 50, [1] * 150, [1, 1, 1] * 50, [1, 1, 2] * 50)
    assert many.parameters["strata"] == [50, 100]
