"""The answers that people judge, as `auditkit prompts export --answers` writes them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditkit.errors import DataError
from auditkit.models.generators.stored_lines import json_lines


@dataclass(frozen=True)
class ShownAnswer:
    """One answer, and what a person needs to judge it: no score, and nobody else's judgement.

    Attributes:
        id: the row's id.
        prompt: the question; "" of speech.
        answer: what the model answered.
        context: the passages that the answer must rest on.
        references: right answers, as far as they are known.
    """

    id: str
    prompt: str
    answer: str
    context: tuple[str, ...] = ()
    references: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Of question and answer: a label is of these, not of whatever has this id later."""
        text = json.dumps([self.prompt, self.answer])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def read_answers(path: Path) -> tuple[ShownAnswer, ...]:
    """The answers of a file of JSON lines, in their order.

    Each line holds `id` and `answer`; `prompt`, and `context` and `references` (a text, or a list
    of texts) where there are any. Other keys are passed over.

    Raises:
        ModelError: the file cannot be read, or is no JSON lines.
        DataError: it holds no answer, one without a text, or two of one id.
    """
    found: dict[str, ShownAnswer] = {}
    for number, line in json_lines(path):
        one = _answer(line, path, number)
        if one.id in found:
            raise _wrong(path, number, f"has the id {one.id!r} of a line before")
        found[one.id] = one
    if not found:
        raise DataError(
            f"{path} holds no answer.",
            mend="Write one with `auditkit prompts export … --answers …`.",
        )
    return tuple(found.values())


def _answer(line: dict[str, Any], path: Path, number: int) -> ShownAnswer:
    name = line.get("id")
    if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
        raise _wrong(path, number, f"has {name!r} as id, which is no text")
    prompt, answer = line.get("prompt", ""), line.get("answer")
    for key, text in (("prompt", prompt), ("answer", answer)):
        if not isinstance(text, str):
            raise _wrong(path, number, f"has {text!r} as {key}, which is no text")
    context, references = (_listed(line, key, path, number) for key in ("context", "references"))
    return ShownAnswer(str(name), prompt, str(answer), context, references)


def _listed(line: dict[str, Any], key: str, path: Path, number: int) -> tuple[str, ...]:
    """A text, or a list of texts."""
    value = line.get(key)
    listed = [value] if isinstance(value, str) else value or []
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise _wrong(path, number, f"has {value!r} as {key}, which is no list of texts")
    return tuple(listed)


def _wrong(path: Path, number: int, what: str) -> DataError:
    return DataError(
        f"Line {number} of {path} {what}.",
        mend="Write the file with `auditkit prompts export … --answers …`.",
    )


__all__ = ["ShownAnswer", "read_answers"]
