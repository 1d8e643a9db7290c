"""Which outputs are compared between groups, and what their decisions need."""

from __future__ import annotations

from collections.abc import Mapping

from auditkit.checks.rate_kinds import (
    ACCURACY,
    DECISION_RATES,
    RateKind,
)
from auditkit.checks.reading import tally_need
from auditkit.evidence.needs import (
    CORRECT,
    PREDICTION,
    PREVIOUS,
    QUALIFIED,
    SELECTED,
    CountNeed,
    SumNeed,
    group,
)
from auditkit.evidence.subject import Subject, View
from auditkit.models.head import Task


def deciding(subject: Subject) -> tuple[View, ...]:
    """The views whose decisions are compared."""
    return tuple(view for view in subject.main_views if view.classifies and view.decides)


def favouring(subject: Subject) -> tuple[View, ...]:
    """Those of them of which an outcome is favourable."""
    return tuple(view for view in deciding(subject) if view.favourable is not None)


def flipping(subject: Subject) -> tuple[View, ...]:
    """The views of which a previous version's decisions are known."""
    heads = {view.key.head for view in subject.main_views}
    if subject.columns.previous is None or len(heads) > 1:
        return ()
    return tuple(view for view in deciding(subject) if view.head.task is not Task.MULTILABEL)


def decision_need(subject: Subject, view: View, attributes: tuple[str, ...]) -> CountNeed | SumNeed:
    """Units by group and by what was decided about them, rightly or wrongly."""
    outcome = (CORRECT,) if view.favourable is None else (SELECTED, QUALIFIED, CORRECT)
    return tally_need(subject, view.key, (*(group(name) for name in attributes), *outcome))


def selection_need(
    subject: Subject, view: View, attributes: tuple[str, ...]
) -> CountNeed | SumNeed:
    """Who is selected, of all rows: what needs no label."""
    return tally_need(subject, view.key, (*(group(name) for name in attributes), SELECTED))


def kinds_of(view: View) -> Mapping[str, RateKind]:
    """The rates of a view's decisions."""
    return ACCURACY if view.favourable is None else DECISION_RATES


def flip_need(subject: Subject, view: View, attributes: tuple[str, ...]) -> CountNeed | SumNeed:
    """Units by group and by the classes that both versions predict."""
    axes = (*(group(name) for name in attributes), PREVIOUS, PREDICTION)
    return tally_need(subject, view.key, axes)
