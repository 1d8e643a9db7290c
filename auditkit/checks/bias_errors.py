"""Mean errors by group, for outputs whose quality is a number per unit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import by_blocks, estimated
from auditkit.checks.groups import Groups, groups_of, slicings
from auditkit.checks.reading import Reading
from auditkit.evidence.needs import SumNeed, group
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import (
    Direction,
    Estimate,
    Measurement,
    MeasurementKey,
    Metric,
    Slice,
)
from auditkit.models.head import Task
from auditkit.statistics import estimates

ERROR_DIFFERENCE = Metric(
    id="bias.error_difference",
    title="Difference of mean errors",
    definition="Mean of the unit error (absolute error, or the user's unit metric) of the group "
    "minus that of its reference.",
    unit="as the error",
    direction=Direction.ZERO,
    source="interval of Welch 1947 by MOVER; with clusters the jackknife",
    comparison=True,
)


def error_values(view: View) -> tuple[str, ...]:
    """The values whose means are compared: the absolute error, or the user's unit metrics."""
    return ("absolute_error",) if view.task is Task.REGRESSION else view.values


def error_need(view: View, value: str, attributes: tuple[str, ...]) -> SumNeed:
    """What the mean errors of one attribute or intersection are computed from."""
    return SumNeed(view.key, value, tuple(group(name) for name in attributes))


@dataclass(frozen=True)
class ErrorTable:
    """Number, sum and sum of squares of a unit error by group.

    Attributes:
        view: the output.
        value: which error.
        groups: which groups there are.
        states: shape (blocks, levels …, 3).
        reading: of the split.
    """

    view: View
    value: str
    groups: Groups
    states: np.ndarray
    reading: Reading

    def measurements(self) -> Iterator[Measurement]:
        """The differences of all pairs of groups."""
        label = self.value if self.view.task is Task.CUSTOM else self.view.key.label
        for one, reference in self.groups.pairs():
            yield estimated(
                MeasurementKey(
                    ERROR_DIFFERENCE.id, one, reference, EVALUATION, self.view.key.head, label
                ),
                partial(self._difference, one, reference),
                self.groups.pair_sample(one, reference),
            )

    def _difference(self, one: Slice, reference: Slice) -> Estimate:
        self.groups.refuse_few(one)
        self.groups.refuse_few(reference, one)
        first = self.groups.part(self.states, one)
        second = self.groups.part(self.states, reference, one)
        if self.reading.clustered:
            # Both at once: the rows of one cluster may belong to both groups.
            return by_blocks(difference_of_means, np.stack([first, second], axis=1))
        return estimates.independent_difference(mean_estimate(first), mean_estimate(second))


def difference_of_means(states: np.ndarray) -> float:
    """The first group's mean minus the second's, from (two groups, number and sum and squares)."""
    means = states[:, 1] / states[:, 0]
    return float(means[0] - means[1])


def mean_estimate(part: np.ndarray) -> Estimate:
    """The mean of independent units, from (blocks, number and sum and squares)."""
    n, total, squares = part.sum(axis=0)
    return estimates.mean(total, squares, n)


def error_tables(
    subject: Subject, view: View, value: str, reading: Reading
) -> Iterator[ErrorTable]:
    """A table for each declared attribute and intersection."""
    for attributes in slicings(subject):
        states = np.stack(reading.sums(error_need(view, value, attributes)), axis=-1)
        rows = states[..., 0].sum(axis=0).astype(np.int64)
        groups = groups_of(subject, reading.evidence, attributes, rows)
        yield ErrorTable(view, value, groups, states, reading)
