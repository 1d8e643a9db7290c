"""Parquet and Arrow files: fragments, projection, types, memory and corruption."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from auditkit.data import Columns, Group, table
from auditkit.errors import DataError

Y = Columns(label="y")


def test_a_fragment_is_a_row_group(people: pd.DataFrame, written: Any, columns: Any) -> None:
    source = table(written(people, "p.parquet"), columns)
    fragments = source.fragments()
    assert [(part.id, part.rows) for part in fragments] == [
        ("0/p.parquet#0", 20),
        ("0/p.parquet#1", 20),
        ("0/p.parquet#2", 20),
    ]
    assert source.rows == 60
    (batch,) = source.batches(fragments[2], 100)
    assert batch.row_ids.tolist() == list(range(40, 60))


def test_a_fragment_is_a_record_batch(people: pd.DataFrame, written: Any, columns: Any) -> None:
    source = table(written(people, "p.feather"), columns)
    assert [part.rows for part in source.fragments()] == [20, 20, 20]
    stream = table(written(people, "p.arrows"), columns)
    assert [(part.id, part.rows) for part in stream.fragments()] == [("0/p.arrows", None)]


@pytest.mark.parametrize("name", ["p.parquet", "p.feather", "p.arrows"])
def test_types_become_plain_pandas_ones(tmp_path: Path, whole: Any, name: str) -> None:
    values = pa.table(
        {
            "number": pa.array([1, None, 3]),
            "text": pa.array(["a", None, "c"]).dictionary_encode(),
            "exact": pa.array([decimal.Decimal("1.5")] * 3),
            "day": pa.array([datetime.date(2026, 1, 2)] * 3),
            "y": pa.array([True, False, True]),
        }
    )
    path = tmp_path / name
    if name.endswith("parquet"):
        pq.write_table(values, path)
    elif name.endswith("feather"):
        feather.write_feather(values, path)
    else:
        with pa.ipc.new_stream(path, values.schema) as writer:
            writer.write_table(values)
    source = table(path, Y)
    source.check()
    read = whole(source)
    frame = read["frame"]
    assert frame["number"].dtype == np.float64
    assert frame["text"].tolist()[::2] == ["a", "c"]
    assert not isinstance(frame["text"].dtype, pd.CategoricalDtype)
    assert frame["exact"].tolist() == [1.5] * 3
    assert pd.api.types.is_datetime64_any_dtype(frame["day"])
    assert read["targets"].dtype == np.bool_


def test_codes_of_row_groups_do_not_leak(tmp_path: Path, whole: Any) -> None:
    """Each row group has a dictionary of its own; the frame must not depend on it."""
    frame = pd.DataFrame({"city": ["b"] * 3 + ["a"] * 3, "y": [0, 1] * 3})
    frame["city"] = frame["city"].astype("category")
    frame.to_parquet(tmp_path / "c.parquet", row_group_size=3)
    columns = Columns(label="y", groups=(Group("city", "city"),))
    read = whole(table(tmp_path / "c.parquet", columns))
    assert read["groups"]["city"] == ["b"] * 3 + ["a"] * 3
    assert list(read["frame"]["city"]) == ["b"] * 3 + ["a"] * 3


def test_an_unnamed_index_is_no_feature(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1, 2], "y": [0, 1]}, index=[5, 3])
    frame.to_parquet(tmp_path / "i.parquet")
    assert table(tmp_path / "i.parquet", Y).features == ("x",)


@pytest.mark.parametrize("role", ["label", "group"])
def test_text_that_is_no_utf_8(tmp_path: Path, batches_of: Any, role: str) -> None:
    """Arrow's writers do not look: such text stays bytes, which no role takes."""
    ends, content = np.array([0, 1, 3], np.int32).tobytes(), b"a\xff\xfe"
    odd = pa.Array.from_buffers(pa.string(), 2, [None, pa.py_buffer(ends), pa.py_buffer(content)])
    pq.write_table(pa.table({"x": [1.0, 2.0], "odd": odd}), tmp_path / "odd.parquet")
    groups = (Group("odd", "odd"),) if role == "group" else ()
    columns = Columns(label="odd" if role == "label" else None, features=("x",), groups=groups)
    with pytest.raises(DataError, match=r"'odd' .*holds values of type bytes"):
        batches_of(table(tmp_path / "odd.parquet", columns))


def test_only_declared_columns_are_read(tmp_path: Path, batches_of: Any) -> None:
    """A column chunk whose bytes are destroyed does not matter if nobody asks for it."""
    path = tmp_path / "half.parquet"
    rng = np.random.default_rng(0)
    junk = rng.normal(size=5000)
    pq.write_table(pa.table({"x": np.arange(5000), "y": [0] * 5000, "junk": junk}), path)
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(2)
    content = bytearray(path.read_bytes())
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    content[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    path.write_bytes(content)
    source = table(path, Columns(label="y", features=("x",)))
    source.check()
    assert sum(len(batch) for batch in batches_of(source, 512)) == 5000
    with pytest.raises(DataError, match=r"cannot be read as Parquet \(0/half\.parquet#0\)"):
        batches_of(table(path, Y))


@pytest.mark.parametrize("name", ["p.parquet", "p.feather", "p.arrows"])
def test_truncated_files(people: pd.DataFrame, written: Any, batches_of: Any, name: str) -> None:
    path = written(people, name)
    path.write_bytes(path.read_bytes()[:-900])

    def open_and_read() -> None:
        source = table(path, Columns(label="loan"))
        source.check()
        batches_of(source)

    with pytest.raises(DataError) as caught:
        open_and_read()
    assert f"{name} cannot be read as" in str(caught.value)
    assert "corrupt, truncated or of another format" in caught.value.mend


@pytest.mark.parametrize("name", ["p.parquet", "p.feather"])
def test_another_format_under_this_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x,y\n1,0\n")
    with pytest.raises(DataError, match="cannot be read as"):
        table(tmp_path / name, Y).check()


@pytest.mark.parametrize("name", ["p.parquet", "p.feather", "p.arrows"])
def test_a_file_without_rows(people: pd.DataFrame, written: Any, name: str) -> None:
    source = table(written(people.iloc[:0], name), Columns(label="loan"), name="evaluation")
    with pytest.raises(DataError, match=rf"{name} \(evaluation data\) holds no rows"):
        source.check()


def test_doubled_column_names(tmp_path: Path) -> None:
    doubled = pa.table([[1], [2], [0]], names=["x", "x", "y"])
    pq.write_table(doubled, tmp_path / "d.parquet")
    feather.write_feather(doubled, tmp_path / "d.feather")
    for name in ("d.parquet", "d.feather"):
        with pytest.raises(DataError, match="has several columns with the name 'x'"):
            table(tmp_path / name, Y).check()


def test_files_of_one_table_with_other_types(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1], "y": [0]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"x": ["1"], "y": [0]}), tmp_path / "b.parquet")
    with pytest.raises(DataError) as caught:
        table(tmp_path, Y).check()
    assert "Column 'x' is string in" in str(caught.value)
    assert "b.parquet, but int64 in" in str(caught.value)


def test_files_may_differ_in_width(tmp_path: Path, whole: Any) -> None:
    for name, kind in (("a", pa.int32()), ("b", pa.float64()), ("c", pa.null())):
        values = [None] if name == "c" else [1]
        content = pa.table({"x": pa.array(values, kind), "y": [0]})
        pq.write_table(content, tmp_path / f"{name}.parquet")
    source = table(tmp_path, Y)
    source.check()
    assert whole(source)["frame"]["x"].tolist()[:2] == [1, 1]


def test_row_numbers_of_several_files(tmp_path: Path, whole: Any) -> None:
    for place in (0, 1):
        frame = pd.DataFrame({"x": np.arange(5), "y": 0})
        pq.write_table(pa.Table.from_pandas(frame), tmp_path / f"{place}.parquet", row_group_size=2)
    read = whole(table(tmp_path, Y), batch_size=3)
    assert read["row_ids"].tolist() == [*range(5), *range(2**40, 2**40 + 5)]


def peak_of_a_pass(path: Path, rows: int) -> int:
    """Bytes that Arrow holds at most while one row group of that many rows is read."""
    values = np.random.default_rng(0).normal(size=(6, rows))
    names = [*(f"x{place}" for place in range(5)), "y"]
    pq.write_table(pa.table(list(values), names=names), path, row_group_size=rows)
    source = table(path, Y)
    (fragment,) = source.fragments()
    before, most, seen = pa.total_allocated_bytes(), 0, 0
    for batch in source.batches(fragment, 8192):
        seen += len(batch)
        most = max(most, pa.total_allocated_bytes() - before)
    assert seen == rows
    return most


def test_memory_does_not_grow_with_the_row_group(tmp_path: Path) -> None:
    small, large = (peak_of_a_pass(tmp_path / f"{n}.parquet", n) for n in (300_000, 1_200_000))
    assert large < 1.2 * small
