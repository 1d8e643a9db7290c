"""What people are shown, from a file that nobody vouches for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditkit.errors import AuditkitError, DataError
from auditkit.generation.labelling.shown_answers import ShownAnswer, read_answers


def test_a_line_as_prompts_export_writes_it(tmp_path: Path) -> None:
    line = {
        "id": "7", "prompt": "who?", "context": ["Ada."], "answer": "Ada",
        "references": ["Ada"], "label": None,
    }  # fmt: skip
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps(line) + "\n\n" + '{"id": 8, "answer": "", "references": "x"}\n')
    assert read_answers(path) == (
        ShownAnswer("7", "who?", "Ada", ("Ada.",), ("Ada",)),
        ShownAnswer("8", "", "", (), ("x",)),
    )


def test_a_digest_is_of_question_and_answer() -> None:
    one = ShownAnswer("7", "who?", "Ada")
    assert one.digest == ShownAnswer("8", "who?", "Ada", references=("x",)).digest
    assert one.digest != ShownAnswer("7", "who?", "Bo").digest
    assert one.digest != ShownAnswer("7", "who?Ada", "").digest


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "holds no answer"),
        ("[1]", "expected an object"),
        ('{"id": "7"', "no JSON"),
        ('{"answer": "x"}', "None as id"),
        ('{"id": "", "answer": "x"}', "'' as id"),
        ('{"id": true, "answer": "x"}', "True as id"),
        ('{"id": "7"}', "None as answer"),
        ('{"id": "7", "answer": 3}', "3 as answer"),
        ('{"id": "7", "answer": "x", "prompt": []}', "as prompt"),
        ('{"id": "7", "answer": "x", "references": [1]}', "as references"),
        ('{"id": "7", "answer": "x", "context": {"a": 1}}', "as context"),
        ('{"id": "7", "answer": "x"}\n{"id": "7", "answer": "y"}', "Line 2 .* of a line before"),
    ],
)
def test_what_is_no_file_of_answers(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(text)
    with pytest.raises(AuditkitError, match=problem):
        read_answers(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(AuditkitError, match="cannot be read"):
        read_answers(tmp_path / "nowhere.jsonl")
    with pytest.raises(AuditkitError):
        read_answers(tmp_path)
    assert issubclass(DataError, AuditkitError)
