"""Sentences as claims upon a context, with what was heard of their tokens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditkit.generation.evidence import GenerationEvidence
from auditkit.generation.generations import Generations
from auditkit.generation.grounding.sentences import Sentence, sentences_of
from auditkit.models.generators.answer import Numbers


@dataclass(frozen=True, eq=False)
class Claim:
    """One sentence of an answer, and what it should rest on.

    Attributes:
        text: the sentence.
        passages: of the context that the model was given.
        unit: hash of the independent unit that it comes from: the cluster of its row, or the row.
        row: place of its row among those that it was taken from.
        log_probs: log-probability of each of its tokens, nats; None where not known.
        without_context: the same where the prompt is given without its context; None if not known.
        lookback: share of the attention of each token that lies on the context; None if not known.
    """

    text: str
    passages: tuple[str, ...]
    unit: int
    row: int
    log_probs: Numbers | None = None
    without_context: Numbers | None = None
    lookback: Numbers | None = None


def claims_of(generations: Generations) -> tuple[Claim, ...]:
    """The sentences of all greedy answers that were given a context, in the order of the rows."""
    return tuple(
        claim
        for place, row in enumerate(generations.rows)
        if row.question.context
        for claim in claims_in(row, place)
    )


def claims_in(row: GenerationEvidence, place: int) -> list[Claim]:
    """The sentences of the greedy answer to one prompt.

    Args:
        row: the prompt and its answer.
        place: of the row among all.
    """
    question = row.question
    unit = question.key if question.cluster is None else question.cluster
    return [
        Claim(
            text=sentence.text,
            passages=question.context,
            unit=unit,
            row=place,
            log_probs=_part(row.greedy.log_probs, sentence),
            without_context=_part(row.without_context, sentence),
            lookback=_part(row.lookback, sentence),
        )
        for sentence in sentences_of(row.greedy)
    ]


def _part(numbers: Numbers | None, sentence: Sentence) -> Numbers | None:
    """The numbers of one sentence; None where some are missing or not finite."""
    if numbers is None or sentence.tokens is None:
        return None
    start, end = sentence.tokens
    found = numbers[start:end]
    return found if len(found) == end - start and np.isfinite(found).all() else None


__all__ = ["Claim", "claims_in", "claims_of"]
