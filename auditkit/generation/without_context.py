"""What a model says of its answer when the context is taken out of the prompt."""

from __future__ import annotations

from collections.abc import Sequence

from auditkit.generation.drawing import DrawnBatch
from auditkit.generation.evidence import Question
from auditkit.models.generators.answer import Numbers
from auditkit.models.generators.decoder import Decoder


def without_context(
    decoder: Decoder, questions: Sequence[Question], drawn: DrawnBatch, template: str
) -> list[Numbers | None]:
    """Log-probability of each token of the greedy answers, the context being "".

    One pass over the prompts that have a context; None for any other, and where nothing is left
    of the prompt.

    Args:
        decoder: watched.
        questions: of a batch.
        drawn: their answers.
        template: how prompt and context become what the model is given.
    """
    found: list[Numbers | None] = [None] * len(questions)
    rows = [row for row, one in enumerate(questions) if one.context]
    encoded = decoder.encode(
        [template.format(prompt=questions[r].prompt, context="") for r in rows]
    )
    kept = [at for at, length in enumerate(encoded.lengths) if length]
    if not kept:
        return found
    answers = [[] if (ids := drawn.rows[rows[at]].greedy.tokens) is None else ids.tolist()
               for at in kept]  # fmt: skip
    for at, told in zip(kept, decoder.read(encoded.rows(kept), answers), strict=True):
        found[rows[at]] = told.numpy()
    return found


__all__ = ["without_context"]
