"""Columns become levels: against a literal twin, and on hostile columns."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.data.columns import MISSING, Group, number_label
from auditkit.data.grouping import Grouping, ordered_levels
from auditkit.errors import DataError


def levels(column: pd.Series[Any], **options: Any) -> list[str]:
    return list(Grouping(Group("g", "c", **options), "evaluation data")(column))


def literal_cut(value: float | None, cuts: list[float]) -> str:
    """The definition of an interval, row by row."""
    if value is None or math.isnan(value):
        return MISSING
    if value < cuts[0]:
        return f"< {number_label(cuts[0])}"
    for low, high in itertools.pairwise(cuts):
        if low <= value < high:
            return f"[{number_label(low)}, {number_label(high)})"
    return f"≥ {number_label(cuts[-1])}"


@given(
    st.lists(st.none() | st.floats(-50, 50) | st.sampled_from([0.0, 10.0, 20.5]), min_size=1),
    st.lists(st.sampled_from([-3.0, 0.0, 10.0, 20.5, 40.0]), min_size=1, unique=True).map(sorted),
)
def test_cuts_against_the_definition(values: list[float | None], cuts: list[float]) -> None:
    column = pd.Series(values, dtype="float64")
    assert levels(column, cuts=tuple(cuts)) == [literal_cut(value, cuts) for value in values]


@given(st.lists(st.none() | st.sampled_from(["", "a", "b", " a"]), min_size=1))
def test_text_against_the_definition(values: list[str | None]) -> None:
    expected = [
        MISSING if value is None else "(empty)" if value == "" else value for value in values
    ]
    for dtype in ("object", "str", "string", "category"):
        assert levels(pd.Series(values, dtype=dtype)) == expected


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series([2, 1, 2]), ["2", "1", "2"]),
        (pd.Series([2.0, np.nan, 0.5]), ["2", MISSING, "0.5"]),
        (pd.Series([2, None], dtype="Int64"), ["2", MISSING]),
        (pd.Series([True, False]), ["True", "False"]),
        (pd.Series([True, None], dtype="object"), ["True", MISSING]),
        (pd.Series([True, None], dtype="boolean"), ["True", MISSING]),
        (pd.Series(["b", "a"], dtype=pd.CategoricalDtype(["b", "a", "unused"])), ["b", "a"]),
        (pd.Series(pd.to_datetime(["2026-01-01"])), ["2026-01-01 00:00:00"]),
    ],
)
def test_every_dtype_gives_text(column: pd.Series[Any], expected: list[str]) -> None:
    assert levels(column) == expected


def test_categories_are_those_that_occur_in_order() -> None:
    grouping = Grouping(Group("g", "c", cuts=(25, 60)), "evaluation data")
    assert list(grouping(pd.Series([70.0, np.nan, 20.0])).categories) == ["< 25", "≥ 60", MISSING]
    numbers = Grouping(Group("g", "c"), "evaluation data")(pd.Series([10, 9, 10]))
    assert list(numbers.categories) == ["9", "10"]


def test_integers_and_floats_of_two_blocks_have_the_same_labels() -> None:
    grouping = Grouping(Group("g", "c"), "evaluation data")
    grouping(pd.Series([1, 2]))
    grouping(pd.Series([1.0, np.nan]))
    assert grouping.seen == {"1", "2", MISSING}


def test_a_numeric_column_without_cuts_is_refused_with_cuts_to_declare() -> None:
    with pytest.raises(DataError) as caught:
        levels(pd.Series(np.arange(51)))
    assert str(caught.value) == (
        "Column 'c' of group 'g' (evaluation data) is numeric and has more than 50 distinct "
        "values. Declare cuts, for example cuts: [12.5, 25, 37.5]."
    )


def test_fifty_numbers_are_a_group() -> None:
    assert len(set(levels(pd.Series(np.arange(50))))) == 50


def test_levels_are_counted_over_blocks() -> None:
    grouping = Grouping(Group("city", "c"), "evaluation data")
    grouping(pd.Series([f"town {i}" for i in range(150)]))
    with pytest.raises(DataError) as caught:
        grouping(pd.Series([f"town {i}" for i in range(100, 201)]))
    assert "Column 'c' of group 'city' (evaluation data) has more than 200 levels" in str(
        caught.value
    )
    assert "Declare a coarser column" in caught.value.mend


def test_mixed_types_name_each_type_and_row() -> None:
    with pytest.raises(DataError) as caught:
        levels(pd.Series([1, "1", None], dtype="object", index=[40, 41, 42]))
    assert "mixes types: int (1 in row 40) and str ('1' in row 41)" in str(caught.value)


def test_lists_are_no_levels() -> None:
    with pytest.raises(DataError, match="holds values of type list"):
        levels(pd.Series([[1], [2]]))


def test_infinite_values_name_their_rows() -> None:
    with pytest.raises(DataError) as caught:
        levels(pd.Series([1.0, np.inf, -np.inf]), cuts=(0.5,))
    assert "has 2 infinite values, first in rows 1, 2" in str(caught.value)


def test_cuts_on_text() -> None:
    with pytest.raises(DataError) as caught:
        levels(pd.Series([None, "old"]), cuts=(25,))
    assert "has cuts, which need numbers, but holds values such as 'old'" in str(caught.value)


def test_an_all_missing_block_is_missing() -> None:
    assert levels(pd.Series([None, None], dtype="object")) == [MISSING] * 2
    assert levels(pd.Series([None, None], dtype="object"), cuts=(1,)) == [MISSING] * 2


def test_text_that_reads_missing_is_missing() -> None:
    assert levels(pd.Series([MISSING, None, "a"])) == [MISSING, MISSING, "a"]


def test_levels_in_reading_order() -> None:
    assert ordered_levels(Group("g", "c"), ["b", MISSING, "a"]) == ["a", "b", MISSING]
