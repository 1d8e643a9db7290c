"""Which of the answers to one prompt mean the same."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from auditkit.generation.equivalence.classes import Classes
from auditkit.generation.equivalence.forms import FORMS, form_of
from auditkit.generation.generations import Generations
from auditkit.generation.settings import GenerationSettings, Matching

_JUDGED: WeakKeyDictionary[Generations, dict[Matching, Classes]] = WeakKeyDictionary()
"""Several checks ask of the same answers, and a judge may be slow."""


def classes_of(generations: Generations, settings: GenerationSettings) -> Classes | None:
    """The classes of meaning among the answers to each prompt, by `settings.equivalence`.

    Returns:
        None where nothing was sampled: a single answer has no second to agree with. Of one prompt
        without samples among others there is one class, that of its greedy answer.

    Raises:
        ConfigurationError: an unknown kind, or the user's function failed or gave no text.
    """
    if not any(row.samples for row in generations.rows):
        return None
    known = _JUDGED.setdefault(generations, {})
    if settings.equivalence not in known:
        known[settings.equivalence] = _classes(generations, settings.equivalence)
    return known[settings.equivalence]


def _classes(generations: Generations, matching: Matching) -> Classes:
    texts = [tuple(one.text for one in (row.greedy, *row.samples)) for row in generations.rows]
    form, judge = form_of(matching)
    return Classes(tuple(in_order([form(text) for text in row]) for row in texts), judge)


def in_order(found: list[str]) -> np.ndarray:
    """Numbers from 0 in the order of first appearance, int64.

    Example:
        >>> in_order(["b", "a", "b"])
        array([0, 1, 0])
    """
    numbers = {one: place for place, one in enumerate(dict.fromkeys(found))}
    return np.array([numbers[one] for one in found], dtype=np.int64)


__all__ = ["FORMS", "classes_of", "in_order"]
