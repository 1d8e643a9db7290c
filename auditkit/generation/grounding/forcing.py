"""Given answers put into the model's mouth, and what it makes of each of their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from auditkit.generation.evidence import GenerationEvidence, Question
from auditkit.generation.prompt_batches import PromptBatch, batches
from auditkit.models.generators.answer import Answer, Numbers
from auditkit.models.generators.decoder import Decoder, Encoded

_AT_ONCE = 16_384


@dataclass(frozen=True, eq=False)
class Statement:
    """An answer that the model is made to give.

    Attributes:
        question: what it answers; `given` is the prompt with `context`, the passages.
        bare: the prompt without its context.
        text: the answer.
    """

    question: Question
    bare: str
    text: str


def forced(decoder: Decoder, statements: Sequence[Statement]) -> list[GenerationEvidence | None]:
    """The evidence of each statement, as if the model had answered so.

    Log-probabilities with and without the context, and the attention on the context where the model
    tells it: of the position that each token is taken from, as of answers of its own.

    Args:
        decoder: watched.
        statements: what it is made to say.

    Returns:
        One for each statement; None where prompt and answer are longer than the model reads.

    Raises:
        ModelError: the model failed.
    """
    told = [decoder.tokens_of(_lead(one) + one.text) for one in statements]
    encoded = decoder.encode(
        [one.question.given for one in statements],
        ["\n".join(one.question.context) for one in statements],
    )
    rows = [row for row, ids in enumerate(told) if ids and _fits(decoder, encoded, row, ids)]
    found: list[GenerationEvidence | None] = [None] * len(statements)
    if not rows:
        return found
    bare = decoder.score(
        [statements[row].bare for row in rows],
        [_lead(statements[row]) + statements[row].text for row in rows],
    )
    said = _said(decoder, encoded.rows(rows), [told[row] for row in rows])
    for row, without, (log_probs, lookback) in zip(rows, bare, said, strict=True):
        one, ids = statements[row], told[row]
        answer = Answer(
            one.text, np.array(ids, dtype=np.int32), decoder.pieces_of(ids), log_probs=log_probs
        )
        found[row] = GenerationEvidence(
            one.question, answer, without_context=without.numpy(), lookback=lookback
        )
    return found


def _lead(one: Statement) -> str:
    """A space, where the prompt does not end with one."""
    return "" if one.question.given[-1:].isspace() else " "


def _fits(decoder: Decoder, encoded: Encoded, row: int, ids: Sequence[int]) -> bool:
    if decoder.limit is None:
        return True
    sizes = (encoded.lengths[row], len(ids))
    return (max(sizes) if decoder.apart else sum(sizes)) <= decoder.limit


def _said(
    decoder: Decoder, prompts: Encoded, told: Sequence[Sequence[int]]
) -> list[tuple[Numbers, Numbers | None]]:
    """Log-probability of each token, and the attention on the context."""
    longest = max(map(len, told))
    found: dict[int, tuple[Numbers, Numbers | None]] = {}
    listens = "attention" not in decoder.capabilities.reasons
    for batch in batches(prompts, 0, longest, _AT_ONCE):
        ids = [told[place] for place in batch.places]
        if listens:
            found |= dict(zip(batch.places, _step_by_step(decoder, batch, ids), strict=True))
            continue
        read = decoder.read(batch.prompts, ids)
        found |= {at: (one.numpy(), None) for at, one in zip(batch.places, read, strict=True)}
    return [found[place] for place in range(len(told))]


def _step_by_step(
    decoder: Decoder, batch: PromptBatch, told: Sequence[Sequence[int]]
) -> list[tuple[Numbers, Numbers]]:
    longest = max(map(len, told))
    padded = [[*ids, *[decoder.pad] * (longest - len(ids))] for ids in told]
    tokens = torch.tensor(padded, dtype=torch.int64, device=decoder.device)
    log_probs, lookback = [], []
    step = decoder.prefill(batch.prompts, attention=True)
    for place in range(longest):
        assert step.attention is not None  # the model tells it, see `_said`
        lookback.append(_on_context(step.attention, batch.prompts))
        chances = step.logits.float().log_softmax(-1)
        log_probs.append(chances.gather(-1, tokens[:, place, None])[:, 0])
        if place + 1 < longest:
            step = decoder.step(step.state, tokens[:, place], attention=True)
    every = (torch.stack(one, 1).cpu().numpy() for one in (log_probs, lookback))
    return [
        (one[: len(ids)], other[: len(ids)]) for ids, one, other in zip(told, *every, strict=True)
    ]


def _on_context(attention: Tensor, prompts: Encoded) -> Tensor:
    """The share of each row's attention that lies on its context, shape (rows,)."""
    parts = [attention[row, start:end].sum() for row, (start, end) in enumerate(prompts.spans)]
    return torch.stack(parts)


__all__ = ["Statement", "forced"]
