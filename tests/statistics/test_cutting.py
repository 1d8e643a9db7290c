"""An axis cut in two: against sums of slices, in both forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from auditkit.statistics.axes import Axis
from auditkit.statistics.counts import Counts
from auditkit.statistics.cutting import SIDES, cut_counts, cut_moments
from auditkit.statistics.moments import Moments
from auditkit.statistics.sparse_counts import as_sparse
from auditkit.statistics.sparse_moments import as_sparse_moments

AXES = (
    Axis("town", ("x", "y"), open=True),
    Axis("score", ("0", "1", "2", "3")),
    Axis("target", ("no", "yes")),
)
TABLES = hnp.arrays(np.int64, (2, 4, 2), elements=st.integers(0, 9))


@given(TABLES, st.integers(0, 4))
def test_counts_on_either_side(table: np.ndarray, first: int) -> None:
    counts = Counts(AXES, table)
    cut = cut_counts(counts, "score", first)
    assert cut.axis("score").labels == SIDES
    below, above = table[:, :first].sum(axis=1), table[:, first:].sum(axis=1)
    np.testing.assert_array_equal(cut.values, np.stack([below, above], axis=1))
    assert cut_counts(as_sparse(counts), "score", first) == cut


@given(TABLES, st.integers(0, 4))
def test_moments_on_either_side(table: np.ndarray, first: int) -> None:
    sums, squares = table * 1.5, table * 2.25
    moments = Moments(AXES, ["weight"], table[None], sums[None], squares[None])
    cut = cut_moments(moments, "score", first)
    for found, whole in zip(cut.of("weight"), (table, sums, squares), strict=True):
        below, above = whole[:, :first].sum(axis=1), whole[:, first:].sum(axis=1)
        np.testing.assert_allclose(found, np.stack([below, above], axis=1), rtol=1e-12)
    assert cut_moments(as_sparse_moments(moments), "score", first) == cut


def test_an_axis_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="there is no axis 'age'"):
        cut_counts(Counts(AXES, np.zeros((2, 4, 2), dtype=int)), "age", 1)
