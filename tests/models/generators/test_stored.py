"""Stored answers: found by id, given only to the prompt that was asked; hostile files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditkit.errors import ModelError
from auditkit.models.generators import stored_lines
from auditkit.models.generators.prompt_digests import prompt_digest
from auditkit.models.generators.stored import StoredSource, stored_generations
from auditkit.models.generators.texts import Asked, Prompt

DECLARED = {"provider": "p", "model": "m", "version": "1", "date": "2026-01-31"}
DECLARATION = {"declaration": {**DECLARED, "settings": {"temperature": 0.5}}}
PROMPTS = [Prompt("q1", "one"), Prompt("q2", "two")]


def line(id_: str, asked: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "sha256": prompt_digest(Prompt(id_, asked)), **more}


LINES = [
    line("q1", "one", answer={"text": "a", "log_probs": [-1.0]}, samples=["b", "c"]),
    line("q2", "two", answers={"greedy": "d", "samples": ["e", "f"], "facts": {"cost": 2}}),
]


def written(folder: Path, *lines: Any) -> Path:
    path = folder / "answers.jsonl"
    texts = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in lines]
    path.write_bytes(b"\n".join(texts) + b"\n")
    return path


def test_answers_are_found_by_id_in_whatever_order(tmp_path: Path) -> None:
    model = stored_generations(written(tmp_path, DECLARATION, *LINES))
    assert model.texts is not None
    two, one = model.texts.answer(PROMPTS[::-1], Asked(samples=1, temperature=0.5))
    assert (one.greedy.text, one.greedy.log_likelihood) == ("a", -1.0)
    assert [answer.text for answer in two.samples] == ["e"]
    assert two.facts == {"cost": 2.0}
    with model.opened():
        described = model.describe()
    assert model.name == "m"
    assert {key: described[key] for key in DECLARED} == DECLARED
    assert described["capabilities"]["present"] is False
    assert model.digest().startswith("sha256:")


def test_a_line_may_be_the_answer_itself(tmp_path: Path) -> None:
    lines = [
        {"id": 1, "prompt": "one", "text": "a", "log_probs": [-1.0], "facts": {"cost": 1}},
        {"id": "2", "prompt": "two", "answer": "b", "facts": {"cost": 2}},
    ]
    model = stored_generations(written(tmp_path, DECLARATION, *lines), name="mine")
    prompts = [Prompt("1", "one"), Prompt("2", "two")]
    assert model.texts is not None
    one, two = model.texts.answer(prompts, Asked(samples=10))
    assert (one.facts, two.facts) == ({"cost": 1.0}, {"cost": 2.0})
    assert one.samples == ()
    assert model.capabilities.reasons["samples"] == "The stored answers hold no samples."
    assert model.name == "mine"


def test_the_declaration_may_stand_beside(tmp_path: Path) -> None:
    path = written(tmp_path, *LINES)
    with pytest.raises(ModelError, match=r"declaration of .* says no provider: None\. Write it as"):
        stored_generations(path)
    beside = tmp_path / "answers.declaration.json"
    beside.write_text(json.dumps(DECLARED))
    first = stored_generations(path)
    assert first.describe()["date"] == "2026-01-31"
    beside.write_text(json.dumps({"declaration": {**DECLARED, "version": "2"}}))
    assert stored_generations(path).digest() != first.digest()


def test_windows_has_touched_it(tmp_path: Path) -> None:
    path = written(tmp_path, DECLARATION, *LINES)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    assert len(stored_generations(path).texts.answer(PROMPTS, Asked(samples=0))) == 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("prompts", "asked", "said"),
    [
        (
            [*PROMPTS, Prompt("q3", ""), Prompt("q4", "")],
            Asked(samples=0),
            "lack 2 of 4 prompts, the first of them 'q3'",
        ),
        ([Prompt("q1", "One")], Asked(samples=0), "'q1' in .* is to another prompt"),
        (PROMPTS, Asked(samples=3, temperature=0.5), "hold 2 samples of prompt 'q1', and the audi"),
        (PROMPTS, Asked(samples=2), "drawn at temperature 0.5, and the audit's settings say 1"),
    ],
)
def test_it_answers_what_was_asked_alone(
    tmp_path: Path, prompts: list[Prompt], asked: Asked, said: str
) -> None:
    source = stored_generations(written(tmp_path, DECLARATION, *LINES)).texts
    assert source is not None
    with pytest.raises(ModelError, match=said):
        source.answer(prompts, asked)


def test_a_sound_is_known_by_its_samples(tmp_path: Path) -> None:
    sound = np.zeros(4, dtype=np.float32)
    prompt = Prompt("s", "", sound, 16_000)
    path = written(
        tmp_path, DECLARATION, {"id": "s", "sha256": prompt_digest(prompt), "answer": "hi"}
    )
    source = stored_generations(path).texts
    assert source is not None
    assert source.answer([prompt], Asked(samples=0))[0].greedy.text == "hi"
    with pytest.raises(ModelError, match="is to another prompt"):
        source.answer([Prompt("s", "", sound, 8_000)], Asked(samples=0))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([b""], "hold no answers"),
        ([DECLARATION], "hold no answers"),
        ([b"{"], "Line 1 of the stored answers .* is no JSON"),
        ([DECLARATION, b"[1]"], "Line 2 .* is a JSON list, expected an object"),
        ([DECLARATION, b'{"id": "\xff"}'], "Line 2 .* is not UTF-8"),
        ([DECLARATION, b"[" * 200_000], "Line 2 .* is nested too deeply|Line 2 .* is no JSON"),
        ([DECLARATION, b'{"id": "a", "id": "b"}'], "Line 2 .*the key 'id' stands there twice"),
        (
            [DECLARATION, b'{"id": "a", "prompt": "", "answer": ["a", NaN]}'],
            "Line 2 .*NaN is no number of JSON",
        ),
        (
            [DECLARATION, line("a", "", answer={"text": "a", "log_probs": [0.5]})],
            "Line 2 .*: its answer has 0.5 in place 0 of log_probs",
        ),
        (
            [DECLARATION, line("a", "", text="a", log_probs=[-1], entropies=[1, 2])],
            r"lengths \[1, 2\]",
        ),
        (
            [DECLARATION, b'{"id":"a","prompt":"","text":"a","log_probs":[-1e999]}'],
            "has -inf in place 0",
        ),
        ([DECLARATION, LINES[0], LINES[0]], "Line 3 .* answers 'q1' again"),
        ([DECLARATION, {"prompt": "", "answer": "a"}], "Line 2 .* has no id: None"),
        ([DECLARATION, {"id": True, "prompt": "", "answer": "a"}], "Line 2 .* has no id: True"),
        ([DECLARATION, {"id": "a", "answer": "a"}], "neither sha256 nor prompt"),
        ([DECLARATION, line("a", "", reply="a")], "has the key 'reply'; known are answer, answers"),
        ([DECLARATION, line("a", "")], "has no answer; expected one of answer, answers, and text"),
        ([DECLARATION, line("a", "", answer="a", text="b")], "has several answers"),
        ([DECLARATION, line("a", "", answers=["a"], samples=["b"])], "has samples or facts beside"),
        ([DECLARATION, line("a", "", answer=3)], "Line 2 .*: its answer is a int, expected a text"),
        ([DECLARATION, line("a", "", answer=None)], "is a NoneType"),
        ([DECLARATION, LINES[0], DECLARATION], "Line 3 .* declares who answered"),
        ([{**DECLARATION, "id": "a"}], "Line 1 .* declares who answered, and is not the first or"),
        ([{"declaration": 3}], "is no mapping"),
        (
            [{"declaration": {**DECLARED, "api": "x"}}],
            "has the key 'api'; known are provider",
        ),
        ([{"declaration": {**DECLARED, "model": " "}}], "says no model: ' '"),
        ([{"declaration": {**DECLARED, "date": "today"}}], "is 'today'; expected YYYY-MM-DD"),
        ([{"declaration": {**DECLARED, "settings": 3}}], "are 3; expected a mapping"),
    ],
)
def test_hostile_files(tmp_path: Path, lines: list[Any], said: str) -> None:
    with pytest.raises(ModelError, match=said) as error:
        stored_generations(written(tmp_path, *lines))
    assert error.value.mend


def test_no_file_and_a_line_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match="cannot be read: No such"):
        stored_generations(tmp_path / "none.jsonl")
    monkeypatch.setattr(stored_lines, "LONGEST", 500)
    with pytest.raises(ModelError, match=r"Line 2 .* has more than 500 bytes"):
        stored_generations(written(tmp_path, DECLARATION, line("a", "", answer="a" * 500)))


def test_the_first_line_of_the_exported_prompts_may_stay(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"ask": {"format": "auditkit prompts 1", "samples": 0}}
    declared = {"provider": "p", "model": "m", "version": "1", "date": "2026-01-31"}
    answer = {"id": "1", "prompt": "why ?", "answer": "so"}
    path = tmp_path / "answers.jsonl"
    for lines in ([asked, {"declaration": declared}], [{"declaration": declared}, asked]):
        path.write_text("".join(f"{json.dumps(line)}\n" for line in [*lines, answer]))
        (found,) = StoredSource(path).answer([Prompt("1", "why ?")], Asked(samples=0))
        assert found.greedy.text == "so"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in ({**answer, **asked}, answer)))
    with pytest.raises(ModelError):
        StoredSource(path)
