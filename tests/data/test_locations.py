"""Where files are looked for, and what is said when they are not there."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

from auditkit.data.formats import SUFFIXES
from auditkit.data.locations import locate
from auditkit.errors import ConfigurationError, DataError
from auditkit.packages import PackageFileError


def names(location: object, **options: object) -> list[str]:
    return [file.name for file in locate(location, suffixes=SUFFIXES, **options)]  # type: ignore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.csv", "a.csv", "notes.md", "_SUCCESS", "inner/c.parquet"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x\n1\n")
    return tmp_path


def test_paths_globs_folders_and_lists(folder: Path) -> None:
    assert names(folder / "a.csv") == ["a.csv"]
    assert names(str(folder / "a.csv")) == ["a.csv"]
    assert names(f"file://{folder}/a.csv") == ["a.csv"]
    assert names(str(folder / "*.csv")) == ["a.csv", "b.csv"]
    assert names(folder) == ["a.csv", "b.csv", "c.parquet"]
    assert names([folder / "b.csv", folder / "a.csv"]) == ["b.csv", "a.csv"]


def test_a_name_with_brackets_is_a_name_first(folder: Path) -> None:
    (folder / "run[1].csv").write_text("x\n1\n")
    assert names(folder / "run[1].csv") == ["run[1].csv"]


def test_a_path_that_does_not_exist_names_its_neighbours(folder: Path) -> None:
    with pytest.raises(DataError) as caught:
        locate(folder / "aa.csv")
    assert f"There is no file '{folder}/aa.csv'. Did you mean 'a.csv'" in str(caught.value)
    assert caught.value.mend == "Check the path, and the folder that it is relative to."


def test_a_glob_without_a_match(folder: Path) -> None:
    with pytest.raises(DataError, match=r"No file matches '.*/\*\.tsv'"):
        locate(str(folder / "*.tsv"))


def test_a_folder_without_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no data file"):
        locate(tmp_path, suffixes=SUFFIXES)


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    with pytest.raises(DataError, match=r"empty\.csv is empty \(0 bytes\)"):
        locate(tmp_path / "empty.csv")


def test_an_empty_list() -> None:
    with pytest.raises(ConfigurationError, match="list of data files is empty"):
        locate([])


def test_an_unknown_protocol() -> None:
    with pytest.raises(ConfigurationError) as caught:
        locate("telepathy://mind/data.csv")
    assert "telepathy://mind/data.csv cannot be understood" in str(caught.value)


def test_a_file_inside_a_package_which_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "shipped_numbers"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (package / "data" / "n.csv").write_text("x\n1\n")
    monkeypatch.syspath_prepend(tmp_path)
    (file,) = locate("package://shipped_numbers/data/n.csv")
    assert (file.uri, file.name) == ("package://shipped_numbers/data/n.csv", "n.csv")
    with pytest.raises(DataError, match=r"Did you mean 'n\.csv'"):
        locate("package://shipped_numbers/data/m.csv")


def test_a_package_that_is_not_installed() -> None:
    with pytest.raises(PackageFileError, match="the Python package 'no_such_thing', which is not"):
        locate("package://no_such_thing/data.csv")


@pytest.mark.parametrize("uri", ["package://", "package://pandas", "package://pandas/../x.csv"])
def test_a_uri_that_names_no_file_in_a_package(uri: str) -> None:
    with pytest.raises(ConfigurationError, match="does not name a file inside a package"):
        locate(uri)


def test_a_file_that_changes_after_opening(tmp_path: Path) -> None:
    path = tmp_path / "live.csv"
    path.write_text("x\n1\n")
    (file,) = locate(path)
    path.write_text("x\n1\n2\n")
    with pytest.raises(DataError, match=r"has changed since the audit opened it \(4 bytes then, 6"):
        file.open()


def test_a_file_that_disappears(tmp_path: Path) -> None:
    path = tmp_path / "gone.csv"
    path.write_text("x\n1\n")
    (file,) = locate(path)
    path.unlink()
    with pytest.raises(DataError, match=r"gone\.csv cannot be read: FileNotFoundError"):
        file.open()


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.csv"
    path.write_text("x\n1\n")
    (file,) = locate(path)

    def refuse(*_: object) -> None:
        raise PermissionError("Permission denied")

    monkeypatch.setattr(file.filesystem, "open", refuse)
    with pytest.raises(DataError, match=r"secret\.csv cannot be read: PermissionError"):
        file.open()


def test_other_stores_through_fsspec() -> None:
    store = fsspec.filesystem("memory")
    store.pipe("/bucket/part-1.csv", b"x\n1\n")
    store.pipe("/bucket/part-0.csv", b"x\n2\n")
    try:
        files = locate("memory://bucket/*.csv")
        assert [file.uri for file in files] == [
            "memory:///bucket/part-0.csv",
            "memory:///bucket/part-1.csv",
        ]
        assert not any(file.local for file in files)
        assert all(file.version for file in files)
    finally:
        store.rm("/bucket", recursive=True)
