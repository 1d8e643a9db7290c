"""The greedy answer to one prompt and its samples, as somebody else tells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditkit.models.generators.texts import Answers
from auditkit.models.generators.told import KEYS, ToldError, told_answer

_ALL = frozenset({"greedy", "samples", "facts"})


def told_answers(told: Any) -> Answers:
    """Everything that was answered to one prompt.

    Args:
        told: one answer as of `told_answer`; or a list of these, the greedy one first; or a mapping
            with `greedy`, `samples` (a list) and `facts`.

    Raises:
        ToldError: it is something else.

    Example:
        >>> told_answers(["blue", "blue", "red"]).samples[1].text
        'red'
        >>> told_answers({"greedy": ("blue", [-0.1]), "samples": ["red"]}).greedy.text
        'blue'
    """
    if isinstance(told, list):
        if not told:
            raise ToldError("is an empty list, expected the greedy answer and its samples")
        return _together(told[0], told[1:], None)
    if isinstance(told, Mapping) and "greedy" in told:
        if unknown := [key for key in told if key not in _ALL]:
            raise ToldError(f"has the key {unknown[0]!r} beside 'greedy', known are samples, facts")
        samples = told.get("samples")
        if not isinstance(samples, list | tuple | None):
            raise ToldError(f"has a {type(samples).__name__} as samples, expected a list")
        return _together(told["greedy"], list(samples or ()), told.get("facts"))
    return _together(told, [], None)


def _together(greedy: Any, samples: list[Any], facts: Any) -> Answers:
    answer, known = told_answer(greedy)
    if facts is not None:
        known = {**known, **told_answer({"text": "", "facts": facts})[1]}
    drawn = []
    for place, one in enumerate(samples):
        try:
            drawn.append(told_answer(one)[0])
        except ToldError as error:
            raise ToldError(f"{error} (sample {place})") from error
    return Answers(answer, tuple(drawn), known)


__all__ = ["KEYS", "told_answers"]
