"""CSV: values as pandas reads them, records as the csv module counts them, and hostile files."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from auditkit.data import Columns, Group, table
from auditkit.errors import AuditkitError, ConfigurationError, DataError

Y = Columns(label="y")


@pytest.fixture
def source(tmp_path: Path) -> Callable[..., Any]:
    """A checked source of a CSV file with this content."""

    def make(content: str | bytes, columns: Columns = Y, name: str = "data.csv", **csv: Any) -> Any:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return table(path, columns, csv=csv, name="evaluation")

    return make


def refusal(made: Any, read: Callable[..., Any] | None = None) -> AuditkitError:
    def check_and_read() -> None:
        made.check()
        if read:
            read(made)

    with pytest.raises(AuditkitError) as caught:
        check_and_read()
    assert caught.value.mend
    return caught.value


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("x,y\n1,0\n2,1\n", {}),
        ("x;y\n1,5;0\n2,0;1\n", {"sep": ";", "decimal": ","}),
        ("x, y\n a, 0\n b, 1\n", {"skipinitialspace": True}),
        (',x,y\n0,"a,b",0\n1,"c ""d""",1\n', {"index_col": 0}),
        ("id,x,y\n0,a,0\n1,b,1\n", {"index_col": "id"}),
        ('x,y\n"two\nlines",0\nb,1\n', {}),
        ("x,y\r\na,0\r\nb,1\r\n", {}),
        ("\ufeffx,y\na,0\n", {}),
        ("x,y\n\na,0\n\nb,1\n\n", {}),
        ("x,y\n'a,b',0\n", {"quotechar": "'"}),
        ("x,y\na\\,b,0\n", {"escapechar": "\\"}),
        ("x,y\nn/a,0\nnone at all,1\n", {"na_values": ["none at all"]}),
        ("x,y\nNA,0\n,1\n", {"keep_default_na": False, "na_values": [""]}),
        ('x,y\n"1,000",0\n"2",1\n', {"thousands": ","}),
        ("x,y\n007,0\n010,1\n", {"dtype": {"x": "str"}}),
        ("a,0\nb,1\n", {"names": ["x", "y"]}),
    ],
)
def test_dialects_against_pandas(
    source: Any, whole: Any, content: str, options: dict[str, Any]
) -> None:
    made = source(content, **options)
    made.check()
    read = whole(made, batch_size=1)
    (path,) = Path(made.describe()["location"]).parent.iterdir()
    expected = pd.read_csv(path, **{"encoding": "utf-8-sig", **options})
    pd.testing.assert_frame_equal(
        read["frame"].reset_index(drop=True), expected[["x"]].reset_index(drop=True)
    )
    np.testing.assert_array_equal(read["targets"], expected["y"])


def test_latin_1_and_compression(source: Any, whole: Any) -> None:
    content = "x,y\nMünchen,0\nKöln,1\n"
    made = source(gzip.compress(content.encode("latin-1")), name="d.csv.gz", encoding="latin-1")
    made.check()
    assert list(whole(made)["frame"]["x"]) == ["München", "Köln"]
    assert source("x\ty\na\t0\n", name="d.tsv").check() is None


def test_text_that_looks_like_numbers_later_stays_text(source: Any, whole: Any) -> None:
    rows = "".join(f"A{i},0\n" for i in range(70_000)) + "007,1\n" * 3
    read = whole(source("x,y\n" + rows), batch_size=1000)
    assert list(read["frame"]["x"].iloc[-3:]) == ["007"] * 3


def test_numbers_that_turn_into_text_later(source: Any, batches_of: Any) -> None:
    rows = "1,0\n" * 66_000 + "unknown,0\n"
    error = refusal(source("x,y\n" + rows), batches_of)
    assert "Column 'x' of" in str(error)
    assert "holds numbers in its first rows, but 'unknown' in row 66000." in str(error)
    assert "na_values" in error.mend


def test_truth_values_that_turn_into_text_later(source: Any, batches_of: Any) -> None:
    rows = "True,0\n" * 66_000 + ",0\nperhaps,0\n"
    error = refusal(source("x,y\n" + rows), batches_of)
    assert "holds truth values in its first rows, but 'perhaps' in row 66001" in str(error)


def test_truth_values_may_be_missing_later(source: Any, batches_of: Any) -> None:
    made = source("x,y\n" + "True,0\n" * 66_000 + ",0\nFalse,1\n")
    assert sum(len(batch) for batch in batches_of(made, 5000)) == 66_002


@pytest.mark.parametrize(
    ("content", "options", "text"),
    [
        ("x,y\n1,0\n2\n3,1\n", {}, "data.csv, line 3: 1 fields, where 2 were expected."),
        ("x,y\n1,0\n2,0,9\n", {}, "data.csv, line 3: 3 fields, where 2 were expected."),
        ("x,y\n1,0,\n2,0,\n", {}, "data.csv, line 2: 3 fields, where 2 were expected."),
        ('x,y\n"a\nb",0\nc\n', {}, "data.csv, line 4: 1 fields, where 2 were expected."),
        ("x,y,x\n1,0,2\n", {}, "has several columns with the name 'x'."),
        ("x,y\n", {}, "data.csv has a header, but no rows."),
        ("\n\n", {}, "data.csv has a header, but no rows."),
        ("x;y\n1;0\n", {}, "has one column only, 'x;y'."),
        ("x,z\n1,0\n", {}, "has no column 'y'; it has 'x', 'z'."),
        ("x,Y\n1,0\n", {}, "Did you mean 'Y'?"),
        ("y\n1\n", {}, "has no column left for the model's inputs."),
        ("x,y\n1,\n2,1\n", {}, "Label column 'y' (evaluation data) has 1 missing value among"),
        ("x,y\n1,inf\n2,1\n", {}, "has 1 infinite value among rows 0 to 1, first in row 0."),
        ("x,y\na,0\n", {"dtype": {"x": "float"}}, "could not convert string to float"),
        ("x,y\n1,0\n", {"index_col": "id"}, "index_col is 'id', but"),
        (b"x,y\nM\xfcnchen,0\n", {}, "data.csv, line 2 is not utf-8 text"),
        (b"\xff\xfex\x00,\x00y\x00", {}, "data.csv, line 1 is not utf-8 text"),
        (b"PK\x03\x04\xff\xff\xff", {}, "is not utf-8 text"),
        ('x,y\n"a,0\n' + "b,1\n" * 50_000, {}, "field larger than field limit (131072)"),
        ('x,y\n"a,0\nb,1\n', {}, "line 3: 1 fields, where 2 were expected"),
    ],
)
def test_hostile_files(source: Any, content: Any, options: dict[str, Any], text: str) -> None:
    assert text in str(refusal(source(content, **options)))


def test_ragged_lines_far_down_are_named(source: Any, batches_of: Any) -> None:
    made = source("x,y\n" + "1,0\n" * 70_000 + "2\n")
    made.check()
    with pytest.raises(DataError, match=r"data\.csv, line 70002: 1 fields, where 2 were expected"):
        batches_of(made, 1000)


def test_a_truncated_gzip_file(source: Any, batches_of: Any) -> None:
    rng = np.random.default_rng(0)
    content = "x,y\n" + "".join(f"{value},0\n" for value in rng.normal(size=5_000))
    packed = gzip.compress(content.encode())
    error = refusal(source(packed[:-2000], name="d.csv.gz"), batches_of)
    assert "d.csv.gz is corrupt or truncated after line" in str(error)
    assert "d.csv.gz is corrupt or truncated after line 0" in str(
        refusal(source(b"no gzip at all", name="d.csv.gz"))
    )


def test_an_unknown_compression(source: Any) -> None:
    error = refusal(source("x,y\n1,0\n", compression="wishful"))
    assert "is compressed by 'wishful', which this environment cannot read" in str(error)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"seperator": ";"}, "There is no CSV option 'seperator'"),
        ({"skipinitalspace": True}, "Did you mean 'skipinitialspace'?"),
        ({"sep": "::"}, "CSV option 'sep' must be one character, but is '::'."),
        ({"skipinitialspace": "yes"}, "must be true or false, but is 'yes'"),
        ({"encoding": "klingon"}, "Python knows no encoding 'klingon'"),
        ({"names": "xy"}, "must be a list of column names"),
    ],
)
def test_options_that_are_none(source: Any, options: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        source("x,y\n1,0\n", **options)
    assert text in str(caught.value)


def test_several_files_are_one_table(tmp_path: Path, whole: Any) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,0\n2,1\n")
    (tmp_path / "b.csv").write_text("y,x\n1,3\n")
    made = table(str(tmp_path / "*.csv"), Y)
    made.check()
    assert [fragment.id for fragment in made.fragments()] == ["0/a.csv", "1/b.csv"]
    assert made.rows is None
    read = whole(made)
    assert list(read["frame"]["x"]) == [1, 2, 3]
    assert read["row_ids"].tolist() == [0, 1, 2**40]
    assert made.rows == 3


def test_rows_of_later_files_are_readable(tmp_path: Path, batches_of: Any) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,0\n2,1\n")
    (tmp_path / "b.csv").write_text("x,y\n1,0\n2,\n")
    error = refusal(table(str(tmp_path / "*.csv"), Y), batches_of)
    assert "1 missing value among rows 0 of file 2 to 1 of file 2, first in row 1 of file 2" in str(
        error
    )


def test_a_file_that_lacks_a_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,0\n")
    (tmp_path / "b.csv").write_text("y,z\n1,3\n")
    error = refusal(table(str(tmp_path / "*.csv"), Y))
    assert "b.csv lacks column 'x', which" in str(error)


def test_only_declared_columns_are_parsed(source: Any, batches_of: Any) -> None:
    made = source("x,y,junk\n1,0,a\n2,1,3\n", Columns(label="y", features=("x",)))
    (batch,) = batches_of(made)
    assert list(batch.inputs.columns) == ["x"]


def test_groups_of_a_real_file() -> None:
    columns = Columns(
        label="loan",
        groups=(Group("gender", "gender", reference="Male"), Group("ethnicity", "ethnicity")),
    )
    pinned = "9791f289391d1c169c52b0c325601d9e82f97eac620b7ac9fba381cb063da1af"
    source = table(
        "package://xai/data/census.csv",
        columns,
        sha256=pinned,
        csv={"skipinitialspace": True, "index_col": 0},
    )
    source.check()
    (fragment,) = source.fragments()
    targets = np.concatenate([batch.targets for batch in source.batches(fragment, 4096)])
    assert (len(targets), (targets == ">50K").sum()) == (32_561, 7_841)
    described = source.describe()
    assert described["rows"] == 32_561
    assert described["groups"]["gender"]["levels"] == {"Female": 10_771, "Male": 21_790}
    assert described["groups"]["ethnicity"]["levels"]["Other"] == 271
    assert described["digest"] == f"sha256:{pinned}"
