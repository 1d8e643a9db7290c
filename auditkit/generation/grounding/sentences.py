"""The sentences of an answer, and which of its tokens each of them has."""

from __future__ import annotations

import re
from dataclasses import dataclass

from auditkit.generation.grounding.alignment import places_of
from auditkit.models.generators.answer import Answer

_CLOSING = "\"'”’»)\\]"
_END = re.compile(rf"[.!?…]+[{_CLOSING}]*(?=\s|$)|[。！？]+[{_CLOSING}」』]*|\n+")
_SHORT = re.compile(
    r"(?:^|[\s(])(?:[A-Z]|(?i:[a-z]\.[a-z]|dr|mr|mrs|ms|prof|st|vs|cf|al|fig|approx|inc|ltd|jr|sr))\.$"
)
_NUMBERED = re.compile(r"(?:^|\n)\s*\(?\d{1,3}[.)]$")


@dataclass(frozen=True)
class Sentence:
    """One sentence of an answer.

    Attributes:
        text: without space around it; holds at least one letter or digit.
        tokens: the first of its tokens and the one after its last; None where the answer's tokens
            are not known or do not make up its text.
    """

    text: str
    tokens: tuple[int, int] | None = None


def sentences_of(answer: Answer) -> tuple[Sentence, ...]:
    """The sentences of an answer in their order; () where it holds no letter and no digit.

    A sentence ends at a full stop, question or exclamation mark with a space or nothing behind it,
    and at the end of a line. It does not end behind an initial, a common abbreviation or the number
    of a list; nor, in a text that has capitals, before a small letter. What holds no letter and no
    digit belongs to the sentence before.

    Example:
        >>> found = sentences_of(Answer("It is 3.5 m. Dr. Ada said so!"))
        >>> [one.text for one in found]
        ['It is 3.5 m.', 'Dr. Ada said so!']
    """
    spans = _spans(answer.text)
    tokens = _tokens(answer, spans)
    return tuple(
        Sentence(answer.text[start:end].strip(), of)
        for (start, end), of in zip(spans, tokens, strict=True)
    )


def _spans(text: str) -> list[tuple[int, int]]:
    """Where sentences begin and end, in characters; together they are the whole text."""
    found: list[tuple[int, int]] = []
    start = 0
    for end in (*_ends(text), len(text)):
        if any(map(str.isalnum, text[start:end])):
            found.append((start, end))
        elif found:
            found[-1] = (found[-1][0], end)
        else:
            continue  # marks at the very beginning belong to the first sentence
        start = end
    return found


def _ends(text: str) -> list[int]:
    cased = any(map(str.isupper, text))
    return [match.end() for match in _END.finditer(text) if _ends_here(text, match, cased)]


def _ends_here(text: str, match: re.Match[str], cased: bool) -> bool:
    if not match.group().startswith("."):
        return True
    before = text[: match.start() + 1]
    if _SHORT.search(before[-8:]) or _NUMBERED.search(before[-8:]):
        return False
    following = text[match.end() :].lstrip()[:1]
    return not (cased and following.islower())


def _tokens(answer: Answer, spans: list[tuple[int, int]]) -> list[tuple[int, int] | None]:
    """The tokens of each span; those that are no part of the text go with what is before them.

    What ends the answer is of no sentence: it supports nothing.
    """
    places = places_of(answer.pieces, answer.text)
    if places is None:
        return [None] * len(spans)
    last = max((token for token, place in enumerate(places) if place is not None), default=-1)
    found: list[tuple[int, int] | None] = []
    token = 0
    for _, end in spans:
        first = token
        while token <= last and ((place := places[token]) is None or place < end):
            token += 1
        found.append((first, token) if token > first else None)
    return found


__all__ = ["Sentence", "sentences_of"]
