"""What became of each greedy answer: right, wrong, a refusal, or judged by nobody."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from auditkit.errors import ConfigurationError
from auditkit.generation.correctness.matchers import Matcher, matcher_of
from auditkit.generation.correctness.outcome import Outcome
from auditkit.generation.correctness.refusals import Refusals
from auditkit.generation.evidence import GenerationEvidence, Question
from auditkit.generation.generations import Generations
from auditkit.generation.settings import GenerationSettings, Matching

Outcomes = NDArray[np.int8]

_JUDGED: WeakKeyDictionary[Generations, dict[tuple[Matching, tuple[str, ...]], Outcomes]] = (
    WeakKeyDictionary()
)
"""Several checks ask of the same answers, and a user's function may be slow."""


def outcomes_of(generations: Generations, settings: GenerationSettings) -> Outcomes:
    """The `Outcome` of each greedy answer, by `settings.correctness`.

    An answer is right where it matches one of its references: the best counts. One that refuses is
    a refusal, neither right nor wrong; where a reference is itself a refusal (the question has no
    answer), refusing is right and every other answer wrong. Of a question without references the
    label of people counts, whatever the kind, and with neither nobody has judged. Kinds that look
    for something inside an answer (`contains`, `token_f1`, `numeric`) do not look inside a
    refusal: "I cannot say whether it is Paris" does not say Paris.

    Returns:
        int8 of shape (n,), read-only, in the order of the rows.

    Raises:
        ConfigurationError: an unknown kind, or the user's function failed or gave no bool.
    """
    known = _JUDGED.setdefault(generations, {})
    wanted = (settings.correctness, settings.refusals)
    if wanted not in known:
        matcher, refusals = matcher_of(settings.correctness), Refusals(settings.refusals)
        found = [_outcome(row, matcher, refusals) for row in generations.rows]
        known[wanted] = np.array(found, dtype=np.int8)
        known[wanted].flags.writeable = False
    return known[wanted]


def _outcome(row: GenerationEvidence, matcher: Matcher, refusals: Refusals) -> Outcome:
    question, answer = row.question, row.greedy.text
    refuses = refusals(answer)
    if matcher.matches is None or not question.references:
        return _labelled(question, refuses)
    references = matcher.references(question)
    if not references:
        return Outcome.UNJUDGED
    none_right = [refusals(one) for one in references]
    if not matcher.whole:
        references = tuple(
            one for one, none in zip(references, none_right, strict=True) if not none
        )
    if refuses and (any(none_right) or not matcher.whole):
        return Outcome.RIGHT if any(none_right) else Outcome.REFUSED
    if _matches(question, answer, references, matcher):
        return Outcome.RIGHT
    return Outcome.REFUSED if refuses else Outcome.WRONG


def _labelled(question: Question, refuses: bool) -> Outcome:
    if question.label is None:
        return Outcome.UNJUDGED
    if question.label:
        return Outcome.RIGHT
    return Outcome.REFUSED if refuses else Outcome.WRONG


def _matches(
    question: Question, answer: str, references: tuple[str, ...], matcher: Matcher
) -> bool:
    assert matcher.matches is not None
    if not references:
        return False
    try:
        found = matcher.matches(answer, references, question)
    except Exception as error:
        if not matcher.given:
            raise
        raise ConfigurationError(
            f"The function {matcher.given} of generation.correctness failed on the answer to the"
            f" row {question.id!r}: {type(error).__name__}: {error}.",
            mend="Mend it: it is called with the answer and a tuple of references, both texts.",
        ) from error
    if not isinstance(found, bool | np.bool_):
        raise ConfigurationError(
            f"The function {matcher.given} of generation.correctness gave {found!r} on the answer"
            f" to the row {question.id!r}; expected True or False.",
            mend="Return a bool.",
        )
    return bool(found)


__all__ = ["Outcomes", "outcomes_of"]
