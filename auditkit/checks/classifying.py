"""Outputs whose word about classes can be taken: which there are, and why there may be none."""

from __future__ import annotations

from auditkit.checks.scores import NO_PROBABILITIES
from auditkit.evidence.subject import Subject, View


def classifying(subject: Subject) -> tuple[View, ...]:
    """The outputs that choose between classes, one for each label of several."""
    return tuple(view for view in subject.main_views if view.classifies)


def without_probabilities(subject: Subject) -> str:
    """Why no probability can be set beside an outcome; "" if one can."""
    views = classifying(subject)
    if not views:
        return "No output gives the probability of a class."
    if not any(view.probabilistic for view in views):
        return NO_PROBABILITIES
    return subject.unlabelled
