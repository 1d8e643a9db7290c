"""Answers that were stored: of an API, a server, or an earlier run. The model itself is not here.

A file of JSON lines. The first declares who answered (`Declaration`), unless a file beside it does,
`answers.declaration.json` beside `answers.jsonl`. Each further line answers one prompt:

    {"id": "7", "sha256": "sha256:…", "answer": …, "samples": [… , …]}

`id` and `sha256` (or the whole `prompt`) are those that `auditkit prompts export` has written;
A line `{"ask": …}`, with which the exported prompts begin, is passed over.
`answer` and each sample are what `told_answer` reads. Instead of `answer`, its keys (`text`,
`log_probs` …) may stand in the line itself, or `answers` with `greedy` and `samples`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from auditkit.errors import ModelError
from auditkit.models.generators.declaration import Declaration
from auditkit.models.generators.prompt_digests import prompt_digest, text_digest
from auditkit.models.generators.stored_lines import file_digest, json_lines
from auditkit.models.generators.texts import Answers, Asked, Prompt
from auditkit.models.generators.told import KEYS, ToldError
from auditkit.models.generators.told_answers import told_answers
from auditkit.models.generators.wrapped import WrappedGenerator
from auditkit.models.subject import Capabilities

_BESIDE = ".declaration.json"
_LINE_KEYS = KEYS | {"id", "sha256", "prompt", "answer", "answers", "samples"}
_ABSENT = "Only stored answers are here, not the model."
_NO_SAMPLES = "The stored answers hold no samples."


class StoredSource:
    """Stored answers, looked up by the prompt's id, and only given to the prompt that was asked.

    Args:
        path: of the file, which is read whole.

    Raises:
        ModelError: it cannot be read, declares nothing, or holds something else; see the lines that
            this file's text describes.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self.declaration, self._answers = _read(self._path)
        beside = _beside(self._path)
        self._digest = file_digest(self._path, *([beside] if beside.exists() else []))
        self._samples = max(len(one.samples) for _, one in self._answers.values())
        lacking = dict.fromkeys(
            ("present", "differentiable", "copyable", "embeds", "hidden"), _ABSENT
        )
        if not self._samples:
            lacking["samples"] = _NO_SAMPLES
        self.capabilities = Capabilities.without(lacking)

    def answer(self, prompts: Sequence[Prompt], asked: Asked) -> list[Answers]:
        """See `TextSource.answer`; of more samples than are asked for, the first are taken."""
        missing = [prompt.id for prompt in prompts if prompt.id not in self._answers]
        if missing:
            raise ModelError(
                f"The stored answers {self._path} lack {len(missing):,} of {len(prompts):,} "
                f"prompts, the first of them {missing[0]!r}.",
                mend="Ask the model about these too (`auditkit prompts export` writes all).",
            )
        if asked.samples:
            self._refuse_temperature(asked)
        return [self._answer(prompt, asked.samples) for prompt in prompts]

    def _answer(self, prompt: Prompt, samples: int) -> Answers:
        digest, found = self._answers[prompt.id]
        if digest != prompt_digest(prompt):
            raise ModelError(
                f"The stored answer {prompt.id!r} in {self._path} is to another prompt than the "
                "data have under that id: their digests differ.",
                mend="Export the prompts anew, and ask the model again.",
            )
        if self._samples and len(found.samples) < samples:
            raise ModelError(
                f"The stored answers {self._path} hold {len(found.samples)} samples of prompt "
                f"{prompt.id!r}, and the audit wants {samples}.",
                mend="Give fewer generation.sampling.samples, or draw more.",
            )
        return Answers(found.greedy, found.samples[:samples], found.facts)

    def _refuse_temperature(self, asked: Asked) -> None:
        declared = self.declaration.temperature
        if self._samples and declared is not None and declared != asked.temperature:
            raise ModelError(
                f"The samples in {self._path} were drawn at temperature {declared:g}, and the "
                f"audit's settings say {asked.temperature:g}.",
                mend="Declare that temperature under generation.sampling.",
            )

    def digest(self) -> str:
        """`sha256:…` of the file's bytes, and of the declaration's beside it."""
        return self._digest

    def describe(self) -> dict[str, Any]:
        """Who answered and when, in place of parameters."""
        declared = self.declaration
        return {
            "kind": "stored generations",
            "class": f"{declared.provider} {declared.model} {declared.version}",
            "provider": declared.provider,
            "model": declared.model,
            "version": declared.version,
            "date": declared.date,
            "settings": dict(declared.settings),
            "answers": len(self._answers),
            "samples": self._samples,
            "digest_covers": "the stored answers, not the model that gave them",
        }


def stored_generations(path: str | Path, *, name: str = "") -> WrappedGenerator:
    """Stored answers as a generator that can be audited.

    Args:
        path: of the file; see `auditkit.models.generators.stored`.
        name: for people; what the declaration calls the model where not given.

    Raises:
        ModelError: see `StoredSource`.
    """
    source = StoredSource(path)
    return WrappedGenerator(texts=source, name=name or source.declaration.model)


def _beside(path: Path) -> Path:
    return path.with_suffix(_BESIDE)


def _read(path: Path) -> tuple[Declaration, dict[str, tuple[str, Answers]]]:
    """The declaration, and by id the digest of what was asked, and the answers."""
    declared = None
    found: dict[str, tuple[str, Answers]] = {}
    for number, line in json_lines(path):
        if line.keys() == {"ask"}:
            continue  # the first line of the exported prompts, copied with them
        where = f"Line {number} of the stored answers {path}"
        if "declaration" in line:
            if declared is not None or found or len(line) > 1:
                raise ModelError(
                    f"{where} declares who answered, and is not the first or says more.",
                    mend="Write the declaration once, alone in the first line.",
                )
            declared = Declaration.of(line["declaration"], str(path))
            continue
        if declared is None:
            declared = _declared_beside(path)
        id_ = _id(line, where)
        if id_ in found:
            raise ModelError(f"{where} answers {id_!r} again.", mend="Leave one of the two.")
        found[id_] = (_asked(line, where), _answers(line, where))
    if declared is None or not found:
        raise ModelError(f"The stored answers {path} hold no answers.", mend="Give a file of some.")
    return declared, found


def _declared_beside(path: Path) -> Declaration:
    beside = _beside(path)
    lines = [line for _, line in json_lines(beside)] if beside.exists() else [{}]
    said = lines[0] if len(lines) == 1 else None
    return Declaration.of(said.get("declaration", said) if said is not None else None, str(path))


def _id(line: dict[str, Any], where: str) -> str:
    if unknown := [key for key in line if key not in _LINE_KEYS]:
        raise ModelError(
            f"{where} has the key {unknown[0]!r}; known are {', '.join(sorted(_LINE_KEYS))}.",
            mend="Mend its name, or put numbers into facts.",
        )
    id_ = line.get("id")
    if isinstance(id_, bool) or not isinstance(id_, str | int):
        raise ModelError(f"{where} has no id: {id_!r}.", mend="Copy it from the exported prompts.")
    return str(id_)


def _asked(line: dict[str, Any], where: str) -> str:
    """The digest of what was asked."""
    digest, prompt = line.get("sha256"), line.get("prompt")
    if isinstance(digest, str) and digest:
        return digest if digest.startswith("sha256:") else f"sha256:{digest}"
    if isinstance(prompt, str) and digest is None:
        return text_digest(prompt)
    raise ModelError(
        f"{where} does not say what was asked: it has neither sha256 nor prompt.",
        mend="Copy them from the exported prompts.",
    )


def _answers(line: dict[str, Any], where: str) -> Answers:
    of_answer = {key: line[key] for key in line.keys() & KEYS}
    ways = [name for name in ("answer", "answers") if name in line]
    if len(ways) + bool(of_answer.keys() - {"facts"}) != 1:
        raise ModelError(
            f"{where} has {'several answers' if ways else 'no answer'}; expected one of answer, "
            "answers, and text.",
            mend="Write answer, and samples where there are some.",
        )
    told: Any = line["answers"] if "answers" in line else {"greedy": line.get("answer", of_answer)}
    try:
        if "answers" not in line:
            told |= {"samples": line.get("samples")}
            told |= {"facts": line["facts"]} if "answer" in line and "facts" in line else {}
        elif "samples" in line or "facts" in line:
            raise ToldError("has samples or facts beside answers, expected them inside")
        return told_answers(told)
    except ToldError as error:
        raise ModelError(
            f"{where}: its answer {error}.", mend="Write what `told_answer` reads."
        ) from error


__all__ = ["StoredSource", "stored_generations"]
