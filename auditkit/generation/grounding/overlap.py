"""How much of a sentence is found, word for word, in the passage that holds most of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*")
_GRAMMAR = """
    a about after all also an and any are as at be been before but by can could did do does for from
    had has have he her his how i if in into is it its may more most no not of on or our she so some
    such than that the their them then there these they this those to was we were what when where
    which who will with would you your
"""
_FUNCTION_WORDS = frozenset(_GRAMMAR.split())


def overlap(sentence: str, passages: Sequence[str]) -> float:
    """Share of a sentence's content that stands in the best single passage, from 0 to 1.

    The share of its distinct content words; where it has numbers or names (capitals that begin no
    sentence), the mean of that and of their share. Passages are not joined: a sentence made from
    bits of several is supported by none of them. English function words count only where there is
    nothing else. 0 without a passage.

    Example:
        >>> overlap("The tower is 330 m high.", ["A tower of 330 m.", "It is high."])
        0.875
    """
    words, specifics = _content(sentence)
    return max((_found_in(words, specifics, _every_word(one)) for one in passages), default=0.0)


def best_passage(sentence: str, passages: Sequence[str]) -> int | None:
    """The place of the passage that holds most of a sentence; None if none holds any of it."""
    shares = [overlap(sentence, [one]) for one in passages]
    best = max(shares, default=0.0)
    return shares.index(best) if best > 0 else None


def stands_in(sentence: str, passages: Sequence[str]) -> bool:
    """Whether all content words of a sentence are in one passage."""
    return overlap(sentence, passages) == 1.0


def _found_in(words: frozenset[str], specifics: frozenset[str], there: frozenset[str]) -> float:
    if not words:
        return 0.0
    share = len(words & there) / len(words)
    if not specifics:
        return share
    return (share + len(specifics & there) / len(specifics)) / 2


@lru_cache(maxsize=16_384)
def _content(sentence: str) -> tuple[frozenset[str], frozenset[str]]:
    """The content words of a sentence, and those of them that are numbers and names."""
    given = _WORD.findall(unicodedata.normalize("NFKC", sentence))
    every = frozenset(map(_plain, given))
    specifics = {
        _plain(word)
        for place, word in enumerate(given)
        if word[0].isdigit()
        or (place and word[0].isupper() and _plain(word) not in _FUNCTION_WORDS)
    }
    return (every - _FUNCTION_WORDS) or every, frozenset(specifics)


@lru_cache(maxsize=16_384)
def _every_word(passage: str) -> frozenset[str]:
    return frozenset(map(_plain, _WORD.findall(unicodedata.normalize("NFKC", passage))))


def _plain(word: str) -> str:
    """A word without case and possessive; a number without the marks between thousands."""
    if word[0].isdigit():
        return re.sub(r",(?=\d{3}(?:\D|$))", "", word)
    return re.sub(r"['’]s$", "", word.casefold())


__all__ = ["best_passage", "overlap", "stands_in"]
