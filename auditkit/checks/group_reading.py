"""A group of a split, read as if it were the split: every score then has a number by group."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from auditkit.checks.estimation import Sample
from auditkit.checks.groups import Groups, counted_groups
from auditkit.checks.labelled_clusters import groups_of_labelled
from auditkit.checks.reading import Reading, Sums
from auditkit.evidence.needs import CountNeed, SumNeed, group, rests_on_labels
from auditkit.evidence.subject import Labels
from auditkit.measurement import Slice

Kept = CountNeed | SumNeed


def by_group(need: Kept, attributes: tuple[str, ...]) -> Kept:
    """The same need by the levels of attributes."""
    axes = (*(group(name) for name in attributes), *need.axes)
    if isinstance(need, CountNeed):
        return CountNeed(need.view, axes)
    return SumNeed(need.view, need.value, axes)


class GroupedReading:
    """What was collected of the groups of one attribute or intersection in one split.

    Args:
        reading: of the whole split.
        attributes: of the groups.
        needs: what is read of them; each was collected `by_group`.
    """

    def __init__(self, reading: Reading, attributes: tuple[str, ...], needs: Iterable[Kept]):
        self.reading = reading
        self._states: dict[Kept, tuple[np.ndarray, ...]] = {}
        self.attributes = attributes
        self.groups = self._labelled(
            counted_groups(reading.subject, reading.evidence, attributes), needs
        )

    def _labelled(self, groups: Groups, needs: Iterable[Kept]) -> Groups:
        """The groups, resting on their labelled rows where some have no label."""
        of_labels = [need for need in needs if rests_on_labels(need)]
        if self.reading.subject.labels is Labels.ALL or not of_labels:
            return groups
        first, *_ = self.states(of_labels[0])
        rest = tuple(range(1 + len(self.attributes), first.ndim))
        return groups_of_labelled(groups, first.sum(axis=rest).astype(np.int64))

    def states(self, need: Kept) -> tuple[np.ndarray, ...]:
        """Counts, or numbers, sums and sums of squares, of shape (blocks, levels …, …)."""
        if need not in self._states:
            wide = by_group(need, self.attributes)
            self._states[need] = (
                (self.reading.counts(wide),)
                if isinstance(wide, CountNeed)
                else self.reading.sums(wide)
            )
        return self._states[need]

    def of(self, where: Slice) -> GroupReading:
        """One of the groups.

        Raises:
            KeyError: no row is of it.
        """
        return GroupReading(self, where)


class GroupReading(Reading):
    """One group of a split.

    Args:
        grouped: of all groups of its attributes.
        where: the group.
    """

    def __init__(self, grouped: GroupedReading, where: Slice) -> None:
        whole = grouped.reading
        self.subject, self.split = whole.subject, whole.split
        self.evidence, self.clustered = whole.evidence, whole.clustered
        self._grouped = grouped
        self._cell = grouped.groups.cells[where]
        self._where = where

    @property
    def sample(self) -> Sample:
        """What a number about the labelled rows of the group rests on."""
        return self._grouped.groups.samples[self._where]

    @property
    def labelled_sample(self) -> Sample:
        """As `sample`: whatever is read of a group is read of its labelled rows."""
        return self.sample

    def counts(self, need: CountNeed) -> np.ndarray:
        """As of `Reading`, of the group alone."""
        (counts,) = self._grouped.states(need)
        return self._part(counts)

    def sums(self, need: SumNeed) -> Sums:
        """As of `Reading`, of the group alone."""
        numbers, totals, squares = map(self._part, self._grouped.states(need))
        return numbers, totals, squares

    def _part(self, states: np.ndarray) -> np.ndarray:
        index: tuple[Any, ...] = (slice(None), *self._cell)
        return np.asarray(states[index])
