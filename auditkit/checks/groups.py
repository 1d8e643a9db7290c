"""The groups of one attribute or intersection: which there are, how large, what is compared.

Numbers about fewer than five are withheld, and within an intersection those of further groups, so
that none is had by subtraction from an attribute's own groups. Within one attribute no further
group is withheld. There, what is told of all units together, less the groups shown, tells the one
that is not: a trade-off. To close it the smallest other group would have to go, and a single row of
unknown sex would leave women without an audit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from auditkit.checks.estimation import MIN_KEPT, NoEstimateError, Sample, telling, too_few
from auditkit.data.columns import MISSING
from auditkit.data.grouping import ordered_levels
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.needs import CountNeed, group
from auditkit.evidence.subject import Subject
from auditkit.measurement import REST, Slice
from auditkit.statistics.withholding import withheld_within

# Of more groups only comparisons with the reference and with the rest are made: 900 pairs are more
# than anyone reads, and each takes time and room in the record.
MAX_PAIRED = 30


@dataclass(frozen=True)
class Groups:
    """The groups of one attribute or intersection that occur in a split.

    Attributes:
        attributes: one, or several for an intersection, in alphabetical order.
        reference: the declared reference group; None if none is declared.
        samples: group → what its numbers rest on; groups with an unknown value are among them.
        cells: group → its place in an array over the attributes' levels.
        rows: number of rows by level of each attribute.
        totals: of an intersection, the places of those of its attributes that have groups of their
            own, alone or crossed.
        evidence: of the split, for clusters that span groups.
        noun: what the rows are called, of which there are so many.
    """

    attributes: tuple[str, ...]
    reference: Slice | None
    samples: Mapping[Slice, Sample]
    cells: Mapping[Slice, tuple[int, ...]]
    rows: np.ndarray
    totals: tuple[tuple[int, ...], ...]
    evidence: SplitEvidence
    noun: str = "row"

    @property
    def title(self) -> str:
        """The attributes in words."""
        return " × ".join(self.attributes)

    @property
    def known(self) -> tuple[Slice, ...]:
        """The groups that are compared: those whose attributes are all known."""
        return tuple(
            where for where in self.samples if MISSING not in dict(where.conditions).values()
        )

    @property
    def all_paired(self) -> bool:
        """Whether every ordered pair is compared."""
        return len(self.known) <= MAX_PAIRED

    def pairs(self) -> Iterator[tuple[Slice, Slice]]:
        """Ordered pairs of groups, and every group against all others together."""
        if len(self.known) < 2:
            return
        for one in self.known:
            for other in self.known:
                if other != one and (self.all_paired or other == self.reference):
                    yield one, other
            yield one, REST

    def anchored(self) -> Iterator[tuple[Slice, Slice]]:
        """Every group against the declared reference, and against all others together."""
        if len(self.known) < 2:
            return
        for one in self.known:
            if self.reference in self.known and one != self.reference:
                yield one, self.reference
            yield one, REST

    def part(self, states: np.ndarray, where: Slice, against: Slice | None = None) -> np.ndarray:
        """The states of a group, shape (blocks, …); of all others than `against` for `REST`.

        Args:
            states: shape (blocks, levels of each attribute …, …).
            where: a group, or `REST`.
            against: what `REST` is the rest of.
        """
        parts = [self._cell(states, member) for member in self.members(where, against)]
        return np.asarray(np.sum(parts, axis=0))

    def holding(self, rows: np.ndarray) -> Groups:
        """The same groups where numbers rest on some of their rows: those with a label.

        Args:
            rows: their number by level of each attribute.
        """
        # How many clusters these rows are of is not known: at most as many as the group has.
        samples = {
            where: replace(sample, rows=int(rows[self.cells[where]]))
            for where, sample in self.samples.items()
        }
        return replace(self, samples=samples, rows=rows, noun="labelled row")

    def members(self, where: Slice, against: Slice | None = None) -> list[Slice]:
        """The groups that a slice is: itself, or all others than `against` for `REST`."""
        if where != REST:
            return [where]
        return [other for other in self.known if other != against]

    def _cell(self, states: np.ndarray, where: Slice) -> np.ndarray:
        index: tuple[Any, ...] = (slice(None), *self.cells[where])
        return np.asarray(states[index])

    def sample(self, where: Slice, against: Slice | None = None) -> Sample:
        """What the numbers of a group, or of all others together, rest on."""
        if where != REST:
            return self.samples[where]
        others = self.members(where, against)
        return Sample(
            rows=sum(self.samples[other].rows for other in others),
            clusters=self.evidence.clusters_in(*others),
            sampled=self.evidence.sampled,
        )

    def pair_sample(self, one: Slice, reference: Slice) -> Sample:
        """What a comparison rests on; its share is that of the group compared."""
        first, second = self.sample(one), self.sample(reference, one)
        clusters = poorest = None
        if first.clusters is not None and second.clusters is not None:
            members = [*self.members(one, None), *self.members(reference, one)]
            clusters = self.evidence.clusters_in(*members)
            poorest = min(first.clusters, second.clusters)
        return Sample(
            first.rows + second.rows, clusters, first.share, first.sampled, poorest=poorest
        )

    def refuse_few(self, where: Slice, against: Slice | None = None) -> None:
        """Refuse to make numbers about fewer than five people.

        Raises:
            NoEstimateError: `too_few`.
        """
        rows = self.sample(where, against).rows
        if rows < MIN_KEPT:
            raise telling(f"{named(where)} has too few {self.noun}s")
        members = self.members(where, against)
        small = [member for member in members if self.samples[member].rows < MIN_KEPT]
        if small:
            raise hidden_within(where, small[0], f", who are fewer than {MIN_KEPT}")
        self.refuse_hidden(self._hidden, where, against)

    def withheld(self, counted: np.ndarray) -> frozenset[Slice]:
        """The groups whose numbers are not told: of few, and those that would tell about these.

        Args:
            counted: what a number is a share of, by level of each attribute.
        """
        mask = withheld_within(counted, self.rows, self.totals)
        return frozenset(where for where, cell in self.cells.items() if mask[cell])

    @cached_property
    def _hidden(self) -> frozenset[Slice]:
        return self.withheld(self.rows)

    def refuse_hidden(
        self, hidden: Collection[Slice], where: Slice, against: Slice | None = None
    ) -> None:
        """Refuse a number that would tell what is withheld of other groups.

        Raises:
            NoEstimateError: `too_few`.
        """
        found = [member for member in self.members(where, against) if member in hidden]
        if found and where == REST:
            raise hidden_within(where, found[0], ", who are withheld")
        if found:
            raise too_few(
                f"{where} is withheld beside groups of fewer than {MIN_KEPT}: less the other "
                "groups, the number would tell about them."
            )


def named(where: Slice) -> str:
    """A group, or the rest, in words that can begin a sentence."""
    return "All other groups together" if where == REST else str(where)


def hidden_within(where: Slice, member: Slice, what: str = "") -> NoEstimateError:
    """An error to raise for a sum of groups of which the number of one is not told."""
    whose = what or f", of whom the same would be about fewer than {MIN_KEPT}"
    return too_few(
        f"{named(where)} hold {member}{whose}: less the other groups, the number would tell about "
        "them."
    )


def inside(where: Slice) -> str:
    """A group, or the rest, in words that stand within a sentence."""
    name = named(where)
    return name if where.conditions and name == str(where) else name[:1].lower() + name[1:]


def groups_need(attributes: tuple[str, ...]) -> CountNeed:
    """What says how large the groups of an attribute or intersection are."""
    return CountNeed(None, tuple(group(name) for name in attributes))


def counted_groups(
    subject: Subject, evidence: SplitEvidence, attributes: tuple[str, ...]
) -> Groups:
    """The groups of a split that was collected with `groups_need`; see `groups_of`."""
    return groups_of(subject, evidence, attributes, evidence.count(groups_need(attributes)).values)


def groups_of(
    subject: Subject, evidence: SplitEvidence, attributes: tuple[str, ...], rows: np.ndarray
) -> Groups:
    """The groups that occur, in the order in which a reader expects them.

    Args:
        subject: whose declaration says what the reference is.
        evidence: of the split.
        attributes: of the groups.
        rows: number of rows by level of each attribute, levels as in `evidence.levels`.
    """
    found: dict[Slice, tuple[Sample, tuple[int, ...]]] = {}
    for index in _in_order(subject, evidence, attributes):
        if rows[index]:
            labels = [evidence.levels[n][i] for n, i in zip(attributes, index, strict=True)]
            where = Slice.of(dict(zip(attributes, labels, strict=True)))
            found[where] = _sample(evidence, where, int(rows[index])), index
    return Groups(
        attributes,
        subject.reference(attributes),
        {where: sample for where, (sample, _) in found.items()},
        {where: index for where, (_, index) in found.items()},
        rows,
        _totals(subject, attributes),
        evidence,
    )


def _in_order(
    subject: Subject, evidence: SplitEvidence, attributes: Sequence[str]
) -> Iterator[tuple[int, ...]]:
    """Places of all joint levels, by the order of the first attribute, then of the next …"""
    orders = []
    for name in attributes:
        levels = evidence.levels[name]
        ordered = ordered_levels(subject.columns.group(name), list(levels))
        orders.append([levels.index(level) for level in ordered])
    for place in np.ndindex(*(len(order) for order in orders)):
        yield tuple(order[i] for order, i in zip(orders, place, strict=True))


def _sample(evidence: SplitEvidence, where: Slice, rows: int) -> Sample:
    # A group of few is told apart from others by the most that its share can be.
    share = max(rows, MIN_KEPT - 1) / evidence.rows
    return Sample(rows, evidence.clusters_in(where), min(share, 1.0), evidence.sampled)


def _totals(subject: Subject, attributes: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    """The places of the attributes whose own groups are beside those of an intersection."""
    return tuple(
        tuple(map(attributes.index, names))
        for names in subject.slicings
        if set(names) < set(attributes)
    )
