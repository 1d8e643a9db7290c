"""Which of the given choices an answer means."""

from __future__ import annotations

import re
from collections.abc import Sequence

from auditkit.generation.normal_form import normalised, words

_ALONE = re.compile(r"[\W_]*([A-Za-z])[\W_]*")
_LEADING = re.compile(r"\s*(?:\(([A-Za-z])\)|\[([A-Za-z])\]|([A-Za-z])[.):](?=\s|$)|\*\*([A-Z])\b)")
_NAMED = re.compile(
    r"(?i:\b(?:answer|option|choice|choose|pick|select)\b(?:\s+(?:is|would be|must be))?)[\s:*(\[]*"
    r"([A-Z](?![\w'])(?:[\s)\]*]*(?:,|/|or|and)[\s([*]*[A-Z](?![\w']))*|[a-z](?=\)|\.?\s*$))",
)
_LETTERS = 26


def choice_in(text: str, choices: Sequence[str]) -> int | None:
    """The place of the one choice that a text means; None where it means none, or several.

    A text means a choice that it gives whole, whose letter it gives ("B", "(b)", "B. Paris", "The
    answer is B"), or whose words it holds. A letter goes before words, and contradicts them where
    the words are only of others ("B. Rome" where B is Paris): then it means none. "A or B" means
    several.

    Args:
        text: an answer, or a reference.
        choices: in the order of their letters; () where only letters are known.

    Example:
        >>> cities = ("Rome", "Paris", "Paris, Texas")
        >>> [choice_in(one, cities) for one in ("(b)", "It is Paris.", "A or B", "Oslo")]
        [1, 1, None, None]
    """
    wholes = [place for place, one in enumerate(choices) if normalised(one) == normalised(text)]
    if len(wholes) == 1:
        return wholes[0]
    letters = _letters(text, len(choices) or _LETTERS)
    held = _held(text, choices)
    if len(letters) == 1:
        return next(iter(letters)) if not held or letters <= held else None
    return next(iter(held)) if not letters and len(held) == 1 else None


def _letters(text: str, count: int) -> set[int]:
    """Places of the letters that stand for choices."""
    found = _ALONE.fullmatch(text)
    marked = [found[1]] if found else []
    if not marked:
        leading = _LEADING.match(text)
        marked = [one for one in leading.groups() if one] if leading else []
        for named in _NAMED.findall(text):
            marked += re.findall(r"\b(?!or|and)[A-Za-z]\b", named)
    places = {ord(one.upper()) - ord("A") for one in marked}
    return {place for place in places if place < count}


def _held(text: str, choices: Sequence[str]) -> set[int]:
    """Places of the choices whose words stand in a text, but for those within a longer one."""
    told = f" {' '.join(words(text))} "
    found = {}
    for place, one in enumerate(choices):
        spelt = f" {' '.join(words(one))} "
        if spelt.strip() and spelt in told:
            found[place] = spelt
    return {
        place
        for place, spelt in found.items()
        if not any(spelt in other and spelt != other for other in found.values())
    }


__all__ = ["choice_in"]
