"""Moments: sums that merge to 1e-12 in every order and grouping."""

from __future__ import annotations

import math
from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.statistics.axes import Axis
from auditkit.statistics.moments import Moments

NUMBERS = st.floats(-1e9, 1e9, allow_subnormal=False).map(lambda x: x if abs(x) > 1e-9 else 0.0)


def of_values(group: str, values: list[float]) -> Moments:
    """The moments of some values of one group."""
    squares = [value * value for value in values]
    return Moments(
        [Axis("group", (group,), open=True)],
        ["loss"],
        n=[[len(values)]],
        sum=[[math.fsum(values)]],
        sum_of_squares=[[math.fsum(squares)]],
    )


PARTS = st.lists(
    st.builds(of_values, st.sampled_from("abc"), st.lists(NUMBERS, min_size=1, max_size=6)),
    min_size=1,
    max_size=8,
)


def merged(parts: list[Moments], random, data) -> Moments:
    """The sum in a random order and a random grouping."""
    parts = list(parts)
    random.shuffle(parts)
    while len(parts) > 1:
        position = data.draw(st.integers(0, len(parts) - 2))
        parts[position : position + 2] = [parts[position] + parts[position + 1]]
    return parts[0]


@given(PARTS, st.randoms(), st.data())
def test_every_order_and_grouping_gives_the_same_sums(parts, random, data) -> None:
    total = merged(parts, random, data).marginal()
    n, sums, squares = (value.item() for value in total.of("loss"))
    assert n == sum(part.n.sum() for part in parts)
    # Against exact summation of the parts, however much of the sum cancels.
    exact = math.fsum(part.sum.item() for part in parts)
    assert sums == pytest.approx(exact, rel=1e-12, abs=0)
    assert squares == pytest.approx(
        math.fsum(part.sum_of_squares.item() for part in parts), rel=1e-12, abs=0
    )


@given(PARTS, st.randoms(), st.data())
def test_cells_merge_like_totals(parts, random, data) -> None:
    one, other = reduce(add, parts), merged(parts, random, data)
    # The layout of a single part is its own; both hold the same groups.
    for group in one.axes[0].labels:
        for ours, theirs in zip(
            one.select(group=group).of("loss"), other.select(group=group).of("loss"), strict=True
        ):
            assert ours.item() == pytest.approx(theirs.item(), rel=1e-12, abs=0)


def test_what_plain_addition_loses_is_kept() -> None:
    parts = [of_values("a", [value]) for value in (1e16, 1.0, -1e16, 1.0)]
    assert sum(part.sum.item() for part in parts) == 1.0  # the plain way is wrong
    assert reduce(add, parts).sum.item() == 2.0


def test_marginals_and_selections_agree_with_numpy() -> None:
    generator = np.random.default_rng(3)
    values = generator.normal(size=(2, 3, 5, 7))
    axes = [Axis("x", ("a", "b", "c")), Axis("y", tuple("12345")), Axis("z", tuple("1234567"))]
    n = np.full(values.shape, 4)
    state = Moments(axes, ["loss", "score"], n, values, values**2 + 1)
    assert np.allclose(state.marginal("z", "x").sum, values.sum(axis=2).transpose(0, 2, 1), 1e-14)
    assert np.array_equal(state.marginal("y").n, n.sum(axis=(1, 3)))
    assert np.array_equal(state.select(y="2").sum, values[:, :, 1])
    assert np.array_equal(state.of("score")[1], values[1])


def test_mean_and_variance_are_those_of_the_values() -> None:
    values = [0.3, 1.7, 2.9, -4.0]
    state = of_values("a", values[:1]) + of_values("a", values[1:]) + of_values("b", [5.0])
    empty = Moments.zeros([Axis("group", ("c",), open=True)], ["loss"])
    both = state + empty
    assert both.mean("loss")[:2] == pytest.approx([np.mean(values), 5.0])
    assert both.variance("loss")[0] == pytest.approx(np.var(values, ddof=1))
    # One value has no variance, none has no mean: neither is zero.
    assert np.isnan(both.variance("loss")[1:]).all()
    assert np.isnan(both.mean("loss")[2])


@given(PARTS)
def test_bytes_round_trip(parts: list[Moments]) -> None:
    state = reduce(add, parts)
    assert Moments.from_bytes(state.to_bytes()) == state


@pytest.mark.parametrize(
    ("n", "total", "squares", "message"),
    [
        ([1], [np.nan], [1.0], "sum holds a value that is not finite"),
        ([1], [np.inf], [1.0], "sum holds a value that is not finite"),
        ([1], [1.0], [-1.0], "sum_of_squares is negative"),
        ([-1], [1.0], [1.0], "n is negative"),
        ([1.0], [1.0], [1.0], "n must be integers"),
        ([0], [1.0], [1.0], "summed in a cell where n is 0"),
        ([[1]], [1.0], [1.0], "n of shape"),
        ([1], [1.0, 2.0], [1.0], "sum of shape"),
    ],
)
def test_impossible_moments_are_refused(n, total, squares, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Moments([], ["loss"], n, total, squares)


def test_names_are_checked() -> None:
    with pytest.raises(ValueError, match="named twice: a, a"):
        Moments.zeros([], ["a", "a"])
    with pytest.raises(ValueError, match="need the names"):
        Moments.zeros([], [])
    with pytest.raises(ValueError, match="no quantity 'score'; there are: loss"):
        Moments.zeros([], ["loss"]).of("score")
    with pytest.raises(ValueError, match=r"different quantities .* \(loss\) and \(score\)"):
        Moments.zeros([], ["loss"]) + Moments.zeros([], ["score"])
