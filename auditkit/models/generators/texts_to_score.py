"""Texts that a model is to score: none too long, and batches of like length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditkit.errors import DataError
from auditkit.models.generators.decoder import Decoder

_AT_ONCE = 16_384  # tokens of a batch


def refuse_read(
    decoder: Decoder, lengths: Sequence[int], continuations: Sequence[Sequence[int]]
) -> None:
    """Refuse texts that cannot be read: of an empty prompt nothing is said of the first token.

    Args:
        decoder: whose limit it is.
        lengths: tokens of each prompt.
        continuations: ids that follow each.

    Raises:
        DataError: a prompt is empty, or too long with what follows it.
    """
    if 0 in lengths:
        raise DataError(
            "A prompt whose continuation is to be scored has no tokens.",
            mend="Write something before it, if only the token that begins a text.",
        )
    told = [len(one) for one in continuations]
    whole = [max(a, b) if decoder.apart else a + b for a, b in zip(lengths, told, strict=True)]
    if decoder.limit is not None and max(whole, default=0) > decoder.limit:
        raise DataError(
            f"A text that is to be scored has {max(whole)} tokens; the model has places for "
            f"{decoder.limit}.",
            mend="Shorten it, or leave it out.",
        )


def alike(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places of texts of like length, so many that their tokens can be held at once.

    >>> list(alike([3, 9_000, 8_000, 2]))
    [[1], [2, 0], [3]]
    """
    order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    start = 0
    while start < len(order):
        many = max(1, _AT_ONCE // max(1, lengths[order[start]]))
        yield order[start : start + many]
        start += many


__all__ = ["alike", "refuse_read"]
