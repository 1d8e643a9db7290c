"""A text without what does not change its meaning: case, marks, articles, width of spaces."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_INSIDE = "./:⁄"
"""Marks that count between two digits: 3.5 is not 35, and 1/2 is not 12."""


@lru_cache(maxsize=65_536)
def normalised(text: str) -> str:
    """The form in which two answers are compared.

    SQuAD's normalisation (Rajpurkar et al. 2016: lower case, no punctuation, no articles, single
    spaces) with three mends: Unicode forms are made one (NFKC, folded case), a point, stroke or
    colon between digits and a minus before one stay, and where nothing would be left ("A", "?!")
    less is taken away.

    Example:
        >>> normalised("  The Eiffel-Tower! "), normalised("3.5"), normalised("A")
        ('eiffeltower', '3.5', 'a')
    """
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    plain = "".join(
        mark for place, mark in enumerate(folded) if not _is_mark(mark) or _counts(folded, place)
    )
    bare = " ".join(_ARTICLES.sub(" ", plain).split())
    return bare or " ".join(plain.split()) or folded


def _is_mark(mark: str) -> bool:
    """Punctuation of any script, and the symbols of ASCII."""
    kind = unicodedata.category(mark)
    return kind.startswith("P") or (kind.startswith("S") and mark.isascii()) or mark == "⁄"


def _counts(text: str, place: int) -> bool:
    """Whether a mark belongs to a number."""
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    if text[place] in _INSIDE:
        return before.isdigit() and after.isdigit()
    return text[place] in "-−" and after.isdigit() and not before.isalnum()


__all__ = ["normalised"]
