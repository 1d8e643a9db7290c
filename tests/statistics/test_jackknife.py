"""The delete-one-block jackknife and design effects against literal twins and known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, sem, t

from auditkit.statistics.clustered import ClusteredRate
from auditkit.statistics.estimates import bounds, value
from auditkit.statistics.jackknife import (
    delete_one_block,
    design_effect,
    effective_counts,
    kish_size,
)


def share(state: np.ndarray) -> float:
    return float(state[0] / state[1])


def literal_jackknife(blocks: np.ndarray, statistic) -> tuple[float, float]:
    """Value and standard error by leaving out one block after the other."""
    count = len(blocks)
    left_out = [statistic(np.delete(blocks, b, axis=0).sum(axis=0)) for b in range(count)]
    centre = sum(left_out) / count
    se = math.sqrt((count - 1) / count * sum((one - centre) ** 2 for one in left_out))
    return statistic(blocks.sum(axis=0)), se


@given(st.integers(2, 12), st.integers(0, 10**6))
def test_the_jackknife_is_the_literal_one(count: int, seed: int) -> None:
    blocks = np.random.default_rng(seed).integers(1, 50, (count, 2))
    one = delete_one_block(blocks, share)
    theirs = literal_jackknife(blocks, share)
    assert (one.parameters["value"], one.parameters["se"]) == pytest.approx(theirs, abs=1e-10)
    assert (one.method, one.parameters["df"]) == ("student", count - 1)


def test_of_a_mean_it_is_the_standard_error() -> None:
    values = np.random.default_rng(1).normal(3, 1, 20)
    blocks = np.stack([values, np.ones(20)], axis=1)
    one = delete_one_block(blocks, share)
    assert one.parameters["se"] == pytest.approx(sem(values))
    low = values.mean() - t.isf(0.05, 19) * sem(values)
    assert bounds(one, 0.05)[0] == pytest.approx(low)


def test_ratios_on_the_log_scale() -> None:
    blocks = np.random.default_rng(2).integers(20, 60, (16, 2))
    one = delete_one_block(blocks, share, scale="log")
    _, se = literal_jackknife(blocks, lambda state: math.log(share(state)))
    assert one.method == "log_student"
    assert value(one) == pytest.approx(share(blocks.sum(axis=0)))
    assert one.parameters["se_log"] == pytest.approx(se)


def test_empty_blocks_do_not_count() -> None:
    blocks = np.array([[3, 10], [0, 0], [5, 10], [0, 12]])
    one = delete_one_block(blocks, share)
    assert one.parameters["df"] == 2
    assert one == delete_one_block(blocks[[0, 2, 3]], share)


def test_no_variation_is_no_certainty() -> None:
    one = delete_one_block(np.full((10, 2), [0.1, 0.3]), share)
    assert one.parameters["se"] == 0
    assert bounds(one, 0.05) == (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("blocks", "scale", "message"),
    [
        ([[1, 2]], "plain", "two blocks with units, found 1"),
        ([[1, 2], [0, 0]], "plain", "two blocks with units, found 1"),
        ([[1, 0], [1, 0]], "plain", r"undefined on all units \(it came out as inf\)"),
        ([[1, 5], [0, 0.0], [2, 0]], "plain", "undefined without one block"),
        ([[0, 5], [2, 5]], "log", "is 0.0 without one block, so it has no logarithm"),
        ([[1, math.nan], [2, 5]], "plain", "an array of finite numbers"),
        ([["a", "b"]], "plain", "an array of finite numbers"),
    ],
)
def test_impossible_blocks_are_refused(blocks, scale, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        delete_one_block(blocks, share, scale)


def test_copies_of_a_row_have_the_effect_of_their_number() -> None:
    generator = np.random.default_rng(3)
    rows = generator.random((64, 30)) < 0.3
    size = np.full(64, 30 * 5)
    effect = design_effect(rows.sum(axis=1) * 5, size)
    assert effect == pytest.approx(5, rel=0.5)
    assert design_effect(rows.sum(axis=1), size // 5) == pytest.approx(1, abs=0.5)


def test_the_variance_is_that_of_a_ratio_estimator() -> None:
    generator = np.random.default_rng(4)
    n = generator.integers(5, 50, 40)
    x = generator.binomial(n, generator.beta(2, 2, 40))
    rate = x.sum() / n.sum()
    residuals = x - rate * n
    variance = 40 / 39 * (residuals**2).sum() / n.sum() ** 2
    assert design_effect(x, n) == pytest.approx(variance / (rate * (1 - rate) / n.sum()))


def test_the_effect_is_never_under_one() -> None:
    assert design_effect([5] * 20, [10] * 20) == 1


def test_units_that_all_agree_count_once_per_cluster() -> None:
    assert design_effect([0, 0, 0], [10, 10, 10], clusters=6) == 5
    assert design_effect([10, 10, 10], [10, 10, 10]) == 10
    assert design_effect([0, 0, 0], [10, 10, 10], clusters=1000) == 1


def test_effective_counts_keep_the_share() -> None:
    generator = np.random.default_rng(5)
    n = generator.integers(50, 80, 10)
    x = generator.binomial(n, generator.beta(8, 8, 10))
    successes, size = effective_counts(x, n)
    assert successes / size == pytest.approx(x.sum() / n.sum())
    rate = ClusteredRate(x, n)
    shrink = (norm.isf(0.025) / t.isf(0.025, rate.df)) ** 2
    assert size == pytest.approx(rate.effective[1] * shrink)
    # Ten blocks of about one size: what the plain design effect says, on just under nine degrees.
    assert rate.effective[1] == pytest.approx(n.sum() / design_effect(x, n), rel=0.03)
    assert rate.df == pytest.approx(8, abs=0.9)


@pytest.mark.parametrize(
    ("x", "n", "message"),
    [
        ([1], [2], "two blocks with units, found 1"),
        ([3, 1], [2, 2], "between 0 and n"),
        ([-1, 1], [2, 2], "between 0 and n"),
        ([1, math.nan], [2, 2], "between 0 and n"),
        ([1, 1], [2, 2, 2], "two rows of one length"),
    ],
)
def test_impossible_counts_are_refused(x, n, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        design_effect(x, n)


def test_kish() -> None:
    weights = np.array([1.0, 2.0, 3.0])
    assert kish_size(weights.sum(), (weights**2).sum()) == pytest.approx(36 / 14)
    with pytest.raises(ValueError, match="must be positive"):
        kish_size(0.0, 0.0)
