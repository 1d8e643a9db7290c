"""Roles of columns in a table source: targets, ids, clusters, times, and whole-column checks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from auditkit.data import Columns, Fragment, Group, Integrity, Source, table
from auditkit.data import frames as frames_module
from auditkit.data import integrity as integrity_module
from auditkit.errors import ConfigurationError, DataError


def passed(source: Any, batches_of: Any, batch_size: int = 2) -> str:
    """The text of the error that a check or a pass raises."""

    def check_and_read() -> None:
        source.check()
        batches_of(source, batch_size)

    with pytest.raises(DataError) as caught:
        check_and_read()
    assert caught.value.mend
    return str(caught.value)


def test_it_is_a_source(people: pd.DataFrame, columns: Columns) -> None:
    assert isinstance(table(people, columns), Source)


def test_fields_of_a_batch(people: pd.DataFrame) -> None:
    columns = Columns(
        label="loan",
        features=("income", "age"),
        groups=(Group("sex", "sex"), Group("age band", "age", cuts=(30, 60))),
        cluster="sex",
        row_id="person",
        time="age",
    )
    source = table(people, columns)
    (fragment,) = source.fragments()
    first, *_, last = source.batches(fragment, 25)
    assert (len(first), len(last)) == (25, 10)
    assert list(first.inputs.columns) == ["income", "age"]
    assert first.frame is first.inputs
    assert first.inputs.index.tolist() == list(range(25))
    np.testing.assert_array_equal(first.targets, people["loan"][:25])
    np.testing.assert_array_equal(first.row_ids, people["person"][:25])
    assert list(first.groups["sex"]) == list(people["sex"][:25])
    assert first.clusters is not None
    assert first.clusters.tolist() == list(people["sex"][:25])
    assert first.times is not None
    np.testing.assert_array_equal(first.times, people["age"][:25])


def test_features_that_are_not_declared() -> None:
    data = {name: [1, 2] for name in ("id", "a", "sex", "who", "when", "y")}
    groups = (Group("sex", "sex"),)
    columns = Columns(label="y", groups=groups, row_id="id", cluster="who", time="when")
    assert table(data, columns).features == ("a", "sex")


def test_without_a_label_there_are_no_targets(batches_of: Any) -> None:
    (batch,) = batches_of(table({"x": [1, 2]}, Columns(label=None)))
    assert batch.targets is None


def test_several_label_columns_and_heads(batches_of: Any) -> None:
    data = {"x": [1, 2], "a": [0, 1], "b": [True, False], "c": ["u", "v"]}
    (batch,) = batches_of(table(data, Columns(label=("a", "b"))))
    assert batch.targets.tolist() == [[0, 1], [1, 0]]
    columns = Columns(label={"first": "c", "second": ("a", "b")})
    first, second = batches_of(table(data, columns), 1)
    assert first.targets["first"].tolist() == ["u"]
    assert second.targets["second"].tolist() == [[1, 0]]


def test_text_among_several_label_columns(batches_of: Any) -> None:
    source = table({"x": [1], "a": [0], "b": ["no"]}, Columns(label=("a", "b")))
    assert "Label column 'b' (data data) holds values such as 'no', but several" in passed(
        source, batches_of
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.array([1, 2], dtype="Int64"), np.int64),
        (pd.array([1.5, 2.0], dtype="Float64"), np.float64),
        (pd.array([True, False], dtype="boolean"), np.bool_),
        (np.array([1, 2], dtype=np.uint8), np.int64),
        (np.array([1, 2], dtype=np.float32), np.float32),
        (np.array([2**63, 1], dtype=np.uint64), np.uint64),
        (pd.array([True, False], dtype=object), np.bool_),
        (pd.array(["a", "b"], dtype="string"), np.object_),
        (pd.Categorical(["a", "b"]), np.object_),
    ],
)
def test_targets_are_plain_arrays(values: Any, expected: type, batches_of: Any) -> None:
    (batch,) = batches_of(table({"x": [1, 2], "y": values}, Columns(label="y")))
    assert batch.targets.dtype == expected
    assert batch.targets.tolist() == list(values)


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        ([1, 2, None], "Row id column 'id' (data data) has 1 missing value among rows 0 to 2"),
        ([1.5, 2.0, 3.0], "holds fractions or numbers beyond 2**53 as floats, first in row 0."),
        ([1.0, 2.0**53, 3.0], "as floats, which may have lost digits"),
        ([1, "a", 2], "mixes types: int (1 in row 0) and str ('a' in row 1)"),
        ([1, 2, 1], "holds 1 value more than once: 1 in rows 0, 2."),
        (["a", "b", "a"], "holds 1 value more than once: 'a' in rows 0, 2."),
        (["a", "a", "a"], "holds 1 value more than once: 'a' in rows 0, 1, 2."),
    ],
)
def test_row_ids_that_are_none(ids: list[Any], text: str, batches_of: Any) -> None:
    source = table({"id": ids, "x": [1, 2, 3], "y": [0, 1, 0]}, Columns(label="y", row_id="id"))
    assert text in passed(source, batches_of)


def test_row_ids_keep_their_kind(batches_of: Any) -> None:
    for ids, expected in (
        ([7.0, 9.0], [7, 9]),
        (["u", "v"], ["u", "v"]),
        (np.array([2**63 + 1, 2], dtype=np.uint64), [2**63 + 1, 2]),
        (pd.to_datetime(["2026-01-01", "2026-01-02"]), None),
    ):
        data = {"id": ids, "x": [1, 2], "y": [0, 1]}
        (batch,) = batches_of(table(data, Columns(label="y", row_id="id")))
        assert expected is None or batch.row_ids.tolist() == expected


def test_ids_doubled_across_fragments(monkeypatch: pytest.MonkeyPatch, batches_of: Any) -> None:
    monkeypatch.setattr(frames_module, "RANGE", 4)
    ids = [*range(10), 3, 5]
    source = table({"id": ids, "x": ids, "y": 12 * [0]}, Columns(label="y", row_id="id"))
    assert "holds 2 values more than once: 3 in rows 3, 10; 5 in rows 5, 11." in passed(
        source, batches_of
    )


def test_two_texts_with_one_hash_are_no_doubled_id(
    monkeypatch: pytest.MonkeyPatch, batches_of: Any
) -> None:
    monkeypatch.setattr(
        integrity_module, "id_keys", lambda ids: np.zeros(len(ids), dtype=np.uint64)
    )
    data = {"id": ["a", "b", "c"], "x": [1, 2, 3], "y": [0, 1, 0]}
    source = table(data, Columns(label="y", row_id="id"))
    assert sum(map(len, batches_of(source))) == 3


def test_a_second_pass_is_no_doubling(people: pd.DataFrame, batches_of: Any) -> None:
    source = table(people, Columns(label="loan", row_id="person", groups=(Group("sex", "sex"),)))
    once, again = batches_of(source, 7), batches_of(source, 11)
    assert sum(map(len, once)) == sum(map(len, again)) == source.rows == 60
    assert sum(source.describe()["groups"]["sex"]["levels"].values()) == 60


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (["p", None, "q"], "Cluster column 'who' (data data) has 1 missing value among rows"),
        ([1.5, 2.5, 3.0], "holds fractions"),
    ],
)
def test_clusters_that_are_none(values: list[Any], text: str, batches_of: Any) -> None:
    source = table({"who": values, "x": [1, 2, 3], "y": 3 * [0]}, Columns("y", cluster="who"))
    assert text in passed(source, batches_of)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2026-01-02", "2026-01-03T04:05:06Z"], ["2026-01-02T00:00:00", "2026-01-03T04:05:06"]),
        (
            pd.to_datetime(["2026-01-02T01:00+01:00", "2026-01-03T01:00+01:00"]),
            ["2026-01-02T00:00:00", "2026-01-03T00:00:00"],
        ),
    ],
)
def test_moments_are_utc(values: Any, expected: list[str], batches_of: Any) -> None:
    (batch,) = batches_of(table({"t": values, "x": [1, 2]}, Columns(None, time="t")))
    np.testing.assert_array_equal(batch.times, np.array(expected, dtype="datetime64[s]"))


def test_moments_that_are_none(batches_of: Any) -> None:
    source = table({"t": ["2026-01-02", "soon"], "x": [1, 2]}, Columns(None, time="t"))
    assert "holds 'soon' in row 1, which is no ISO 8601 moment" in passed(source, batches_of)


GENDER = Group("gender", "sex", reference="M")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (["M"] * 4, "Group 'gender' (column 'sex', data data) has only one level, 'M', so"),
        (["M", None, "M", "M"], "has only one level, 'M'"),
        ([None] * 4, "has no value in any of the 4 rows."),
        (["m", "f", "m", "f"], "has no level 'M', which is declared as its reference; there are"),
        (["m", "f", "m", "f"], "'f', 'm'. Did you mean 'm'?"),
        ([1, "M", 2, "F"], "mixes types"),
    ],
)
def test_groups_that_are_none(values: list[Any], text: str, batches_of: Any) -> None:
    data = {"x": [1, 2, 3, 4], "sex": pd.Series(values, dtype=object), "y": [0, 1, 0, 1]}
    assert text in passed(table(data, Columns(label="y", groups=(GENDER,))), batches_of)


def test_a_group_column_that_is_absent(people: pd.DataFrame, batches_of: Any) -> None:
    source = table(people, Columns(label="loan", groups=(Group("gender", "Sex"),)))
    text = passed(source, batches_of)
    assert "Table in memory (data data) has no column 'Sex'; it has 'person', 'age'" in text
    assert "Did you mean 'sex'?" in text


def test_an_unfinished_pass_judges_nothing(batches_of: Any) -> None:
    data = {"x": [1, 2], "sex": ["M", "M"], "y": [0, 1]}
    source = table(data, Columns(label="y", groups=(GENDER,)))
    (fragment,) = source.fragments()
    next(iter(source.batches(fragment, 1)))
    assert source.integrity.fragments == {}


def test_two_processes_are_judged_together(
    people: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames_module, "RANGE", 30)
    people.loc[45, "person"] = 103
    columns = Columns(label="loan", row_id="person", groups=(Group("sex", "sex"),))
    first, second = table(people, columns), table(people, columns)
    for source, place in ((first, 0), (second, 1)):
        assert sum(map(len, source.batches(source.fragments()[place], 8))) == 30
    sent = Integrity.from_bytes(second.integrity.to_bytes())
    assert sent.levels == second.integrity.levels
    first.integrity.merge(sent)
    assert first.integrity.rows == first.rows == 60
    levels = first.describe()["groups"]["sex"]["levels"]
    assert levels == people["sex"].value_counts().sort_index().to_dict()
    with pytest.raises(DataError, match=r"more than once: 103 in rows 3, 45\."):
        first.finish()
    with pytest.raises(ValueError, match="both states hold fragment 'rows 30-59'"):
        first.integrity.merge(sent)


def test_a_missing_label_far_down(batches_of: Any) -> None:
    labels = np.zeros(70_000)
    labels[[66_000, 66_002]] = np.nan
    source = table({"x": labels * 0, "y": labels}, Columns(label="y"), name="training")
    source.check()
    with pytest.raises(DataError) as caught:
        batches_of(source, 1000)
    assert str(caught.value).startswith(
        "Label column 'y' (training data) has 2 missing values among rows 65000 to 69999, "
        "first in rows 66000, 66002."
    )


def test_fragments_and_batch_sizes_that_do_not_exist(people: pd.DataFrame, columns: Any) -> None:
    source = table(people, columns)
    with pytest.raises(DataError, match="has no fragment 'rows 1-2'"):
        next(iter(source.batches(Fragment("rows 1-2", 2), 8)))
    with pytest.raises(ConfigurationError, match="batch size must be at least 1, but is 0"):
        next(iter(source.batches(source.fragments()[0], 0)))


def test_missing_labels_are_kept_where_it_is_declared_whose_are_known(batches_of: Any) -> None:
    frame = {"x": [1, 2, 3], "y": [1, None, 0], "z": [None, None, 1]}
    both = Columns(label=("y", "z"), features=("x",), labelled="accepted applicants")
    (batch,) = batches_of(table(frame, both))
    assert batch.labelled is not None
    assert batch.labelled.tolist() == [False, False, True]
    assert batch.labelled_places is not None
    assert batch.labelled_places.tolist() == [2]
    with pytest.raises(DataError, match=r"'y' .* 1 missing value .* row 1") as refused:
        batches_of(table(frame, Columns(label="y", features=("x",))))
    assert "Remove" not in refused.value.mend
    assert "declare data.labelled, whom the outcome is known of" in refused.value.mend


def test_an_infinite_label_is_no_missing_one(batches_of: Any) -> None:
    columns = Columns(label="y", features=("x",), labelled="accepted applicants")
    frame = {"x": [1, 2, 3], "y": [1.0, None, float("inf")]}
    with pytest.raises(DataError, match=r"1 infinite value"):
        batches_of(table(frame, columns))


def test_without_a_label_no_row_has_one(batches_of: Any) -> None:
    (batch,) = batches_of(table({"x": [1, 2]}, Columns(label=None)))
    assert batch.labelled_places is not None
    assert batch.labelled_places.tolist() == []
