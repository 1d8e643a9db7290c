"""Rates, ratios and differences of clustered units: known answers, honest ends, coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import sem, t

from auditkit.statistics.clustered import (
    ClusteredRate,
    clustered_difference,
    clustered_proportion,
    clustered_ratio,
)
from auditkit.statistics.estimates import bounds, p_at_least, proportion_ratio, value
from auditkit.statistics.jackknife import delete_one_block
from auditkit.statistics.weighting import Weights, weighted_counts


def beta_binomial(
    generator: np.random.Generator, n: np.ndarray, rate: float, alike: float = 0.2
) -> np.ndarray:
    strength = 1 / alike - 1
    return generator.binomial(n, generator.beta(rate * strength, (1 - rate) * strength, n.shape))


def pair(seed: int, blocks: int = 30) -> tuple[ClusteredRate, ClusteredRate]:
    """Two groups whose members share blocks of one size."""
    generator = np.random.default_rng(seed)
    own = generator.beta(2, 3, blocks)
    n = np.full(blocks, 25)
    return ClusteredRate(generator.binomial(n, 0.8 * own), n), ClusteredRate(
        generator.binomial(n, own), n
    )


def test_of_blocks_of_one_size_it_is_the_mean_of_block_rates() -> None:
    generator = np.random.default_rng(1)
    n = np.full(20, 30)
    x = beta_binomial(generator, n, 0.4)
    rate = ClusteredRate(x, n)
    spread = rate.share * (1 - rate.share)
    assert spread / rate.effective[1] == pytest.approx(sem(x / n) ** 2, rel=1e-9)
    assert rate.df == pytest.approx(min(19, x.sum() ** 2 / (x**2).sum() - 1), rel=1e-9)
    one = clustered_proportion(rate)
    # Wilson's bounds hold the normal ones with Student's critical value to the first order.
    low, high = bounds(one, 0.05)
    assert high - low == pytest.approx(2 * t.isf(0.05, rate.df) * sem(x / n), rel=0.03)


@pytest.mark.parametrize("compare", [clustered_ratio, clustered_difference])
def test_the_variance_of_a_comparison_is_the_jackknifes(compare) -> None:
    """What the groups share is in it: blocks are left out of both at once."""
    one, reference = pair(2)
    blocks = np.stack([one.hits, one.units, reference.hits, reference.units], axis=1)

    def compared(total: np.ndarray) -> float:
        first, second = total[0] / total[1], total[2] / total[3]
        return float(math.log(first / second) if compare is clustered_ratio else first - second)

    estimate = compare(one, reference)
    parameters = estimate.parameters
    variance = 0.0
    for x, n in (("x1", "n1"), ("x2", "n2")):
        share = parameters[x] / parameters[n]
        slope = 1 / share if compare is clustered_ratio else 1.0
        variance += slope**2 * share * (1 - share) / parameters[n]
    jackknifed = delete_one_block(blocks, compared).parameters["se"] ** 2
    assert variance == pytest.approx(jackknifed, rel=0.03)
    assert value(estimate) == pytest.approx(
        one.share / reference.share if compare is clustered_ratio else one.share - reference.share
    )


def test_shared_blocks_narrow_a_ratio_and_separate_ones_do_not() -> None:
    one, reference = pair(3)
    together = clustered_ratio(one, reference)
    empty = np.zeros(30)
    apart = clustered_ratio(
        ClusteredRate(np.append(one.hits, empty), np.append(one.units, empty)),
        ClusteredRate(np.append(empty, reference.hits), np.append(empty, reference.units)),
    )
    by_itself = proportion_ratio(*one.effective, *reference.effective)
    assert together.parameters["n1"] > 1.5 * one.effective[1]
    assert apart.parameters["n1"] == pytest.approx(one.effective[1], rel=0.02)
    ends = [bounds(estimate, 0.025) for estimate in (together, apart, by_itself)]
    widths = [math.log(high / low) for low, high in ends]
    assert widths[0] < 0.8 * widths[1]
    assert widths[1] == pytest.approx(widths[2], rel=0.05)


def test_groups_that_agree_in_every_block_are_not_certain() -> None:
    n = np.full(20, 10)
    x = np.tile([2, 8], 10)
    low, high = bounds(clustered_ratio(ClusteredRate(x, n), ClusteredRate(x, n)), 0.025)
    independent = bounds(proportion_ratio(100, 200, 100, 200), 0.025)
    assert low < 1 < high
    assert 0.6 < math.log(high / low) / math.log(independent[1] / independent[0]) < 1


def test_a_block_of_hits_leaves_hardly_any_degrees_of_freedom() -> None:
    n = np.full(20, 30)
    x = np.zeros(20)
    x[3] = 28
    one = clustered_ratio(ClusteredRate(x, n), ClusteredRate(np.full(20, 10), n))
    assert one.parameters["df"] < 1.5
    assert one.parameters["x1"] < 1.5
    low, high = bounds(one, 0.025)
    assert low < 0.01
    assert high > 2


@pytest.mark.parametrize("clusters", [None, 40])
def test_none_of_n_is_as_many_as_there_are_clusters(clusters: int | None) -> None:
    n = np.full(16, 25)
    none = ClusteredRate(np.zeros(16), n, clusters)
    assert none.effective == (0, clusters or 16)
    assert none.df == 15
    some = ClusteredRate(beta_binomial(np.random.default_rng(4), n, 0.3), n)
    for estimate, lowest in (
        (clustered_proportion(none), 0.0),
        (clustered_ratio(none, some), 0.0),
        (clustered_difference(none, some), -1.0),
    ):
        low, high = bounds(estimate, 0.025)
        assert lowest <= low < high < 1
        assert high - low > 0.05
    low, high = bounds(clustered_ratio(some, none), 0.025)
    assert 0 < low < high == math.inf
    assert p_at_least(clustered_ratio(none, none), 0.8) == 1


def test_all_of_n_is_no_certainty_either() -> None:
    n = np.full(16, 25)
    every = ClusteredRate(n, n)
    assert every.effective == (16, 16)
    low, high = bounds(clustered_ratio(every, every), 0.025)
    assert low < 0.85 < 1.15 < high


@given(st.integers(0, 10**6), st.integers(3, 20))
def test_order_and_empty_blocks_do_not_matter(seed: int, blocks: int) -> None:
    generator = np.random.default_rng(seed)
    n = generator.integers(0, 30, (2, blocks)) + 1
    x = generator.binomial(n, 0.4)
    order = generator.permutation(blocks + 2)
    padded = np.pad(np.stack([x, n], axis=1), ((0, 0), (0, 0), (0, 2)))[..., order]
    for compare in (clustered_ratio, clustered_difference):
        plain = compare(ClusteredRate(x[0], n[0]), ClusteredRate(x[1], n[1]))
        moved = compare(ClusteredRate(*padded[0]), ClusteredRate(*padded[1]))
        assert moved.parameters == pytest.approx(plain.parameters, rel=1e-9)
        assert plain.parameters["df"] >= 1


# Weights.


def weighted(
    weights: list[np.ndarray], outcomes: list[np.ndarray], clusters: int | None = None
) -> ClusteredRate:
    """From the weights and outcomes of the units of each block."""
    pairs = list(zip(weights, outcomes, strict=True))
    return ClusteredRate(
        [w[x].sum() for w, x in pairs],
        [w.sum() for w, _ in pairs],
        clusters,
        hit_squares=[(w[x] ** 2).sum() for w, x in pairs],
        squares=[(w**2).sum() for w, _ in pairs],
    )


def test_equal_weights_are_counts() -> None:
    generator = np.random.default_rng(6)
    sizes, own = generator.integers(5, 30, 25), generator.beta(2, 3, 25)
    outcomes = [generator.random(n) < rate for n, rate in zip(sizes, own, strict=True)]
    counts = ClusteredRate([x.sum() for x in outcomes], [x.size for x in outcomes])
    scaled = weighted([np.full(x.size, 3.5) for x in outcomes], outcomes)
    assert scaled.effective == pytest.approx(counts.effective)
    assert scaled.df == pytest.approx(counts.df)


def test_weights_cost_information_without_clusters_too() -> None:
    """Independent units in blocks: no more than the linearised size, and close to it."""
    generator = np.random.default_rng(7)
    weights = [generator.lognormal(0, 1, 200) for _ in range(40)]
    outcomes = [generator.random(200) < 0.3 for _ in range(40)]
    rate = weighted(weights, outcomes)
    w, x = np.concatenate(weights), np.concatenate(outcomes)
    expected = weighted_counts(
        Weights(w[x].sum(), (w[x] ** 2).sum()), Weights(w[~x].sum(), (w[~x] ** 2).sum())
    )
    assert rate.independent == pytest.approx(expected)
    assert 0.6 * expected[1] < rate.effective[1] <= expected[1]
    assert expected[1] < 0.5 * w.size


def test_weighted_units_that_all_agree() -> None:
    weights = [np.array([1.0, 3.0])] * 12
    rate = weighted(weights, [np.zeros(2, bool)] * 12, clusters=500)
    assert rate.effective == (0, pytest.approx(48**2 / 120))


def test_sums_that_differ_by_rounding_are_still_unanimous() -> None:
    units = np.full(12, 0.1 + 0.2)  # not .3
    rate = ClusteredRate([0.3] * 12, units, hit_squares=[0.05] * 12, squares=units**2 * 0.6)
    assert rate.unanimous
    assert rate.effective == pytest.approx((12, 12))


def test_misses_beside_far_heavier_hits_count_as_one_unit() -> None:
    hits, squares = np.full(12, 1e9), np.full(12, 1e18)
    units = hits + 50.0
    rate = ClusteredRate(hits, units, hit_squares=squares, squares=squares)
    assert 0 < rate.share < 1
    # The odds rest on the misses: of one unit, whatever their number.
    x, n = rate.effective
    assert n - x <= 1 + 1e-6


@pytest.mark.parametrize(
    ("arguments", "more", "message"),
    [
        (([1], [2]), {}, "two blocks with units, found 1"),
        (([3, 1], [2, 2]), {}, "between 0 and n"),
        (([-1, 1], [2, 2]), {}, "between 0 and n"),
        (([1, math.nan], [2, 2]), {}, "between 0 and n"),
        (([1, 1], [2, 2, 2]), {}, "two rows of one length"),
        (([1, 1], [2, 2]), {"squares": [2, 2]}, "of the hits and of all units"),
        (([1, 1], [2, 2]), {"squares": [2, 2], "hit_squares": [3, 1]}, "between 0 and all"),
        (([1, 1], [2, 2]), {"squares": [9, 2], "hit_squares": [1, 1]}, "no weights have these"),
        (([1, 1], [2, 2]), {"squares": [0, 2], "hit_squares": [0, 1]}, "no weights have these"),
        (([1, 1], [2, 2]), {"squares": [2, 2, 2], "hit_squares": [1, 1, 1]}, "no weights have"),
    ],
)
def test_impossible_sums_are_refused(arguments, more, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ClusteredRate(*arguments, **more)


def test_groups_must_share_their_blocks() -> None:
    with pytest.raises(ValueError, match="the groups have 2 and 3 blocks"):
        clustered_ratio(ClusteredRate([1, 2], [3, 3]), ClusteredRate([1, 2, 1], [3, 3, 3]))
