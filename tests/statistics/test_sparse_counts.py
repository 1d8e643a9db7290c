"""Sparse counts are the dense ones: the same sums, marginals, parts, refusals and merging."""

from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from auditkit.statistics import sparse_counts
from auditkit.statistics.cell_codes import DENSE_CELLS
from auditkit.statistics.counts import Axis, Counts
from auditkit.statistics.sparse_counts import (
    SparseCounts,
    as_sparse,
    counts_from_bytes,
    held,
    merged,
)

OUTCOME = Axis("outcome", ("wrong", "right", "none"))
LABELS = st.lists(st.sampled_from("abcdef"), unique=True, max_size=5).map(tuple)
UNITS = st.one_of(st.just(0), st.integers(0, 10**15))


@st.composite
def counts(draw: st.DrawFn) -> Counts:
    """Counts over two open axes and a closed one, many cells empty."""
    axes = (Axis("town", draw(LABELS), open=True), OUTCOME, Axis("job", draw(LABELS), open=True))
    shape = tuple(len(axis) for axis in axes)
    return Counts(axes, draw(arrays.arrays(np.int64, shape, elements=UNITS)))


def many(name: str, number: int, *, is_open: bool = True) -> Axis:
    return Axis(name, tuple(f"{at:05}" for at in range(number)), open=is_open)


@given(st.lists(counts(), min_size=1, max_size=5), st.randoms(), st.data())
def test_merging_is_the_same_in_every_order_grouping_and_form(parts, random, data) -> None:
    straight = reduce(add, parts)
    sparse = reduce(add, [as_sparse(part) for part in parts])
    mixed = [as_sparse(part) if data.draw(st.booleans()) else part for part in parts]
    random.shuffle(mixed)
    while len(mixed) > 1:
        at = data.draw(st.integers(0, len(mixed) - 2))
        mixed[at : at + 2] = [mixed[at] + mixed[at + 1]]
    assert sparse == straight
    assert straight == sparse
    assert mixed[0] == straight
    assert as_sparse(mixed[0]).to_bytes() == sparse.to_bytes()
    assert np.array_equal(sparse.values, straight.values)


@given(counts(), st.permutations(["town", "outcome", "job"]), st.integers(0, 3))
def test_marginals_are_those_of_the_dense_form(state, names, number) -> None:
    expected = state.marginal(*names[:number])
    found = as_sparse(state).marginal(*names[:number])
    assert isinstance(found, Counts)
    assert found == expected
    assert found.total == as_sparse(state).total == state.total


@given(counts(), st.data())
def test_parts_are_those_of_the_dense_form(state, data) -> None:
    labels = {
        axis.name: data.draw(st.sampled_from(axis.labels))
        for axis in state.axes
        if len(axis) and data.draw(st.booleans())
    }
    assert as_sparse(state).select(labels) == state.select(labels)


@given(counts())
def test_bytes_round_trip_and_say_their_form(state: Counts) -> None:
    sparse = as_sparse(state)
    assert SparseCounts.from_bytes(sparse.to_bytes()) == sparse
    assert isinstance(counts_from_bytes(sparse.to_bytes()), SparseCounts)
    assert isinstance(counts_from_bytes(state.to_bytes()), Counts)


@given(counts())
def test_nothing_is_neutral(state: Counts) -> None:
    assert as_sparse(state) + SparseCounts.zeros(state.axes) == state
    assert as_sparse(state) != as_sparse(state) + state or state.total == 0


def test_the_form_follows_the_number_of_cells_alone() -> None:
    axes = (many("town", 700), many("score", 1920, is_open=False))
    large = SparseCounts(axes, [5, 1_343_999], [2, 3])
    assert held(large) is large
    assert isinstance(large.marginal("score", "town"), SparseCounts)
    assert isinstance(large.marginal("town"), Counts)
    assert isinstance(large.select(town="00000"), Counts)
    half = Counts((many("town", 500), axes[1]), np.ones((500, 1920), dtype=np.int64))
    assert held(half) is half
    other = Counts(
        (Axis("town", tuple(f"x{at}" for at in range(500)), open=True), axes[1]), half.values
    )
    assert DENSE_CELLS < 1000 * 1920
    both = merged(half, other)
    assert isinstance(both, SparseCounts)
    assert both.total == 2 * 500 * 1920
    assert both.to_bytes() == merged(other, half).to_bytes()
    assert isinstance(merged(half, half), Counts)


def test_a_table_too_large_to_write_out_says_so() -> None:
    axes = (many("town", 10_000), many("job", 10_000))
    state = SparseCounts(axes, [0], [1])
    with pytest.raises(ValueError, match=r"town, job has 100,000,000 cells.*read a marginal"):
        _ = state.values
    assert state.marginal("job").values[0] == 1


def test_more_cells_than_codes_are_refused() -> None:
    axes = [many(name, 40_000) for name in "abcde"]
    with pytest.raises(ValueError, match=r"a, b, c, d, e has .* cells; at most 4,611,686"):
        SparseCounts(axes, [], [])
    rows = [SparseCounts([Axis(n, (s,), open=True) for n in "abcdefgh"], [0], [1]) for s in "xy"]
    assert (rows[0] + rows[1]).total == 2


@pytest.mark.parametrize(
    ("codes", "units", "message"),
    [
        ([1, 0], [1, 1], "ascending order"),
        ([1, 1], [1, 1], "ascending order"),
        ([0, 3], [1, 1], r"must lie in 0 … 2, found 0 … 3"),
        ([-1], [1], "must lie in 0"),
        ([0.5], [1], "codes must be a row of integers, found float64"),
        ([0], [1.0], "counts must be integers, found float64"),
        ([0], [0], "not positive"),
        ([0], [1, 2], r"counts of shape \(2,\) do not fit 1 codes"),
    ],
)
def test_other_cells_are_refused(codes, units, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SparseCounts([OUTCOME], codes, units)


def test_a_sum_beyond_64_bits_is_refused() -> None:
    large = SparseCounts([OUTCOME], [1], [2**62])
    with pytest.raises(ValueError, match="beyond 64 bits"):
        large + large


def test_states_that_do_not_fit_are_not_merged() -> None:
    state = SparseCounts([OUTCOME], [0], [1])
    with pytest.raises(ValueError, match="another order"):
        state + Counts([Axis("outcome", ("right", "wrong", "none"))], [1, 2, 3])
    with pytest.raises(ValueError, match="no label 'unknown'"):
        state.select(outcome="unknown")
    with pytest.raises(TypeError):
        state + 1
    with pytest.raises(ValueError, match="expected a state of kind 'sparse_counts'"):
        SparseCounts.from_bytes(Counts([OUTCOME], [1, 2, 3]).to_bytes())
    with pytest.raises(ValueError, match="no state of auditkit"):
        sparse_counts.counts_from_bytes(b"anything")
