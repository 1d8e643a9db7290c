"""The ways to compare an answer with its references, by name.

ROUGE is none of them: it calls long wrong answers right often enough that the length of an answer
alone rivals a detector that is judged by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from auditkit.errors import ConfigurationError
from auditkit.generation.correctness.choices import choice_in
from auditkit.generation.correctness.numbers import number_in, same_number
from auditkit.generation.evidence import Question
from auditkit.generation.normal_form import normalised, words
from auditkit.generation.settings import Matching
from auditkit.generation.token_overlap import token_f1
from auditkit.models.subject import callable_name

Matches: TypeAlias = Callable[[str, tuple[str, ...], Question], Any]

LEAST_F1 = 0.5
LEAST_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Matcher:
    """One way to compare.

    Attributes:
        matches: whether an answer matches one of the references; None where only people's labels
            count.
        whole: whether the whole answer is compared, not something looked for inside it.
        readable: whether a reference can be compared with: where none can, nobody can judge.
        given: name of the user's function; "" where it is auditkit's own.
    """

    matches: Matches | None
    whole: bool = True
    readable: Callable[[str, Question], bool] = lambda *_: True
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


def _numeric(matching: Matching) -> Matcher:
    tolerance = LEAST_TOLERANCE if matching.least is None else matching.least

    def matches(answer: str, references: tuple[str, ...], _: Question) -> bool:
        told = number_in(answer)
        right = [number for one in references if (number := number_in(one)) is not None]
        return told is not None and any(same_number(told, one, tolerance) for one in right)

    return Matcher(matches, whole=False, readable=lambda one, _: number_in(one) is not None)


def _choice(_: Matching) -> Matcher:
    def meant(text: str, question: Question) -> int | None:
        return choice_in(text, question.choices)

    def matches(answer: str, references: tuple[str, ...], question: Question) -> bool:
        told = meant(answer, question)
        return told is not None and told in {meant(one, question) for one in references}

    return Matcher(matches, readable=lambda one, question: meant(one, question) is not None)


def _token_f1(matching: Matching) -> Matcher:
    least = LEAST_F1 if matching.least is None else matching.least
    return Matcher(
        lambda answer, right, _: max(token_f1(answer, one) for one in right) >= least, whole=False
    )


def _contains(_: Matching) -> Matcher:
    def spelt(text: str) -> str:
        return f" {' '.join(words(text))} "

    return Matcher(
        lambda answer, right, __: any(spelt(one) in spelt(answer) for one in right),
        whole=False,
        readable=lambda one, _: bool(words(one)),
    )


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
    "numeric": _numeric,
    "choice": _choice,
    "token_f1": _token_f1,
    "contains": _contains,
    "label": _label,
    "function": _function,
}
"""Name → the way to compare, from its settings."""

__all__ = ["KINDS", "Matcher", "Matches", "matcher_of"]
