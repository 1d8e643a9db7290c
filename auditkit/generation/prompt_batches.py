"""Prompts as tokens: none too long, and batches of like length that fit the memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditkit.errors import DataError
from auditkit.models.generators.decoder import Decoder, Encoded


@dataclass(frozen=True)
class PromptBatch:
    """Some prompts that are read together.

    Attributes:
        places: of each one, its place among all prompts.
        prompts: as tokens.
        turn: how many samples of each prompt can be drawn at once, at least 1.
    """

    places: list[int]
    prompts: Encoded
    turn: int


def refuse_lengths(
    decoder: Decoder, lengths: Sequence[int], ids: Sequence[str], further: int
) -> None:
    """Refuse prompts that are empty, or leave the model no place to answer.

    Args:
        decoder: whose limit it is.
        lengths: tokens of each prompt.
        ids: of the rows, for messages.
        further: tokens that are read after a prompt.

    Raises:
        DataError: names the first row, its length and the limit.
    """
    limit = decoder.limit
    after = 0 if decoder.apart else further
    for length, id_ in zip(lengths, ids, strict=True):
        if length == 0:
            raise DataError(
                f"The prompt of row {id_} has no tokens, and the model none that begins a text.",
                mend="Leave the row out, or write something before every prompt with "
                "generation.columns.template.",
            )
        if limit is not None and length + after > limit:
            more = f" and {after} more may follow" if after else ""
            raise DataError(
                f"The prompt of row {id_} has {length} tokens{more}; the model has places for "
                f"{limit}.",
                mend="Shorten it, leave it out, or lower generation.sampling.max_tokens.",
            )
    if limit is not None and decoder.apart and further >= limit:
        raise DataError(
            f"An answer may have {further} tokens; the model has places for {limit}.",
            mend="Lower generation.sampling.max_tokens.",
        )


def batches(prompts: Encoded, samples: int, max_tokens: int, at_once: int) -> Iterator[PromptBatch]:
    """Prompts of like length together, the longest first.

    The tokens of a batch are at most (samples + 1) × (longest prompt + max_tokens) × prompts, and
    no more than `at_once`. A prompt that alone would need more gets fewer samples at a time; with
    one at a time it may go beyond.
    """
    lengths = prompts.lengths
    order = sorted(range(len(lengths)), key=lambda row: (-lengths[row], row))
    start = 0
    while start < len(order):
        each = lengths[order[start]] + max_tokens
        many = max(1, at_once // (each * (samples + 1)))
        places = order[start : start + many]
        rows = max(1, at_once // each - 1) if many == 1 else samples
        yield PromptBatch(places, prompts.rows(places), max(1, rows))
        start += many


__all__ = ["PromptBatch", "batches", "refuse_lengths"]
