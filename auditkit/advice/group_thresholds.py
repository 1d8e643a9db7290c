"""Thresholds by group that would meet a requirement of parity, and what they cost in accuracy.

Source: Hardt, Price and Srebro, "Equality of Opportunity in Supervised Learning", NeurIPS 2016;
here without lots. The same groups with one threshold for all are shown beside it, since that is
what the law allows in more places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from auditkit.advice.adviser import Adviser, Cause
from auditkit.advice.halves import halves_of, threshold_need
from auditkit.advice.parities import REMEDIES, Remedy
from auditkit.advice.threshold_case import NAME, Case
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.subject import Subject, View, ViewKey
from auditkit.mending import Advice
from auditkit.models.head import Task

EVALUATION = "evaluation"


def _views(subject: Subject) -> tuple[View, ...]:
    """The outputs whose decision is a threshold on one score that favours somebody."""
    return tuple(view for view in subject.main_views if _has_threshold(view))


def _has_threshold(view: View) -> bool:
    decision = view.head.decision
    if view.task is not Task.BINARY or view.favourable is None or decision is None:
        return False
    return decision.rule == "threshold" or view.probabilistic


def _unmet(subject: Subject) -> str:
    if not subject.columns.groups:
        return "No group attribute is declared; declare data.groups for advice on thresholds."
    if not _views(subject):
        return "No output decides by a threshold on one score and names a favourable class."
    return subject.unlabelled


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for view in _views(subject):
        for attributes in subject.slicings:
            yield SplitNeed(EVALUATION, threshold_need(subject, view, attributes))


def _advise(subject: Subject, evidence: Evidence, causes: Sequence[Cause]) -> tuple[Advice, ...]:
    found, limits = [], tuple(_limits(subject))
    for remedy in REMEDIES:
        for (view, attributes), own in _by_groups(subject, remedy, causes).items():
            halves = halves_of(subject, evidence[EVALUATION], view, attributes)
            reference = subject.reference(attributes)
            found.append(Case(remedy, halves, own, reference, limits).advice())
    return tuple(found)


def _limits(subject: Subject) -> Iterator[str]:
    """What the numbers leave open because of how the data were declared."""
    columns = subject.columns
    if columns.weight is not None:
        yield (
            f"Every row counts once: the weights in {columns.weight!r} are not used, so that "
            "these numbers may differ from those of the bias check."
        )
    if columns.labelled is not None:
        yield (
            f"True outcomes are known of {columns.labelled} alone: thresholds are sought among "
            "them, and every number here is of them and not of everybody."
        )


def _by_groups(
    subject: Subject, remedy: Remedy, causes: Sequence[Cause]
) -> Mapping[tuple[View, tuple[str, ...]], list[Cause]]:
    """The causes that a remedy is for, by output and attributes in their declared order."""
    views, slicings = _views(subject), subject.slicings
    found: dict[tuple[View, tuple[str, ...]], list[Cause]] = {}
    for view in views:
        for attributes in slicings:
            own = [cause for cause in causes if _is_about(cause, remedy, view, attributes)]
            if own:
                found[view, attributes] = own
    return found


def _is_about(cause: Cause, remedy: Remedy, view: View, attributes: tuple[str, ...]) -> bool:
    key = cause.key
    return (
        key.metric == remedy.metric
        and ViewKey(key.head, key.label) == view.key
        and key.slice.attributes == attributes
    )


ADVISER = Adviser(
    name=NAME,
    watches={remedy.metric: remedy.convention for remedy in REMEDIES},
    unmet=_unmet,
    needs=_needs,
    advise=_advise,
)
