"""Numbers of a group that are no rates (AUC, calibration, mean errors), and their comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import NoEstimateError, by_blocks, estimated
from auditkit.checks.groups import Groups, hidden_within
from auditkit.evidence.subject import ViewKey
from auditkit.measurement import (
    REST,
    Direction,
    Estimate,
    Measurement,
    MeasurementKey,
    Metric,
    Slice,
)
from auditkit.statistics import estimates

Estimator = Callable[[np.ndarray], Estimate]


@dataclass(frozen=True)
class Number:
    """A number that is computed from the state of a group.

    Attributes:
        name: of its metric, without the family.
        title, definition, unit, direction, low, high, source: of its metric.
        of_rows: its estimate where rows are the independent units, from the state of a group of
            shape (blocks, …); raises NoEstimateError or ValueError where it has none.
        of_blocks: its estimate where blocks are.
        gap_of_blocks: the estimate of the difference of two groups where blocks are the independent
            units, from their states stacked on axis 1; None takes the two as independent.
    """

    name: str
    title: str
    definition: str
    unit: str
    direction: Direction
    of_rows: Estimator
    of_blocks: Estimator
    gap_of_blocks: Estimator | None = None
    low: float | None = None
    high: float | None = None
    source: str = ""

    def metrics(self) -> Iterator[Metric]:
        """The definitions of the number and of its difference."""
        yield Metric(
            id=f"bias.{self.name}",
            title=f"{self.title} of a group",
            definition=self.definition,
            unit=self.unit,
            direction=self.direction,
            low=self.low,
            high=self.high,
            source=self.source,
        )
        words = self.title if self.title.isupper() else self.title[:1].lower() + self.title[1:]
        yield Metric(
            id=f"bias.{self.name}_difference",
            title=f"Difference in {words}",
            definition=f"{self.title} of the group minus that of its reference.",
            unit=self.unit,
            direction=Direction.ZERO,
            source="by MOVER, Zou and Donner 2008; with clusters or weights the jackknife",
            comparison=True,
        )


def jackknifed(number: Callable[[np.ndarray], float]) -> tuple[Estimator, Estimator]:
    """`of_blocks` and `gap_of_blocks` of a smooth number of summed states."""

    def gap(states: np.ndarray) -> float:
        return number(states[0]) - number(states[1])

    return partial(by_blocks, number), partial(by_blocks, gap)


@dataclass(frozen=True)
class NumberTable:
    """The states that a number is computed from, by group.

    Attributes:
        number: which.
        key: the output that it is of.
        groups: which groups there are.
        states: shape (blocks, levels …, …).
        blocked: whether the blocks hold the independent units.
        caveat: what qualifies each measurement; "" if nothing does.
    """

    number: Number
    key: ViewKey
    groups: Groups
    states: np.ndarray
    blocked: bool
    caveat: str = ""
    _known: dict[tuple[Slice, Slice | None], Estimate | Exception] = field(default_factory=dict)

    def measurements(self, pairs: Iterable[tuple[Slice, Slice]]) -> Iterator[Measurement]:
        """The number of every group, and the differences of these pairs."""
        for where in self.groups.samples:
            yield estimated(
                self._key(self.number.name, where),
                partial(self._of, where),
                self.groups.sample(where),
                self.caveat,
            )
        for one, reference in pairs:
            yield estimated(
                self._key(f"{self.number.name}_difference", one, reference),
                partial(self._difference, one, reference),
                self.groups.pair_sample(one, reference),
                self.caveat,
            )

    def _key(self, name: str, where: Slice, reference: Slice | None = None) -> MeasurementKey:
        return MeasurementKey(
            f"bias.{name}", where, reference, EVALUATION, self.key.head, self.key.label
        )

    def _of(self, where: Slice, against: Slice | None = None) -> Estimate:
        """The estimate of a group, computed once; many pairs share it.

        Raises:
            NoEstimateError, ValueError: it has none.
        """
        # Only the rest depends on what it is the rest of.
        key = where, against if where == REST else None
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._estimate(*key)
        if isinstance(found, Exception):
            raise found
        return found

    def _estimate(self, where: Slice, against: Slice | None) -> Estimate | Exception:
        estimator = self.number.of_blocks if self.blocked else self.number.of_rows
        try:
            self.groups.refuse_few(where, against)
            self._refuse_secret(where, against)
            return estimator(self.groups.part(self.states, where, against))
        except (NoEstimateError, ValueError) as none:
            return none

    def _refuse_secret(self, where: Slice, against: Slice | None) -> None:
        """Refuse the number of the rest where one group among it has one that is not told."""
        for member in self.groups.members(where, against) if where == REST else ():
            try:
                self._of(member)
            except NoEstimateError as none:
                if none.secret:
                    raise hidden_within(where, member) from none
            except ValueError:
                continue  # it has none, and nothing is hidden

    def _difference(self, one: Slice, reference: Slice) -> Estimate:
        first, second = self._of(one), self._of(reference, one)
        if self.blocked and self.number.gap_of_blocks is not None:
            # Both at once: the rows of one cluster may belong to both groups.
            parts = [
                self.groups.part(self.states, one),
                self.groups.part(self.states, reference, one),
            ]
            return self.number.gap_of_blocks(np.stack(parts, axis=1))
        return estimates.independent_difference(first, second)
