"""What would mend miscalibrated probabilities: temperature, Platt scaling, isotonic regression.

Each is fitted on one half of the rows, and measured against today on the other half.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditkit.advice.adviser import Adviser, Cause
from auditkit.advice.recalibration_case import NAME, Case
from auditkit.advice.recalibration_outcomes import CONFIDENCE_GAP, SQUARED_ERROR
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.outcome_rows import outcome_need, outcome_rows
from auditkit.evidence.subject import Subject, View, ViewKey
from auditkit.measurement import Slice
from auditkit.mending import Advice

EVALUATION = "evaluation"
TOLERATED = 0.05
"""A distance of probability and share that convention tolerates; its square of the squared
error."""


def _views(subject: Subject) -> tuple[View, ...]:
    return tuple(view for view in subject.main_views if view.classifies and view.probabilistic)


def _unmet(subject: Subject) -> str:
    if not _views(subject):
        return "No output gives the probability of a class."
    return subject.unlabelled


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for view in _views(subject):
        yield SplitNeed(EVALUATION, outcome_need(subject, view))


def _advise(subject: Subject, evidence: Evidence, causes: Sequence[Cause]) -> tuple[Advice, ...]:
    found = []
    for view in _views(subject):
        own = [cause for cause in causes if _is_about(cause, view)]
        if own:
            need = outcome_need(subject, view)
            rows = outcome_rows(evidence, need, view, EVALUATION)
            found.append(Case(subject, view, own, rows).advice())
    return tuple(found)


def _is_about(cause: Cause, view: View) -> bool:
    key = cause.key
    whole = key.slice == Slice() and key.reference is None and key.split == EVALUATION
    return whole and ViewKey(key.head, key.label) == view.key


ADVISER = Adviser(
    name=NAME,
    watches={
        SQUARED_ERROR: (-float("inf"), TOLERATED**2),
        CONFIDENCE_GAP: (-TOLERATED, TOLERATED),
    },
    unmet=_unmet,
    needs=_needs,
    advise=_advise,
)
