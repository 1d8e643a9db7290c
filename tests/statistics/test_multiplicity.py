"""Adjusted p-values against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from auditkit.statistics.multiplicity import benjamini_hochberg, holm

P_VALUES = st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.01, 0.05, 1.0])), max_size=9)
METHODS = pytest.mark.parametrize(
    ("ours", "name"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")]
)


@METHODS
@given(p_values=P_VALUES)
def test_adjustments_are_those_of_statsmodels(ours, name: str, p_values: list[float]) -> None:
    adjusted = ours(p_values)
    if not p_values:
        assert adjusted.shape == (0,)
        return
    theirs = multipletests(p_values, method=name)[1]
    assert adjusted == pytest.approx(theirs, rel=1e-12, abs=1e-300)


@METHODS
def test_the_order_of_the_tests_does_not_matter(ours, name: str) -> None:
    p_values = np.array([0.04, 0.001, 0.3, 0.04, 0.02])
    order = np.array([3, 1, 4, 0, 2])
    assert np.array_equal(ours(p_values[order]), ours(p_values)[order])


@METHODS
@pytest.mark.parametrize("wrong", [[0.5, np.nan], [-0.1], [1.1]])
def test_no_p_value_is_no_one(ours, name: str, wrong: list[float]) -> None:
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\], found"):
        ours(wrong)


@METHODS
def test_only_rows_are_adjusted(ours, name: str) -> None:
    with pytest.raises(ValueError, match=r"one row of numbers, found shape \(1, 2\)"):
        ours([[0.1, 0.2]])
