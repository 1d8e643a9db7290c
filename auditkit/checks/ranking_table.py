"""Items of ranked lists by group: how many are among the first k, and how exposed they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import MIN_CLUSTERS, Sample, estimated, too_few, undefined
from auditkit.checks.groups import Groups, groups_of
from auditkit.checks.reading import Reading
from auditkit.evidence.hashing import BLOCKS
from auditkit.evidence.needs import group
from auditkit.evidence.row_log import RowLog
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Slice
from auditkit.statistics.jackknife import delete_one_block
from auditkit.statistics.rankings import exposure, places

# What is summed of each item: itself, whether it is among the first k, and its exposure.
_ITEMS, _SELECTED, _EXPOSURE = range(3)


@dataclass(frozen=True)
class _Kind:
    """One number of a group's items in ranked lists, and what is compared of it.

    Attributes:
        summed: place of its sum among the states.
        title: in words that can begin a sentence.
        difference, ratio: names of the metrics; "" where it is not compared so.
    """

    summed: int
    title: str
    difference: str = ""
    ratio: str = ""


KINDS: Mapping[str, _Kind] = {
    "selection_rate_at_k": _Kind(
        _SELECTED, "Selection rate at k", "selection_rate_at_k_difference", "impact_ratio_at_k"
    ),
    "exposure": _Kind(_EXPOSURE, "Mean exposure", ratio="exposure_ratio"),
}


@dataclass(frozen=True, eq=False)
class RankedItems:
    """Items in the places that their scores give them.

    Attributes:
        log: the items.
        values: what is summed of each, shape (items, 3).
        units: hash of the independent unit of each, shape (items,).
        about: a sentence on how they were ordered.
    """

    log: RowLog
    values: np.ndarray
    units: np.ndarray
    about: str

    @classmethod
    def of(cls, log: RowLog, top: int) -> RankedItems:
        """The items of a log, of whose lists the first `top` are selected."""
        units = log.units if log.clusters is None else log.clusters
        place = places(log.units, log.values("score"), log.rows)
        values = np.stack([np.ones(len(log)), place <= top, exposure(place)], axis=1)
        ordered = f"k = {top:,}; equal scores are ordered by a keyed hash."
        return cls(log, values, units, f"{ordered} {log.drawn}".strip())


def ranking_table(
    subject: Subject,
    view: View,
    reading: Reading,
    ranked: RankedItems,
    attributes: tuple[str, ...],
) -> RankingTable:
    """The table of one attribute or intersection."""
    levels = [reading.evidence.levels[name] for name in attributes]
    codes = [
        np.searchsorted(np.array(known, dtype=str), ranked.log.labels(group(name)))
        for name, known in zip(attributes, levels, strict=True)
    ]
    shape = tuple(len(known) for known in levels)
    joint = np.ravel_multi_index(codes, shape) if len(ranked.log) else np.zeros(0, dtype=np.int64)
    blocks = (ranked.units % np.uint64(BLOCKS)).astype(np.int64)
    states = summed(blocks, joint, int(np.prod(shape)), ranked.values)
    states = states.reshape(BLOCKS, *shape, 3)
    rows = states[..., _ITEMS].sum(axis=0).astype(np.int64)
    groups = groups_of(subject, reading.evidence, attributes, rows)
    members = {
        where: np.unique(ranked.units[joint == np.ravel_multi_index(place, shape)])
        for where, place in groups.cells.items()
    }
    return RankingTable(view, groups, states, members, reading.clustered, ranked.about)


def summed(blocks: np.ndarray, cells: np.ndarray, size: int, values: np.ndarray) -> np.ndarray:
    """Sums of the items' values by block and cell, shape (64, size, values).

    Args:
        blocks: of each item, 0 to 63.
        cells: of each item, under `size`.
        values: shape (items, values).
    """
    states = np.zeros((BLOCKS, size, values.shape[1]))
    np.add.at(states, (blocks, cells), values)
    return states


@dataclass(frozen=True, eq=False)
class RankingTable:
    """Items, selected items and exposure by group.

    Attributes:
        view: the output that orders the lists.
        groups: which groups there are.
        states: shape (blocks, levels …, 3).
        members: group → hashes of the lists (or clusters) with items of it.
        clustered: whether clusters are the independent units, not lists.
        about: a sentence on how the lists were ordered.
    """

    view: View
    groups: Groups
    states: np.ndarray
    members: Mapping[Slice, np.ndarray]
    clustered: bool
    about: str

    def measurements(self) -> Iterator[Measurement]:
        """The numbers of all groups, and their comparisons."""
        for where in self.groups.samples:
            for name, kind in KINDS.items():
                yield self._measured(name, partial(self._mean, kind, where), where)
        for one, reference in self.groups.pairs():
            for kind in KINDS.values():
                if kind.difference:
                    estimate = partial(self._difference, kind, one, reference)
                    yield self._measured(kind.difference, estimate, one, reference)
                estimate = partial(self._ratio, kind, one, reference)
                yield self._measured(kind.ratio, estimate, one, reference)

    def _measured(
        self,
        name: str,
        estimate: Callable[[], Estimate],
        where: Slice,
        reference: Slice | None = None,
    ) -> Measurement:
        view = self.view.key
        key = MeasurementKey(f"bias.{name}", where, reference, EVALUATION, view.head, view.label)
        return estimated(key, estimate, self._sample(where, reference), self.about)

    def _units(self, where: Slice, against: Slice | None = None) -> np.ndarray:
        members = [self.members[one] for one in self.groups.members(where, against)]
        return np.unique(np.concatenate(members))

    def _sample(self, where: Slice, reference: Slice | None) -> Sample:
        """What a number rests on; its units are lists, or clusters of them."""
        one = self._units(where)
        whole = replace(self.groups.sample(where), clusters=len(one))
        if self.states[..., _ITEMS].sum() < self.groups.evidence.rows:
            whole = replace(whole, share=None)  # a sample of lists says little of that
        if reference is None:
            return whole
        other = self._units(reference, where)
        rows = whole.rows + self.groups.sample(reference, where).rows
        return replace(
            whole,
            rows=rows,
            clusters=len(np.union1d(one, other)),
            poorest=min(len(one), len(other)),
        )

    def _part(self, where: Slice, against: Slice | None = None) -> np.ndarray:
        """The states of a group, shape (blocks, 3).

        Raises:
            NoEstimateError: about fewer than five people, or ten lists.
        """
        self.groups.refuse_few(where, against)
        units, called = len(self._units(where, against)), "clusters" if self.clustered else "lists"
        if units < MIN_CLUSTERS:
            raise too_few(
                f"There are {units} {called} with items of a group; an interval needs at least "
                f"{MIN_CLUSTERS}."
            )
        return self.groups.part(self.states, where, against)

    def _mean(self, kind: _Kind, where: Slice) -> Estimate:
        return delete_one_block(
            self._part(where), lambda total: float(total[kind.summed] / total[_ITEMS])
        )

    def _difference(self, kind: _Kind, one: Slice, reference: Slice) -> Estimate:
        return delete_one_block(
            self._pair(one, reference), lambda total: float(np.subtract(*_means(kind, total)))
        )

    def _ratio(self, kind: _Kind, one: Slice, reference: Slice) -> Estimate:
        states = self._pair(one, reference)
        if not states[..., kind.summed].sum(axis=0).all():
            raise undefined(f"{kind.title} of one of the two is 0, and a ratio of it says nothing.")
        return delete_one_block(states, lambda total: float(np.divide(*_means(kind, total))), "log")

    def _pair(self, one: Slice, reference: Slice) -> np.ndarray:
        """Both at once: one list holds items of both, and what one gains another loses."""
        return np.stack([self._part(one), self._part(reference, one)], axis=1)


def _means(kind: _Kind, total: np.ndarray) -> np.ndarray:
    """The means of both groups, from (two groups, 3)."""
    return np.asarray(total[:, kind.summed] / total[:, _ITEMS])
