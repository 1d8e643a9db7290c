"""Writing reports: the format by suffix, whole files or none, and errors that help."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from auditkit.errors import OutputError
from auditkit.reports import write, write_report
from auditkit.reports.writable import check_writable
from tests.samples import sample_record

SMALL = sample_record(figures=())


@pytest.mark.parametrize("name", ["a.json", "b.XML", "deep/er/c.json"])
def test_the_suffix_chooses(tmp_path: Path, name: str) -> None:
    target = write_report(SMALL, tmp_path / name)
    text = target.read_text(encoding="utf-8")
    if name.lower().endswith("json"):
        assert json.loads(text)["id"] == SMALL.id
    else:
        assert ElementTree.fromstring(text.encode()).tag == "testsuites"
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_html_by_suffix_and_by_name(tmp_path: Path) -> None:
    by_suffix = write_report(SMALL, str(tmp_path / "a.html")).read_text(encoding="utf-8")
    by_name = write_report(SMALL, tmp_path / "a.report", "html").read_text(encoding="utf-8")
    assert by_suffix == by_name
    assert by_suffix.startswith("<!DOCTYPE html>")


def test_an_unknown_suffix_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        write_report(SMALL, tmp_path / "report.pdf")
    assert "report.pdf" in str(caught.value)
    assert ".html, .htm, .xml, .json" in str(caught.value)
    assert caught.value.mend == "Rename the file, or name the format."


def test_an_unknown_format_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        OutputError, match="A report can be html, junit, json; found the format 'x'"
    ):
        write_report(SMALL, tmp_path / "a.html", format="x")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError) as caught:
        write_report(SMALL, tmp_path / "file" / "a.json")
    assert str(tmp_path / "file" / "a.json") in str(caught.value)
    assert "Nothing was written" in str(caught.value)


def test_a_target_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        write_report(SMALL, tmp_path / "a.json")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("name", ["nul\0.json", "x" * 400 + ".json"])
def test_names_that_no_file_can_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_report(SMALL, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_keeps_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.json"
    target.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError) as caught:
        write_report(SMALL, target)
    assert "No space left on device" in caught.value.problem
    assert caught.value.mend == "Free some space there, or name another folder."
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_ctrl_c_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_report(SMALL, tmp_path / "a.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of a file")
def test_a_real_limit_on_the_size_of_files(tmp_path: Path) -> None:
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from auditkit.errors import OutputError\n"
        "from auditkit.reports.write import write_text\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    write_text(Path(sys.argv[1]), 'x' * 100_000)\n"
        "except OutputError as error:\n"
        "    print(error)\n"
    )
    target = tmp_path / "a.html"
    done = subprocess.run(
        [sys.executable, "-c", code, str(target)], capture_output=True, text=True, check=True
    )
    assert "Raise the limit on the size of files" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
def test_the_umask_decides_who_may_read(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        target = write_report(SMALL, tmp_path / "a.json")
    finally:
        os.umask(before)
    assert target.stat().st_mode & 0o777 == 0o640


def test_whether_it_can_be_written_is_known_before(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "a.html")
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be written") as caught:
        check_writable(tmp_path / "file" / "a.html")
    assert "Name another place with --report" in caught.value.mend


def test_text_that_utf8_cannot_hold_is_written_all_the_same(tmp_path: Path) -> None:
    write.write_text(tmp_path / "a", "lone \ud800")
    assert (tmp_path / "a").read_text(encoding="utf-8") == "lone \\ud800"
