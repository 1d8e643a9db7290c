"""From audit.yaml to what has to be asked elsewhere, and to answers that people are to judge."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditkit.assembly import completed_data
from auditkit.configuration import AuditConfiguration, read_configuration
from auditkit.configured_code import Code
from auditkit.data import Source
from auditkit.dataset_assembly import build_dataset, located
from auditkit.errors import ConfigurationError, OutputError
from auditkit.evidence.prompts import questions_of, refuse_columns
from auditkit.generation.settings import GenerationSettings, PromptColumns, Sampling

if TYPE_CHECKING:
    from auditkit.generation.evidence import Question
    from auditkit.models.generators.texts import Prompt

FORMAT = "auditkit prompts 1"
_BATCH = 4096
_SOUNDS = 64
"""Sounds at a time: they are decoded, and are large."""


def export_prompts(
    path: Path,
    out: Path,
    *,
    answers: str | None = None,
    split: str = "evaluation",
    force: bool = False,
    allow: bool = False,
) -> int:
    """Write the prompts of an audit.yaml as JSON lines, whole or not at all.

    The first line says under `ask` with which settings answers are wanted; each other one holds
    `id`, `prompt` (as the model is to be given it) and `sha256`; of speech, no prompt. What
    `auditkit.models.generators.stored` reads is made of these.

    Args:
        path: of the audit.yaml; its model is neither loaded nor asked.
        out: the file to write.
        answers: instead, stored answers, whose greedy texts are written beside prompt, context and
            references for people to judge: `label` is theirs to fill in.
        split: whose prompts.
        force: overwrite the file.
        allow: whether code that the configuration names may run, as it may say itself.

    Returns:
        How many prompts were written.

    Raises:
        AuditkitError: whatever the user can mend.
    """
    if out.exists() and not force:
        raise OutputError(f"{out} exists already.", mend="Give --force, or another --out.")
    configuration = read_configuration(path)
    if configuration.model.generator is None:
        raise ConfigurationError(
            f"The model of {path} predicts, so that it is asked no prompts.",
            mend="Declare model.generator.",
        )
    settings = _wanted(configuration)
    code = Code(path.resolve().parent, allowed=allow or configuration.allow_code)
    source = _source(configuration, code, split)
    asked = _asked(source, settings, configuration.seed)
    if answers is None:
        lines: list[Mapping[str, Any]] = [*map(_line, asked)]
        written = [_settings(configuration, len(lines)), *lines]
    else:
        written = lines = _judged(asked, located(answers, Path.cwd()), _at_once(source))
    _write(out, written)
    return len(lines)


def _source(configuration: AuditConfiguration, code: Code, split: str) -> Source:
    data = build_dataset(completed_data(configuration), code)
    if split not in data.splits:
        raise ConfigurationError(
            f"There is no split {split!r}; the data have {', '.join(data.splits)}.",
            mend="Name one of them.",
        )
    data.splits[split].check()
    return data.splits[split]


def _wanted(configuration: AuditConfiguration) -> GenerationSettings:
    """What is asked, and how; refused here where an audit would refuse it once it is answered."""
    from auditkit.generation.refused_settings import refuse_settings

    said = configuration.generation
    settings = GenerationSettings(
        columns=PromptColumns(**said.columns.model_dump()),
        sampling=Sampling(**said.sampling.model_dump()),
    )
    refuse_settings(settings)
    return settings


def _asked(
    source: Source, settings: GenerationSettings, seed: int
) -> Iterator[tuple[Question, Prompt]]:
    """Every row as a question, and as the model is given it."""
    from auditkit.evidence.sounds import sounds_of
    from auditkit.models.generators.texts import Prompt

    columns = settings.columns
    for fragment in source.fragments():
        for batch in source.batches(fragment, _at_once(source)):
            refuse_columns(batch, columns)
            questions = questions_of(batch, settings, seed)
            if columns.spoken:
                prompts = sounds_of(batch, getattr(source, "rate", None) or 0)
            else:
                prompts = [Prompt(one.id, one.given) for one in questions]
            yield from zip(questions, prompts, strict=True)


def _at_once(source: Source) -> int:
    return _SOUNDS if getattr(source, "medium", "") else _BATCH


def _line(asked: tuple[Question, Prompt]) -> dict[str, Any]:
    from auditkit.models.generators.prompt_digests import prompt_digest

    question, prompt = asked
    text = {} if prompt.sound is not None else {"prompt": prompt.text}
    return {"id": question.id, **text, "sha256": prompt_digest(prompt)}


def _settings(configuration: AuditConfiguration, prompts: int) -> dict[str, Any]:
    """The first line: how answers are wanted."""
    sampling = configuration.generation.sampling
    return {
        "ask": {
            "format": FORMAT,
            "prompts": prompts,
            "samples": sampling.samples,
            "temperature": sampling.temperature,
            "max_tokens": sampling.max_tokens,
            "seed": configuration.seed,
            "log_probs": True,
        }
    }


def _judged(
    asked: Iterator[tuple[Question, Prompt]], answers: str, at_once: int
) -> list[Mapping[str, Any]]:
    """What people need to see to judge each answer."""
    from auditkit.models.generators.stored import StoredSource
    from auditkit.models.generators.texts import Asked

    stored = StoredSource(answers)
    lines: list[Mapping[str, Any]] = []
    while part := list(islice(asked, at_once)):
        found = stored.answer([prompt for _, prompt in part], Asked(samples=0))
        for (question, _), answer in zip(part, found, strict=True):
            lines.append(
                {
                    "id": question.id,
                    "prompt": question.prompt,
                    "context": list(question.context),
                    "answer": answer.greedy.text,
                    "references": list(question.references),
                    "label": None,
                }
            )
    return lines


def _write(out: Path, lines: list[Mapping[str, Any]]) -> None:
    from auditkit.reports.write import write_text

    # Escaped, so that no editor breaks a line at a separator that Unicode knows.
    write_text(out, "".join(f"{json.dumps(line)}\n" for line in lines), called="file")


__all__ = ["FORMAT", "export_prompts"]
