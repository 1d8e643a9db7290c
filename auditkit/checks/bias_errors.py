"""Mean errors by group, for outputs whose quality is a number per unit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditkit.checks.estimation import by_blocks
from auditkit.checks.groups import Groups, groups_of, slicings
from auditkit.checks.reading import sums
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.needs import SumNeed, group
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Estimate, Slice
from auditkit.statistics import estimates


@dataclass(frozen=True)
class ErrorTable:
    """Number, sum and sum of squares of a unit error by group.

    Attributes:
        groups: which groups there are.
        states: shape (blocks, levels …, 3).
        clustered: whether the blocks hold clusters.
    """

    groups: Groups
    states: np.ndarray
    clustered: bool

    def difference(self, one: Slice, reference: Slice) -> Estimate:
        """The mean of a group minus that of its reference."""
        return estimates.independent_difference(self._mean(one, one), self._mean(reference, one))

    def _mean(self, where: Slice, against: Slice) -> Estimate:
        part = self.groups.part(self.states, where, against)
        if self.clustered:
            return by_blocks(lambda s: float(s[1] / s[0]), part[:, :2])
        n, total, squares = part.sum(axis=0)
        return estimates.mean(total, squares, n)


def error_tables(
    subject: Subject, evidence: SplitEvidence, view: View, value: str
) -> Iterator[ErrorTable]:
    """A table for each declared attribute and intersection."""
    for attributes in slicings(subject):
        need = SumNeed(view.key, value, tuple(group(name) for name in attributes))
        states = np.stack(sums(evidence, need, clustered=subject.clustered), axis=-1)
        rows = states[..., 0].sum(axis=0).astype(np.int64)
        groups = groups_of(subject, evidence, attributes, rows)
        yield ErrorTable(groups, states, subject.clustered)
