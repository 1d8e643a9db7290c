"""The difference of two means against SciPy, and where one side agrees."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from auditkit.statistics.estimates import bounds, interval
from auditkit.statistics.welch import welch_difference

NUMBERS = st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 3)), min_size=2, max_size=30)


@given(NUMBERS, NUMBERS)
def test_as_scipy(first: list[float], second: list[float]) -> None:
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return  # SciPy warns; below
    found = interval(welch_difference(first, second), 0.90)
    oracle = ttest_ind(first, second, equal_var=False).confidence_interval(0.90)
    assert found.low == pytest.approx(oracle.low, rel=1e-6, abs=1e-6)
    assert found.high == pytest.approx(oracle.high, rel=1e-6, abs=1e-6)


def test_where_one_side_agrees_the_other_tells() -> None:
    one = np.random.default_rng(0).normal(3, 1, 40)
    low, high = bounds(welch_difference(one, np.full(50, 0.1)), 0.05)
    assert 2.4 < low < high < 3.4
    assert high - low == pytest.approx(2 * 1.685 * one.std(ddof=1) / math.sqrt(40), rel=1e-3)


def test_where_both_agree_nothing_tells() -> None:
    assert bounds(welch_difference([0.1] * 9, [0.3] * 9), 0.05) == (-math.inf, math.inf)


@pytest.mark.parametrize("side", [[1.0], [], [1.0, math.nan], [[1.0, 2.0]]])
def test_what_has_no_difference(side: list[float]) -> None:
    with pytest.raises(ValueError, match="at least two finite numbers"):
        welch_difference([1.0, 2.0], side)
