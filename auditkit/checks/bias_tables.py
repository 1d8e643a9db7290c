"""Decisions of one output by the groups of one attribute or intersection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from auditkit.checks.estimation import Rate, rate
from auditkit.checks.groups import Groups, groups_of, slicings
from auditkit.checks.reading import counts
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.needs import PREDICTION, TARGET, CountNeed, group
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Slice


@dataclass(frozen=True)
class DecisionTable:
    """Units by group, predicted and true class.

    Attributes:
        groups: which groups there are.
        states: shape (blocks, levels …, predicted class, true class).
        favourable: the code of the favourable class.
        clustered: whether the blocks hold clusters.
    """

    groups: Groups
    states: np.ndarray
    favourable: int
    clustered: bool

    def rate(self, name: str, where: Slice, against: Slice | None = None) -> Rate:
        """A rate of a group, or of all groups but `against` where `where` is `REST`."""
        part = self.groups.part(self.states, where, against)
        successes, trials = _RATES[name](part, self.favourable)
        return rate(successes, trials, clustered=self.clustered)


def decision_tables(
    subject: Subject, evidence: SplitEvidence, view: View, favourable: int
) -> Iterator[DecisionTable]:
    """A table for each declared attribute and intersection."""
    for attributes in slicings(subject):
        need = CountNeed(view.key, (*(group(name) for name in attributes), PREDICTION, TARGET))
        states = counts(evidence, need, clustered=subject.clustered)
        groups = groups_of(subject, evidence, attributes, states.sum(axis=(0, -2, -1)))
        yield DecisionTable(groups, states, favourable, subject.clustered)


_Part = tuple[np.ndarray, np.ndarray]


def _selection(part: np.ndarray, favourable: int) -> _Part:
    return part[:, favourable].sum(axis=-1), part.sum(axis=(-2, -1))


def _true_positives(part: np.ndarray, favourable: int) -> _Part:
    return part[:, favourable, favourable], part[:, :, favourable].sum(axis=-1)


def _false_positives(part: np.ndarray, favourable: int) -> _Part:
    hits, positives = _true_positives(part, favourable)
    selected, units = _selection(part, favourable)
    return selected - hits, units - positives


def _right(part: np.ndarray, favourable: int) -> _Part:
    del favourable  # right is right, whichever class it is
    return np.trace(part, axis1=-2, axis2=-1), part.sum(axis=(-2, -1))


_RATES: Mapping[str, Callable[[np.ndarray, int], _Part]] = {
    "selection_rate": _selection,
    "true_positive_rate": _true_positives,
    "false_positive_rate": _false_positives,
    "accuracy": _right,
}
