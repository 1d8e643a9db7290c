"""A text without what does not change its meaning: case, marks, articles, width of spaces."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_WORD = re.compile(r"[-−]?\d+(?:[.,:/⁄]\d+)*|\w+")
_INSIDE = "./:⁄"
"""Marks that count between two digits: 3.5 is not 35, and 1/2 is not 12."""


@lru_cache(maxsize=16_384)
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
    folded = _folded(text)
    plain = "".join(
        mark for place, mark in enumerate(folded) if not _is_mark(mark) or _counts(folded, place)
    )
    bare = " ".join(_ARTICLES.sub(" ", plain).split())
    return bare or " ".join(plain.split()) or folded


@lru_cache(maxsize=16_384)
def words(text: str) -> tuple[str, ...]:
    """The words of a text in folded case, without articles where others are left.

    A number is one word with its point, stroke or colon, and without commas; any other mark parts
    words.

    Example:
        >>> words("The tower, in Paris/France: 1,083.5 ft")
        ('tower', 'in', 'paris', 'france', '1083.5', 'ft')
    """
    found = [one.replace(",", "") for one in _WORD.findall(_folded(text))]
    return tuple(one for one in found if not _ARTICLES.fullmatch(one)) or tuple(found)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _is_mark(mark: str) -> bool:
    """Punctuation of any script, and the symbols of ASCII."""
    kind = unicodedata.category(mark)
    return kind.startswith("P") or (kind.startswith("S") and mark.isascii()) or mark in "⁄−"


def _counts(text: str, place: int) -> bool:
    """Whether a mark belongs to a number."""
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    if text[place] in _INSIDE:
        return before.isdigit() and after.isdigit()
    return text[place] in "-−" and after.isdigit() and not before.isalnum()


__all__ = ["normalised", "words"]
