"""Why a view has no number of some kind; None where it is not even asked for one."""

from __future__ import annotations

from auditkit.checks.scores import NO_DECISION, NO_PROBABILITIES
from auditkit.evidence.subject import View
from auditkit.models.head import Task


def of_decisions(view: View) -> str | None:
    """Why nothing that rests on decisions can be had of a classifying view; "" if it can."""
    if not view.classifies:
        return None
    return "" if view.decides else NO_DECISION


def of_probabilities(view: View) -> str | None:
    """Why nothing that rests on probabilities can be had of a classifying view; "" if it can."""
    if not view.classifies:
        return None
    return "" if view.probabilistic else NO_PROBABILITIES


def of_numbers(view: View) -> str | None:
    """ "" of a regression."""
    return "" if view.task is Task.REGRESSION else None
