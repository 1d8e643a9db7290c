"""What is the same value has one hash, whatever its type; what is another has another."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.evidence.contents.cells import Levels, number_hashes, plain_text


def hashed(cells: Any, dtype: Any = None, *, as_read: bool = False) -> list[int]:
    """The hash of each cell."""
    levels = Levels.of(pd.Series(cells, dtype=dtype))
    return list(map(int, levels.hashes(as_read=as_read)[levels.codes]))


def test_numbers_are_the_same_in_every_type() -> None:
    ones = [
        hashed([1, 0], "int64"), hashed([1.0, -0.0]), hashed([1, 0], "uint8"),
        hashed([True, False]), hashed([1, 0], "Int64"), hashed([1.0, 0.0], "float32"),
        hashed([1, 0.0], object), hashed(pd.Categorical([1, 0])), hashed([True, 0], object),
        hashed([np.int32(1), np.float64(-0.0)], object),
    ]  # fmt: skip
    assert all(one == ones[0] for one in ones)
    assert hashed([1], "int64") != hashed(["1"])


def test_what_is_missing_is_the_same_in_every_type() -> None:
    missing = [
        hashed([np.nan]), hashed([None], object), hashed([pd.NA], "Int64"), hashed([None], "str"),
        hashed([pd.NaT], "datetime64[ns]"), hashed([pd.NA], object), hashed([-np.nan]),
        hashed(pd.Categorical([None], categories=["a"])), hashed([None], "boolean"),
        hashed([[], None], object)[1:],
    ]  # fmt: skip
    assert all(one == missing[0] for one in missing)


def test_text_is_taken_as_it_is() -> None:
    texts = ["a", "A", " a", "a ", "", "nan", "None"]
    alone = hashed(texts)
    assert len(set(alone)) == len(texts)
    assert hashed(texts, object) == alone == hashed(texts, "category")
    assert not set(alone) & set(hashed([np.nan]))
    assert len(set(hashed(texts[:4], as_read=True))) == 1


def test_times_are_the_same_in_every_unit() -> None:
    days = pd.Series(pd.date_range("2020-01-01", periods=3))
    zoned = days.dt.tz_localize("UTC")
    assert hashed(days.astype("datetime64[ns]")) == hashed(days.astype("datetime64[s]"))
    assert hashed(zoned) == hashed(days)


def test_large_whole_numbers_are_told_apart() -> None:
    large = [2**53 + 1, 2**53, 2**62, -(2**62), 2**62 + 1]
    assert len(set(hashed(large, "int64"))) == len(large)
    assert len(set(hashed(large, object))) == len(large)
    assert len(hashed([10**400, -(10**400)], object)) == 2


def test_cells_that_have_no_hash_count_by_what_they_show() -> None:
    cells = [[1, 2], {"a": 1}, np.arange(3), np.arange(3), b"\xff", None, "x", 4, {"a": 1}]
    found = hashed(cells, object)
    assert found[2] == found[3]
    assert found[1] == found[8]
    assert len(set(found)) == len(cells) - 2
    assert found[6:8] == hashed(["x", 4], object)
    assert hashed([np.arange(2000)], object) != hashed([np.arange(2000)[::-1]], object)


def test_no_rows() -> None:
    for kind in ("int64", "float64", "str", "category", object, "datetime64[ns]"):
        assert hashed([], kind) == []


@given(st.lists(st.floats(width=64), min_size=1, max_size=20))
def test_numbers_differ_as_their_hashes_do(values: list[float]) -> None:
    found = number_hashes(np.array(values)).tolist()
    for (one, a), (other, b) in itertools.combinations(zip(values, found, strict=True), 2):
        assert (one == other or (one != one and other != other)) == (a == b)


@pytest.mark.parametrize("cells", [["a"], pd.Categorical(["1"]), [1 + 2j], [pd.Timedelta(1)]])
def test_what_is_no_number(cells: Any) -> None:
    assert not Levels.of(pd.Series(cells)).numeric
    assert len(hashed(cells)) == 1


def test_plain_text() -> None:
    assert plain_text("\tStraße\u00a0 1\n") == "strasse 1"
    assert plain_text("") == plain_text("  ") == ""
