"""Order statistics: the promise of split conformal prediction, exactly and part by part."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.statistics.conformal_thresholds import fewest_units, rank_of, threshold, thresholds


@given(n=st.integers(0, 10_000), cents=st.integers(1, 99))
def test_the_rank_is_that_of_the_decimal_that_is_written(n: int, cents: int) -> None:
    wanted = math.ceil(Fraction(cents, 100) * (n + 1))
    assert rank_of(n, cents / 100) == wanted


def test_the_binary_number_beside_a_decimal_does_not_count() -> None:
    assert math.ceil(100 * 0.07) == 8  # what a sum of floats says
    assert rank_of(99, 0.07) == 7


@given(cents=st.integers(1, 99))
def test_fewest_units_are_just_enough(cents: int) -> None:
    n = fewest_units(cents / 100)
    assert rank_of(n, cents / 100) <= n
    assert rank_of(n - 1, cents / 100) > n - 1


@given(
    scores=st.lists(st.floats(-5, 5), min_size=1, max_size=40),
    coverage=st.sampled_from([0.1, 0.5, 0.8, 0.9, 0.95]),
)
def test_a_threshold_is_the_smallest_that_enough_scores_do_not_exceed(
    scores: list[float], coverage: float
) -> None:
    limit = threshold(scores, coverage)
    needed = rank_of(len(scores), coverage)
    enough = [one for one in scores if sum(other <= one for other in scores) >= needed]
    assert limit == min(enough, default=math.inf)


def test_it_is_numpys_quantile_of_the_same_rank() -> None:
    scores = np.random.default_rng(0).normal(size=137)
    level = math.ceil(138 * 0.9) / 137
    assert threshold(scores, 0.9) == np.quantile(scores, level, method="inverted_cdf")


def test_the_next_score_is_not_above_it_as_often_as_promised() -> None:
    rng = np.random.default_rng(3)
    for n in (3, 19, 50):
        scores = rng.exponential(size=(20_000, n + 1))
        rank = rank_of(n, 0.7)
        limits = np.partition(scores[:, :n], rank - 1, axis=1)[:, rank - 1]
        assert threshold(scores[0, :n], 0.7) == limits[0]
        assert (scores[:, n] <= limits).mean() == pytest.approx(rank / (n + 1), abs=0.012)


def test_each_part_has_its_own_and_a_small_or_absent_one_has_none() -> None:
    scores = np.arange(30.0)
    parts = np.array([0] * 20 + [1] * 8 + [3] * 2)
    limits = thresholds(scores, parts, 4, 0.8)
    assert limits.tolist() == [threshold(scores[:20], 0.8), 27.0, math.inf, math.inf]


def test_no_scores_have_no_threshold() -> None:
    assert threshold([], 0.5) == math.inf
    assert thresholds([], np.zeros(0, int), 2, 0.5).tolist() == [math.inf, math.inf]
    assert threshold([math.inf, 1.0, 1.0], 0.7) == math.inf


@pytest.mark.parametrize("coverage", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_a_coverage_that_is_no_share_is_refused(coverage: float) -> None:
    with pytest.raises(ValueError, match="must lie in"):
        threshold([1.0, 2.0], coverage)


def test_what_has_no_order_is_refused() -> None:
    with pytest.raises(ValueError, match="an order of NaN is not defined"):
        threshold([1.0, math.nan], 0.5)
    with pytest.raises(ValueError, match="one score for each unit"):
        threshold([[1.0]], 0.5)
    with pytest.raises(ValueError, match=r"parts must lie in \[0, 2\)"):
        thresholds([1.0, 2.0], [0, 2], 2, 0.5)
    with pytest.raises(ValueError, match="part of each unit as a whole number"):
        thresholds([1.0, 2.0], [0.0, 1.0], 2, 0.5)
    with pytest.raises(ValueError, match="cannot be -1 units"):
        rank_of(-1, 0.5)
