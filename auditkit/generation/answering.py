"""Prompts in, evidence out, whatever kind of generator answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditkit.generation.evidence import GenerationEvidence, Question
from auditkit.generation.hearing import Heard, Hearing
from auditkit.generation.kept import KeptSource
from auditkit.generation.parts import SAMPLES
from auditkit.models.generators.texts import Answers, Asked, Prompt
from auditkit.models.generators.wrapped import WrappedGenerator


def heard(
    model: WrappedGenerator, questions: Sequence[Question], sounds: Sequence[Prompt], how: Hearing
) -> Heard:
    """The evidence of some prompts.

    Args:
        model: opened.
        questions: what is asked.
        sounds: the same as a recogniser is given them; () where nothing is spoken.
        how: and what is to be heard.

    Raises:
        ModelError: the model failed, or its answers contradict what it declares.
    """
    if model.decoder is not None:
        from auditkit.generation.one_pass import one_pass

        return one_pass(model.decoder, questions, how)
    assert model.texts is not None  # either the one or the other
    if isinstance(model.texts, KeptSource):
        return model.texts.heard(questions, how)
    prompts = sounds or [Prompt(one.id, one.given) for one in questions]
    found = model.texts.answer(prompts, how.asked)
    unheard = model.capabilities.reasons
    reasons = {
        part: unheard.get(part, _SILENT)
        for part in sorted(how.parts)
        if part != SAMPLES or part in unheard
    }
    rows = tuple(
        GenerationEvidence(question, one.greedy, one.samples, facts=one.facts)
        for question, one in zip(questions, found, strict=True)
    )
    return Heard(rows, reasons)


_SILENT = "Only the answers of this model are known, not what goes on in it."


def answered(model: WrappedGenerator, prompts: Sequence[Prompt], asked: Asked) -> Iterator[Answers]:
    """Answers to prompts that are no rows of the data, without anything else heard.

    Raises:
        ModelError: as `heard`.
    """
    if model.texts is not None:
        yield from model.texts.answer(prompts, asked)
        return
    assert model.decoder is not None  # either the one or the other
    from auditkit.generation.one_pass import decoded

    yield from decoded(model.decoder, prompts, asked)


__all__ = ["answered", "heard"]
