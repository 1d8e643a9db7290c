"""Labels are kept as soon as they are given, whatever happens next."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from auditkit.errors import DataError, OutputError
from auditkit.generation.labelling.labels import LabelFile, Said, rater_name, same_rater
from auditkit.generation.labelling.shown_answers import ShownAnswer

ANSWER = ShownAnswer("7", "who?", "Ada")


@pytest.fixture
def labels(tmp_path: Path) -> LabelFile:
    return LabelFile.beside(tmp_path / "answers.jsonl")


def test_labels_are_appended(labels: LabelFile) -> None:
    assert labels.read() == ((), 0)
    labels.add(ANSWER, " Ada  L ", Said.RIGHT)
    labels.add(ANSWER, "Bo", Said.UNCLEAR)
    first, second = labels.read()[0]
    assert (first.id, first.digest, first.rater, first.said) == (
        "7",
        ANSWER.digest,
        "Ada L",
        "right",
    )
    assert second.said is Said.UNCLEAR
    assert first.at.endswith("+00:00")
    assert labels.path.name == "answers.labels.jsonl"
    assert os.name == "nt" or labels.path.stat().st_mode & 0o077 == 0


def test_a_line_cut_by_a_crash_takes_no_other_with_it(labels: LabelFile) -> None:
    labels.add(ANSWER, "Ada", Said.RIGHT)
    whole = labels.path.read_bytes()
    labels.path.write_bytes(whole + whole[: len(whole) // 2])
    assert [len(labels.read()[0]), labels.read()[1]] == [1, 1]
    labels.add(ANSWER, "Bo", Said.WRONG)
    found, damaged = labels.read()
    assert [one.rater for one in found] == ["Ada", "Bo"]
    assert damaged == 1


def test_people_label_at_once(labels: LabelFile) -> None:
    def several(name: str) -> None:
        for _ in range(25):
            labels.add(ANSWER, name, Said.RIGHT)

    threads = [threading.Thread(target=several, args=(name,)) for name in ("Ada", "Bo")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    found, damaged = labels.read()
    assert (len(found), damaged) == (50, 0)


@pytest.mark.parametrize(
    "line",
    [
        b"[]", b"3", b"null", b"\xff", b"{}", b'{"id": "7"}', b"[" * 100_000,
        b'{"id": 7, "digest": "x", "rater": "Ada", "said": "right"}',
        b'{"id": "7", "digest": "x", "rater": "", "said": "right"}',
        b'{"id": "7", "digest": "x", "rater": 3, "said": "right"}',
        b'{"id": "7", "digest": "x", "rater": "Ada", "said": "maybe"}',
        b'{"id": "7", "digest": "x", "rater": "Ada", "said": ["right"]}',
    ],
)  # fmt: skip
def test_damaged_lines_are_counted(labels: LabelFile, line: bytes) -> None:
    labels.path.write_bytes(line + b"\n")
    assert labels.read() == ((), 1)


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="judge this answer again"):
        LabelFile(tmp_path / "nowhere" / "x").add(ANSWER, "Ada", Said.RIGHT)
    with pytest.raises(DataError, match="cannot be read"):
        LabelFile(tmp_path).read()


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\x00b", "a\u202eb"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(DataError, match="The name has"):
        rater_name(name)


def test_case_does_not_make_another_person() -> None:
    assert same_rater("Ada", "ADA")
    assert rater_name("Å\u00a0b") == "Å b"
