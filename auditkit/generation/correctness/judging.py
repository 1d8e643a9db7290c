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
from auditkit.generation.failing import cause_of
from auditkit.generation.generations import Generations
from auditkit.generation.settings import GenerationSettings, Matching

Outcomes = NDArray[np.int8]

_Wanted = tuple[Matching, tuple[str, ...]]
_JUDGED: WeakKeyDictionary[GenerationEvidence, dict[_Wanted, Outcome]] = WeakKeyDictionary()
"""Several checks ask of the same rows, and a user's function may be slow."""


def outcomes_of(generations: Generations, settings: GenerationSettings) -> Outcomes:
    """The `Outcome` of each greedy answer, by `settings.correctness`.

    An answer is right where it matches one of its references: the best counts. One that refuses is
    a refusal, neither right nor wrong; where a reference is itself a refusal (the question has no
    answer), refusing is right and every other answer wrong. Of a question without references the
    label of people counts, whatever the kind, and with neither nobody has judged. Kinds that look
    for something inside an answer (`contains`, `token_f1`, `numeric`) do not look inside a
    refusal: "I cannot say whether it is Paris" does not say Paris. An answer that means none of the
    choices, or several, is wrong: whoever asked was told nothing right. Where no reference can be
    read as what the kind compares (a number, a choice), nobody has judged.

    Returns:
        int8 of shape (n,), in the order of the rows.

    Raises:
        ConfigurationError: an unknown kind, or the user's function failed or gave no bool.
    """
    matcher, refusals = matcher_of(settings.correctness), Refusals(settings.refusals)
    wanted = (settings.correctness, tuple(settings.refusals))
    found = []
    for row in generations.rows:
        known = _JUDGED.setdefault(row, {})
        if wanted not in known:
            known[wanted] = _outcome(row, matcher, refusals)
        found.append(known[wanted])
    return np.array(found, dtype=np.int8)


def _outcome(row: GenerationEvidence, matcher: Matcher, refusals: Refusals) -> Outcome:
    question, refuses = row.question, refusals(row.greedy.text)
    if matcher.matches is None or not question.references:
        return _labelled(question, refuses)
    none_right = {one for one in question.references if refusals(one)}
    looked_for = tuple(
        one
        for one in question.references
        if matcher.readable(one, question) and (matcher.whole or one not in none_right)
    )
    if not looked_for and not none_right:
        return Outcome.UNJUDGED
    if refuses and none_right:
        return Outcome.RIGHT
    if (matcher.whole or not refuses) and looked_for and _matches(row, looked_for, matcher):
        return Outcome.RIGHT
    return Outcome.REFUSED if refuses else Outcome.WRONG


def _labelled(question: Question, refuses: bool) -> Outcome:
    if question.label is None:
        return Outcome.UNJUDGED
    if question.label:
        return Outcome.RIGHT
    return Outcome.REFUSED if refuses else Outcome.WRONG


def _matches(row: GenerationEvidence, references: tuple[str, ...], matcher: Matcher) -> bool:
    assert matcher.matches is not None
    try:
        found = matcher.matches(row.greedy.text, references, row.question)
    except Exception as error:
        if not matcher.given:
            raise
        raise _refused(
            row, f"The function {matcher.given} of generation.correctness failed: {cause_of(error)}"
        ) from error
    if not isinstance(found, bool | np.bool_):
        kind = type(found).__name__
        raise _refused(
            row, f"The function {matcher.given} of generation.correctness gave a {kind}, no bool"
        )
    return bool(found)


def _refused(row: GenerationEvidence, problem: str) -> ConfigurationError:
    """The row is in a note for whoever sees the traceback: the message may go into a record."""
    refused = ConfigurationError(
        f"{problem}.",
        mend="It is called with an answer and a tuple of references, all texts, and says True or "
        "False.",
    )
    refused.add_note(f"It was called for the row {row.question.id}.")
    return refused


__all__ = ["Outcomes", "outcomes_of"]
