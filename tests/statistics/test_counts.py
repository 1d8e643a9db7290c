"""Counts: merging in any order, marginals, and refusing what does not fit."""

from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from auditkit.statistics.counts import Axis, Counts

OUTCOME = Axis("outcome", ("wrong", "right"))
LABELS = st.lists(st.sampled_from("abcdef"), unique=True, max_size=5).map(tuple)


@st.composite
def counts(draw: st.DrawFn) -> Counts:
    """Counts over an open axis of groups (labels in any order) and a closed one."""
    labels = draw(LABELS)
    values = draw(arrays.arrays(np.int64, (len(labels), 2), elements=st.integers(0, 10**15)))
    return Counts((Axis("group", labels, open=True), OUTCOME), values)


def literal_sum(parts: list[Counts]) -> dict[tuple[str, str], int]:
    """The merged table as a dictionary, added up cell by cell."""
    table: dict[tuple[str, str], int] = {}
    for part in parts:
        for row, group in enumerate(part.axes[0].labels):
            for column, outcome in enumerate(OUTCOME.labels):
                key = (group, outcome)
                table[key] = table.get(key, 0) + int(part.values[row, column])
    return table


@given(st.lists(counts(), min_size=1, max_size=5), st.randoms(), st.data())
def test_merging_is_the_same_in_every_order_and_grouping(parts, random, data) -> None:
    straight = reduce(add, parts)
    shuffled = list(parts)
    random.shuffle(shuffled)
    while len(shuffled) > 1:
        position = data.draw(st.integers(0, len(shuffled) - 2))
        shuffled[position : position + 2] = [shuffled[position] + shuffled[position + 1]]
    assert shuffled[0] == straight
    assert shuffled[0].to_bytes() == straight.to_bytes()
    assert literal_sum([straight]) == literal_sum(parts)


@given(counts())
def test_bytes_round_trip(state: Counts) -> None:
    again = Counts.from_bytes(state.to_bytes())
    assert again == state
    assert again.values.dtype == np.int64


@given(counts())
def test_nothing_is_neutral(state: Counts) -> None:
    assert state + Counts.zeros(state.axes) == state
    assert state != state + state or state.total == 0


@given(arrays.arrays(np.int64, (2, 3, 4), elements=st.integers(0, 1000)))
def test_marginals_and_selections_agree_with_numpy(values: np.ndarray) -> None:
    sizes = {"x": 2, "y": 3, "z": 4}
    axes = [Axis(name, tuple(f"{name}{i}" for i in range(n))) for name, n in sizes.items()]
    state = Counts(axes, values)
    assert np.array_equal(state.marginal("z", "x").values, values.sum(axis=1).T)
    assert [axis.name for axis in state.marginal("z", "x").axes] == ["z", "x"]
    assert state.marginal().values == state.total == values.sum()
    assert np.array_equal(state.select(y="y2").values, values[:, 2])
    assert (
        state.select({"x": "x1"}, z="z3").marginal("y").values.tolist() == values[1, :, 3].tolist()
    )


def test_equal_open_axes_keep_their_order() -> None:
    axis = Axis("group", ("z", "a"), open=True)
    assert (Counts([axis], [1, 2]) + Counts([axis], [3, 4])).axes == (axis,)


def test_values_are_a_read_only_copy() -> None:
    given_values = np.array([1, 2])
    state = Counts([OUTCOME], given_values)
    given_values[0] = 7
    assert state.values.tolist() == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        state.values[0] = 3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, 2.0], "counts must be integers, found float64"),
        ([True, False], "counts must be integers, found bool"),
        ([1, -2], r"a count is negative \(-2\)"),
        ([1, 2, 3], r"shape \(3,\) do not fit axes of \(2,\)"),
        (np.array([1, 2**63], dtype=np.uint64), "does not fit 64 bits"),
    ],
)
def test_other_values_are_refused(values, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Counts([OUTCOME], values)


def test_a_sum_beyond_64_bits_is_refused() -> None:
    large = Counts([OUTCOME], [2**62, 0])
    with pytest.raises(ValueError, match="beyond 64 bits"):
        large + large


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (Counts([Axis("group", ("wrong", "right"))], [1, 2]), r"\(outcome\) and \(group\)"),
        (Counts([Axis("outcome", ("right", "wrong"))], [1, 2]), "another order"),
        (Counts([Axis("outcome", ("wrong", "good"))], [1, 2]), r"\['good', 'right'\]"),
        (Counts([Axis("outcome", ("wrong", "right"), open=True)], [1, 2]), "open in one state"),
        (Counts([OUTCOME, Axis("group", ("a",))], [[1], [2]]), "different axes"),
    ],
)
def test_states_that_do_not_fit_are_not_merged(other: Counts, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Counts([OUTCOME], [1, 2]) + other


def test_what_was_never_seen_is_not_zero() -> None:
    state = Counts([OUTCOME], [1, 2])
    with pytest.raises(ValueError, match="no label 'unknown'; it has 'wrong', 'right'"):
        state.select(outcome="unknown")
    with pytest.raises(ValueError, match="no axis 'group'; the axes are: 'outcome'"):
        state.select(group="a")


@pytest.mark.parametrize(
    ("name", "labels", "message"),
    [
        ("", ("a",), "non-empty string"),
        ("x", ("a", "a"), "a label occurs twice"),
        ("x", (), "closed and has no labels"),
        ("x", ("a", 1), "label 1 is not a string"),
    ],
)
def test_axes_are_checked(name: str, labels: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Axis(name, labels)


def test_two_axes_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="same name: outcome, outcome"):
        Counts.zeros([OUTCOME, OUTCOME])
