"""Tables in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from auditkit.data import Columns, table
from auditkit.data import frames as frames_module
from auditkit.errors import ConfigurationError, DataError

Y = Columns(label="y")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1]}, index=["a", "b"]), "DataFrame"),
        ({"x": np.array([1.0, 2.0]), "y": [0, 1]}, "arrays"),
        ({"x": torch.tensor([1.0, 2.0]).double(), "y": torch.tensor([0, 1])}, "arrays"),
        ({"x": pd.Series([1.0, 2.0], index=[3, 4]), "y": (0, 1)}, "arrays"),
        (pa.table({"x": [1.0, 2.0], "y": [0, 1]}), "Arrow table"),
        (pa.record_batch({"x": [1.0, 2.0], "y": [0, 1]}), "Arrow table"),
    ],
)
def test_every_form_gives_the_same_batches(data: Any, kind: str, whole: Any) -> None:
    source = table(data, Y)
    source.check()
    read = whole(source, 1)
    assert read["frame"]["x"].tolist() == [1.0, 2.0]
    assert read["targets"].tolist() == [0, 1]
    assert read["row_ids"].tolist() == [0, 1]
    described = source.describe()
    assert (described["format"], described["location"], described["rows"]) == (
        kind,
        "Table in memory",
        2,
    )


def test_fragments_are_ranges(monkeypatch: pytest.MonkeyPatch, whole: Any) -> None:
    monkeypatch.setattr(frames_module, "RANGE", 4)
    source = table({"x": range(10), "y": [0] * 10}, Y)
    assert [(part.id, part.rows) for part in source.fragments()] == [
        ("rows 0-3", 4),
        ("rows 4-7", 4),
        ("rows 8-9", 2),
    ]
    assert whole(source, 3)["row_ids"].tolist() == list(range(10))


def test_the_users_frame_stays_as_it_was(people: pd.DataFrame, batches_of: Any) -> None:
    before = people.copy(deep=True)
    batches_of(table(people, Columns(label="loan")))
    pd.testing.assert_frame_equal(people, before)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (pd.DataFrame({0: [1], "y": [0]}), "has columns whose names are not text: 0."),
        (pd.DataFrame([[1, 2, 0]], columns=["x", "x", "y"]), "several columns with the name 'x'"),
        (pd.DataFrame({"x": [], "y": []}), "Table in memory (data data) holds no rows."),
        ({"x": [1], "z": [0]}, "has no column 'y'; it has 'x', 'z'."),
        ({"x": [1, 2], "y": [0]}, "The arrays differ in length: 'x: 2', 'y: 1'."),
        ({"x": np.zeros((2, 3)), "y": [0, 1]}, "Array 'x' has shape (2, 3), but a column"),
        (pd.DataFrame({"x": [1, "a"], "y": [0, 1]}), "Feature 'x' (data data) mixes types"),
        (pd.DataFrame({"x": [1, 2], "y": [0, "no"]}), "Label column 'y' (data data) mixes types"),
        (pd.DataFrame({"x": [1, 2], "y": [0, None]}), "Label column 'y' (data data) has 1 missing"),
        (pd.DataFrame({"x": [1, 2], "y": [[0], [1]]}), "holds values of type list"),
    ],
)
def test_hostile_tables(data: Any, text: str) -> None:
    with pytest.raises(DataError) as caught:
        table(data, Y).check()
    assert text in str(caught.value)
    assert caught.value.mend


def test_lists_may_be_features(batches_of: Any) -> None:
    source = table(pd.DataFrame({"x": [[1], [2, 3]], "y": [0, 1]}), Y)
    source.check()
    assert batches_of(source)[0].inputs["x"].tolist() == [[1], [2, 3]]


def test_what_is_no_table() -> None:
    with pytest.raises(DataError, match="A int cannot be read as a table"):
        table(3, Y)


def test_csv_options_for_a_frame() -> None:
    with pytest.raises(ConfigurationError, match="CSV options"):
        table({"x": [1]}, Y, csv={"sep": ";"})


def test_pinned_digests() -> None:
    data = {"x": [1.0], "y": [0]}
    digest = table(data, Y).digest()
    table(data, Y, sha256=digest).check()
    with pytest.raises(DataError, match=f"The table has digest {digest}, but"):
        table(data, Y, sha256="0" * 64).check()
