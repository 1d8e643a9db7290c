"""Where in a text each of its tokens stands, though their texts seldom make it up exactly."""

from __future__ import annotations

from collections.abc import Sequence

_MARKS = str.maketrans("", "", "▁ĠĊĉ")
_WINDOW = 32
"""Characters that tokens without a text of their own (bytes of a letter) may stand for."""

LEAST = 0.8
"""Share of a text's characters that its tokens must account for."""


def places_of(pieces: Sequence[str], text: str) -> list[int | None] | None:
    """Where in the text each token's last character stands.

    Spaces and the marks that tokenizers write for them count for nothing. A token that is not found
    where it should be (a special one, a byte of a letter) has no place, and the next that is found
    within 32 characters goes on from there.

    Args:
        pieces: the text of each token.
        text: that they make up, more or less.

    Returns:
        One number or None for each token; None if there are no tokens, or they account for less
        than 80 % of the text's characters.

    Example:
        >>> places_of(("▁Ad", "a", "▁said", ".", "</s>"), "Ada said.")
        [1, 2, 7, 8, None]
    """
    kept = [place for place, mark in enumerate(text) if not mark.isspace()]
    solid = "".join(text[place] for place in kept)
    found: list[int | None] = []
    position = matched = 0
    for piece in pieces:
        shape = _shape(piece)
        at = solid.find(shape, position, position + _WINDOW + len(shape)) if shape else -1
        if at < 0:
            found.append(None)
            continue
        position = at + len(shape)
        matched += len(shape)
        found.append(kept[position - 1])
    return found if pieces and matched >= LEAST * len(solid) else None


def _shape(piece: str) -> str:
    """A token's text without space, or what stands for it."""
    bare = piece.removeprefix("##") if len(piece) > 2 else piece
    return "".join(bare.translate(_MARKS).split())


__all__ = ["LEAST", "places_of"]
