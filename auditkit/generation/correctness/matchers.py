"""The ways to compare an answer with its references, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from auditkit.errors import ConfigurationError
from auditkit.generation.evidence import Question
from auditkit.generation.normal_form import normalised
from auditkit.generation.settings import Matching
from auditkit.models.subject import callable_name

Matches: TypeAlias = Callable[[str, tuple[str, ...], Question], Any]


def _given(question: Question) -> tuple[str, ...]:
    return question.references


@dataclass(frozen=True)
class Matcher:
    """One way to compare.

    Attributes:
        matches: whether an answer matches one of the references; None where only people's labels
            count.
        whole: whether the whole answer is compared, not something looked for inside it.
        references: the right answers of a question, in the form to compare with; () where they
            cannot be read, so that nobody can judge.
        given: name of the user's function; "" where it is auditkit's own.
    """

    matches: Matches | None
    whole: bool = True
    references: Callable[[Question], tuple[str, ...]] = _given
    given: str = ""


def matcher_of(matching: Matching) -> Matcher:
    """The way to compare that the settings name.

    Raises:
        ConfigurationError: there is none of that name.
    """
    if matching.kind not in KINDS:
        raise ConfigurationError(
            f"generation.correctness.kind is {matching.kind!r}; there are {', '.join(KINDS)}.",
            mend="Name one of them.",
        )
    return KINDS[matching.kind](matching)


def _exact(_: Matching) -> Matcher:
    return Matcher(lambda answer, right, __: answer.strip() in {one.strip() for one in right})


def _normalised(_: Matching) -> Matcher:
    return Matcher(lambda answer, right, __: normalised(answer) in set(map(normalised, right)))


def _label(_: Matching) -> Matcher:
    return Matcher(None)


def _function(matching: Matching) -> Matcher:
    function = matching.function
    if function is None:
        raise ConfigurationError(
            "generation.correctness is by a function, and none is given.",
            mend="Give function: (answer, references) -> bool.",
        )
    return Matcher(lambda answer, right, _: function(answer, right), given=callable_name(function))


KINDS: dict[str, Callable[[Matching], Matcher]] = {
    "exact": _exact,
    "normalised": _normalised,
    "label": _label,
    "function": _function,
}
"""Name → the way to compare, from its settings."""

__all__ = ["KINDS", "Matcher", "Matches", "matcher_of"]
