"""Transcripts that a recogniser has run away with: they repeat themselves, or compress too well."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

LONGEST_LOOP = 12
"""Words of the longest part whose repetition is looked for."""
TIMES = 4
"""How often a part follows itself in a loop; people do say "no, no, no"."""
COMPRESSED = 2.4
"""Above this ratio Whisper takes its own transcript for a failure."""


def compression_ratio(text: str) -> float | None:
    """Bytes of a text over those after DEFLATE at zlib's default level; None of an empty text.

    Source: Radford et al. 2022, as in the code of Whisper (`compression_ratio`).

    Example:
        >>> compression_ratio("so we went " * 40) > 2.4 > compression_ratio("so we went home")
        True
    """
    content = text.encode(errors="replace")
    return len(content) / len(zlib.compress(content)) if content else None


def loops(words: Sequence[str]) -> bool:
    """Whether a part of up to `LONGEST_LOOP` words follows itself at least `TIMES` times in a row.

    Example:
        >>> loops("thank you thank you thank you thank you".split()), loops("no no no".split())
        (True, False)
    """
    return any(_repeats(words, size) for size in range(1, LONGEST_LOOP + 1))


def _repeats(words: Sequence[str], size: int) -> bool:
    """Whether so many words in a row are those that stand `size` words before them."""
    wanted, run = size * (TIMES - 1), 0
    for before, word in zip(words, words[size:], strict=False):
        run = run + 1 if word == before else 0
        if run >= wanted:
            return True
    return False


__all__ = ["COMPRESSED", "LONGEST_LOOP", "TIMES", "compression_ratio", "loops"]
