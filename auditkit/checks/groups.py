"""The groups of one attribute or intersection: which there are, how large, what is compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from auditkit.checks.estimation import MIN_KEPT, Sample
from auditkit.data.columns import MISSING
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.subject import Subject
from auditkit.measurement import REST, Slice


@dataclass(frozen=True)
class Groups:
    """The groups of one attribute or intersection that occur in a split.

    Attributes:
        attributes: one, or several for an intersection.
        reference: the declared reference group; None if none is declared.
        samples: group → what its numbers rest on; groups with an unknown value are among them.
        cells: group → its place in an array over the attributes' levels.
    """

    attributes: tuple[str, ...]
    reference: Slice | None
    samples: Mapping[Slice, Sample]
    cells: Mapping[Slice, tuple[int, ...]]

    @property
    def known(self) -> tuple[Slice, ...]:
        """The groups that are compared: those whose attributes are all known."""
        return tuple(
            where for where in self.samples if MISSING not in dict(where.conditions).values()
        )

    def pairs(self) -> Iterator[tuple[Slice, Slice]]:
        """Every ordered pair of groups, and every group against all others together."""
        if len(self.known) < 2:
            return
        for one in self.known:
            yield from ((one, other) for other in self.known if other != one)
            yield one, REST

    def part(self, states: np.ndarray, where: Slice, against: Slice | None = None) -> np.ndarray:
        """The states of a group, shape (blocks, …); of all others than `against` for `REST`.

        Args:
            states: shape (blocks, levels of each attribute …, …).
        """
        if where != REST:
            return self._cell(states, where)
        others = [self._cell(states, other) for other in self.known if other != against]
        return np.asarray(np.sum(others, axis=0))

    def _cell(self, states: np.ndarray, where: Slice) -> np.ndarray:
        index: tuple[Any, ...] = (slice(None), *self.cells[where])
        return np.asarray(states[index])

    def sample(self, where: Slice, against: Slice | None = None) -> Sample:
        """What the numbers of a group, or of all others together, rest on."""
        if where != REST:
            return self.samples[where]
        others = [self.samples[other] for other in self.known if other != against]
        clusters = [sample.clusters for sample in others if sample.clusters is not None]
        return Sample(
            rows=sum(sample.rows for sample in others),
            # A cluster may span groups: the largest of them is a safe count.
            clusters=max(clusters) if clusters else None,
            sampled=any(sample.sampled for sample in others),
        )

    def pair_sample(self, one: Slice, reference: Slice) -> Sample:
        """What a comparison rests on: both groups, as independent as the poorer one."""
        first, second = self.sample(one), self.sample(reference, one)
        clusters = None
        if first.clusters is not None and second.clusters is not None:
            clusters = min(first.clusters, second.clusters)
        return Sample(first.rows + second.rows, clusters, first.share, first.sampled)

    def too_few(self, where: Slice, against: Slice | None = None) -> str:
        """Why numbers about a group are not kept; "" if they are."""
        rows = self.sample(where, against).rows
        if rows >= MIN_KEPT:
            return ""
        return (
            f"{named(where)} has {rows} {'row' if rows == 1 else 'rows'}; numbers about fewer "
            f"than {MIN_KEPT} are not kept, since they could tell about a person."
        )


def named(where: Slice) -> str:
    """A group, or the rest, in words."""
    return "all other groups together" if where == REST else str(where)


def slicings(subject: Subject) -> list[tuple[str, ...]]:
    """The declared attributes, each alone, and the declared intersections."""
    alone = [(declared.name,) for declared in subject.columns.groups]
    return alone + [tuple(sorted(names)) for names in subject.columns.intersections]


def groups_of(
    subject: Subject, evidence: SplitEvidence, attributes: tuple[str, ...], rows: np.ndarray
) -> Groups:
    """The groups that occur.

    Args:
        rows: number of rows by level of each attribute.
    """
    levels = [evidence.cluster_levels[name] for name in attributes]
    samples, cells = {}, {}
    for index in np.ndindex(*rows.shape):
        if rows[index]:
            labels = [found[i] for found, i in zip(levels, index, strict=True)]
            where = Slice.of(dict(zip(attributes, labels, strict=True)))
            n = int(rows[index])
            clusters = evidence.clusters_in(where)
            samples[where] = Sample(n, clusters, n / evidence.rows, evidence.sampled)
            cells[where] = index
    return Groups(attributes, _reference(subject, attributes), samples, cells)


def _reference(subject: Subject, attributes: tuple[str, ...]) -> Slice | None:
    declared = {one.name: one.reference for one in subject.columns.groups}
    levels = {name: level for name in attributes if (level := declared[name]) is not None}
    return Slice.of(levels) if len(levels) == len(attributes) else None
