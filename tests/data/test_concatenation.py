"""The batches together are the whole table, for every format, batch size and cut into pieces."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.data import Columns, Group, table
from auditkit.data.readers import regrouped

COLUMNS = Columns(label="y", groups=(Group("g", "g"),), row_id="id")

values = st.tuples(
    st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.none() | st.sampled_from(["a", "b, c", 'd"e', "two\nlines", " f"]),
    st.integers(-(2**40), 2**40),
)
tables = st.lists(values, min_size=2, max_size=60)


def frame_of(rows: Sequence[Any]) -> pd.DataFrame:
    number, group, label = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "id": np.arange(len(rows)) * 7,
            "x": pd.Series(number, dtype="float64"),
            "g": pd.Series(["a", "b, c", *group[2:]], dtype="object"),  # a group needs two levels
            "y": pd.Series(label, dtype="int64"),
        }
    )


def write(frame: pd.DataFrame, folder: Path, kind: str, rows: int) -> Any:
    if kind == "frame":
        return frame
    path = folder / f"t.{kind}"
    if kind == "csv":
        frame.to_csv(path, index=False)
        return path
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    if kind == "parquet":
        pq.write_table(arrow, path, row_group_size=rows)
    elif kind == "feather":
        feather.write_feather(arrow, path, chunksize=rows)
    else:
        with pa.ipc.new_stream(path, arrow.schema) as writer:
            writer.write_table(arrow, max_chunksize=rows)
    return path


@pytest.mark.parametrize("kind", ["frame", "csv", "parquet", "feather", "arrows"])
@settings(max_examples=25, deadline=None)
@given(rows=tables, batch_size=st.integers(1, 70), piece=st.integers(1, 25))
def test_batches_together_are_the_table(
    kind: str, rows: list[Any], batch_size: int, piece: int
) -> None:
    frame = frame_of(rows)
    with tempfile.TemporaryDirectory() as folder:
        source = table(write(frame, Path(folder), kind, piece), COLUMNS)
        source.check()
        fragments = source.fragments()
        by_fragment = [list(source.batches(fragment, batch_size)) for fragment in fragments]
    for batches in by_fragment:
        assert all(len(batch) == batch_size for batch in batches[:-1])
        assert 0 < len(batches[-1]) <= batch_size
    batches = [batch for part in by_fragment for batch in part]
    together = pd.concat([batch.inputs for batch in batches])
    assert together.index.tolist() == list(range(len(frame)))
    np.testing.assert_array_equal(together["x"].to_numpy(np.float64), frame["x"])
    text = [None if pd.isna(value) else value for value in together["g"]]
    assert text == [None if pd.isna(value) else value for value in frame["g"]]
    np.testing.assert_array_equal(np.concatenate([batch.targets for batch in batches]), frame["y"])
    np.testing.assert_array_equal(np.concatenate([batch.row_ids for batch in batches]), frame["id"])
    levels = [level for batch in batches for level in batch.groups["g"]]
    assert levels == frame["g"].fillna("(missing)").tolist()


@given(st.lists(st.integers(0, 9)), st.integers(1, 12))
def test_regrouping_keeps_rows_and_order(sizes: list[int], rows: int) -> None:
    total = sum(sizes)
    whole = pd.DataFrame({"x": np.arange(total)})
    ends = np.cumsum(sizes)
    pieces = [whole.iloc[end - size : end] for size, end in zip(sizes, ends, strict=True)]
    made = list(regrouped(pieces, rows))
    assert [len(frame) for frame in made] == [rows] * (total // rows) + [total % rows] * (
        total % rows > 0
    )
    assert [value for frame in made for value in frame["x"]] == list(range(total))
