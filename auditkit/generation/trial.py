"""Whoever judges answers is tried on the first few of them, before all are generated."""

from __future__ import annotations

from collections.abc import Sequence

from auditkit.generation.correctness.judging import outcomes_of
from auditkit.generation.equivalence.judging import classes_of
from auditkit.generation.evidence import GenerationEvidence, Question
from auditkit.generation.generations import Generations
from auditkit.generation.settings import GenerationSettings
from auditkit.models.generators.answer import Answer


def try_judges(
    questions: Sequence[Question], answers: Sequence[Answer], settings: GenerationSettings
) -> None:
    """Let a function or an encoder of the user's judge a few answers, and forget what it said.

    Args:
        questions: that were asked.
        answers: the greedy one to each; those to the other questions stand for samples.
        settings: of the audit.

    Raises:
        ConfigurationError: the function fails or returns something else, or the encoder cannot be
            read.
    """
    rows = [
        GenerationEvidence(question, answer, tuple(answers))
        for question, answer in zip(questions, answers, strict=True)
    ]
    generations = Generations.of(rows)
    outcomes_of(generations, settings)
    classes_of(generations, settings)
    if settings.grounding.folder:
        from auditkit.generation.grounding.local_encoder import support_by_encoder

        texts = [one.text for one in answers]
        support_by_encoder(texts, [[text] for text in texts], settings.grounding.folder)


__all__ = ["try_judges"]
