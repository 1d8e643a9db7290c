"""Sparse moments are the dense ones: the same sums, marginals, parts and merging."""

from __future__ import annotations

import math
from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.statistics.compensated import reduce_runs
from auditkit.statistics.counts import Axis
from auditkit.statistics.moments import FLOATS, Moments
from auditkit.statistics.sparse_moments import (
    SparseMoments,
    as_sparse_moments,
    held_moments,
    merged_moments,
    moments_from_bytes,
)

SIDE = Axis("side", ("left", "right"))
VALUES = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(0, 1), st.integers(0, 1), st.floats(-1e6, 1e6)),
    max_size=12,
)


def moments(rows) -> Moments:
    """Moments of two quantities over an open axis in the order of appearance, and a closed one."""
    labels = tuple(dict.fromkeys(row[0] for row in rows))
    n, total, squares = (np.zeros((2, len(labels), 2)) for _ in range(3))
    for label, side, quantity, value in rows:
        cell = (quantity, labels.index(label), side)
        n[cell] += 1
        total[cell] += value
        squares[cell] += value * value
    axes = (Axis("town", labels, open=True), SIDE)
    return Moments(axes, ("loss", "weight"), n.astype(np.int64), total, squares)


def assert_close(found, expected: Moments) -> None:
    dense = found.dense() if isinstance(found, SparseMoments) else found
    assert (dense.axes, dense.names) == (expected.axes, expected.names)
    np.testing.assert_array_equal(dense.n, expected.n)
    for name in FLOATS[:2]:
        scale = 1 + float(expected.sum_of_squares.sum())
        np.testing.assert_allclose(
            getattr(dense, name), getattr(expected, name), rtol=1e-12, atol=1e-12 * scale
        )


@given(st.lists(VALUES.map(moments), min_size=1, max_size=5), st.randoms(), st.data())
def test_merging_is_the_same_in_every_order_grouping_and_form(parts, random, data) -> None:
    straight = reduce(add, parts)
    mixed = [as_sparse_moments(part) if data.draw(st.booleans()) else part for part in parts]
    random.shuffle(mixed)
    while len(mixed) > 1:
        at = data.draw(st.integers(0, len(mixed) - 2))
        mixed[at : at + 2] = [mixed[at] + mixed[at + 1]]
    assert_close(mixed[0], straight)
    assert_close(reduce(add, map(as_sparse_moments, parts)), straight)


@given(VALUES.map(moments), st.permutations(["town", "side"]), st.integers(0, 2))
def test_marginals_and_means_are_those_of_the_dense_form(state, names, number) -> None:
    expected = state.marginal(*names[:number])
    found = as_sparse_moments(state).marginal(*names[:number])
    assert_close(found, expected)
    for one, other in zip(as_sparse_moments(state).of("loss"), state.of("loss"), strict=True):
        np.testing.assert_array_equal(one, other)
    sparse = as_sparse_moments(state)
    np.testing.assert_array_equal(sparse.mean("weight"), state.mean("weight"))
    np.testing.assert_array_equal(sparse.variance("weight"), state.variance("weight"))


@given(VALUES.map(moments))
def test_forms_bytes_and_parts(state: Moments) -> None:
    sparse = as_sparse_moments(state)
    assert sparse == state
    assert state == sparse
    assert moments_from_bytes(sparse.to_bytes()) == sparse
    assert isinstance(moments_from_bytes(state.to_bytes()), Moments)
    assert sparse.select(side="left") == state.select(side="left")
    assert held_moments(sparse) == state


def test_the_form_follows_the_number_of_cells_alone() -> None:
    towns = [
        Axis("town", tuple(f"{name}{at}" for at in range(400)), open=True) for name in ("a", "b")
    ]
    cell = Axis("cell", tuple(map(str, range(1920))))
    one = np.ones((1, 400, 1920))
    parts = [Moments((town, cell), ["loss"], one.astype(int), one, one) for town in towns]
    both = merged_moments(*parts)
    assert isinstance(both, SparseMoments)
    assert isinstance(both.marginal("town"), Moments)
    assert both.marginal("cell").mean("loss")[7] == 1.0
    assert isinstance(merged_moments(parts[0], parts[0]), Moments)


def test_runs_lose_no_bits() -> None:
    rng = np.random.default_rng(0)
    values = rng.lognormal(sigma=8, size=1000) * rng.choice([-1, 1], 1000)
    starts = np.array([0, 1, 7, 500, 999])
    high, low = reduce_runs((values, np.zeros(1000)), starts)
    for total, rest, part in zip(high, low, np.split(values, starts[1:]), strict=True):
        assert abs(math.fsum([*part, -total, -rest])) <= 1e-25 * np.abs(part).sum()


def test_what_does_not_fit_is_refused() -> None:
    state = SparseMoments([SIDE], ["loss"], [0], [[1]], [[2.0]], [[4.0]])
    with pytest.raises(ValueError, match="different quantities"):
        state + Moments([SIDE], ["weight"], [[1, 1]], [[1, 1]], [[1, 1]])
    with pytest.raises(ValueError, match="there is no quantity 'weight'"):
        state.of("weight")
    with pytest.raises(ValueError, match="summed in a cell where n is 0"):
        SparseMoments([SIDE], ["loss"], [0], [[0]], [[2.0]], [[4.0]])
    with pytest.raises(ValueError, match="n of shape"):
        SparseMoments([SIDE], ["loss"], [0, 1], [[1]], [[2.0, 0]], [[4.0, 0]])
    with pytest.raises(TypeError):
        state + 1
