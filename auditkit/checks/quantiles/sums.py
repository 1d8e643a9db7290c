"""Values of predicted quantiles, added up: the shares and means that are made of them.

A row weighs what its declared weight says; where none is declared, each row is one unit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from auditkit.checks.estimation import too_few, undefined
from auditkit.checks.means import mean_of_blocks, mean_of_rows, weighted_mean
from auditkit.checks.reading import Reading, beside_labels
from auditkit.evidence.needs import BLOCK, WEIGHT, Column, SumNeed, rests_on_labels, weighted
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Estimate
from auditkit.statistics.rates import Rate, rate_estimate


def value_needs(
    subject: Subject, view: View, value: str, axes: tuple[Column, ...] = ()
) -> tuple[SumNeed, ...]:
    """What shares and means of a value are made of: its sums, and with weights two more."""
    own = SumNeed(view.key, value, axes)
    if subject.columns.weight is None:
        return (own,)
    weight = beside_labels(subject, WEIGHT) if rests_on_labels(own) else WEIGHT
    # The variance of a weighted mean is not in its sums; that between blocks of rows is.
    return tuple(
        SumNeed(view.key, name, (*axes, BLOCK)) for name in (value, weight, weighted(value))
    )


@dataclass(frozen=True)
class Weighing:
    """What rows of unequal weight add up to, each of shape (blocks, …).

    Attributes:
        weights, squares: the sums of the weights, and of their squares.
        values, value_squares: the sums of weight × value, and of its square.
    """

    weights: np.ndarray
    squares: np.ndarray
    values: np.ndarray
    value_squares: np.ndarray


@dataclass(frozen=True)
class ValueSums:
    """Sums of one value over blocks and perhaps groups, each of shape (blocks, …).

    Attributes:
        numbers, totals, squares: of the rows: how many, their values' sum and sum of squares.
        weighing: the same of what they weigh; None where each row is one unit.
        clustered: whether the blocks hold clusters.
    """

    numbers: np.ndarray
    totals: np.ndarray
    squares: np.ndarray
    weighing: Weighing | None
    clustered: bool

    @classmethod
    def of(
        cls, reading: Reading, view: View, value: str, axes: tuple[Column, ...] = ()
    ) -> ValueSums:
        """The sums that were collected for `value_needs`."""
        own, *more = map(reading.sums, value_needs(reading.subject, view, value, axes))
        weighing = None
        if more:
            (_, weights, squares), (_, values, value_squares) = more
            weighing = Weighing(weights, squares, values, value_squares)
        return cls(*own, weighing=weighing, clustered=reading.clustered)

    def each(self, change: Callable[[np.ndarray], np.ndarray]) -> ValueSums:
        """The same change made to every array: the part of a group."""
        weighing = self.weighing
        if weighing is not None:
            weighing = Weighing(
                change(weighing.weights),
                change(weighing.squares),
                change(weighing.values),
                change(weighing.value_squares),
            )
        numbers, totals, squares = map(change, (self.numbers, self.totals, self.squares))
        return ValueSums(numbers, totals, squares, weighing, self.clustered)

    def share(self, clusters: int | None = None) -> Estimate:
        """The share of units whose value is 1, not 0 (Wilson; effective counts of clusters).

        Args:
            clusters: number of clusters among the units, where known.

        Raises:
            NoEstimateError: there are no units, or a few hold most of the weight.
            ValueError: clusters are declared, and fewer than two blocks hold units.
        """
        if not self.numbers.sum():
            raise undefined("There are no units with a known outcome.")
        rows, weighing = (self.totals, self.numbers), self.weighing
        if weighing is None:
            return rate_estimate(Rate(*rows, self.clustered, clusters))
        if not weighing.weights.sum():
            raise undefined("These units have no weight.")
        hits, squares = weighing.values, (weighing.value_squares, weighing.squares)
        return rate_estimate(Rate(hits, weighing.weights, self.clustered, clusters, rows, squares))

    def mean(self) -> Estimate:
        """The mean of the value over units (Student; of clusters or weights the jackknife).

        Raises:
            NoEstimateError: there are fewer than two units, or a few hold most of the weight.
            ValueError: clusters are declared, and fewer than two blocks hold units.
        """
        if self.numbers.sum() < 2:
            raise too_few("A mean with an interval needs at least two units.")
        if self.weighing is not None:
            weighed = self.weighing
            states = np.stack([weighed.weights, weighed.values, weighed.squares], axis=-1)
            return weighted_mean(states)
        states = np.stack([self.numbers, self.totals, self.squares], axis=-1)
        return mean_of_blocks(states) if self.clustered else mean_of_rows(states)
