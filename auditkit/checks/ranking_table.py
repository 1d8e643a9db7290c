"""Items of ranked lists by group: how many are among the first k, and how exposed they are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import MIN_CLUSTERS, Sample, estimated, too_few, undefined
from auditkit.checks.groups import Groups, groups_of, inside
from auditkit.checks.reading import Reading
from auditkit.evidence.hashing import BLOCKS
from auditkit.evidence.needs import WEIGHT, group
from auditkit.evidence.row_log import RowLog
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Slice
from auditkit.statistics.clustered import (
    ClusteredRate,
    clustered_difference,
    clustered_proportion,
    clustered_ratio,
)
from auditkit.statistics.estimates import estimate as estimate_of
from auditkit.statistics.jackknife import delete_one_block
from auditkit.statistics.rankings import exposure, places

# What is summed of each item: itself, its weight, that weight where it is among the first k, and
# times its exposure and the square of that; and the squares of the first two weights.
_ITEMS, _WEIGHT, _SELECTED, _EXPOSURE, _EXPOSURE_SQUARE, _SQUARE, _SELECTED_SQUARE = range(7)


@dataclass(frozen=True, eq=False)
class RankedItems:
    """Items in the places that their scores give them.

    Attributes:
        log: the items.
        values: what is summed of each, shape (items, 7).
        units: hash of the independent unit of each, shape (items,).
        called: what these units are.
        about: a sentence on how they were ordered.
    """

    log: RowLog
    values: np.ndarray
    units: np.ndarray
    called: str
    about: str

    @classmethod
    def of(cls, log: RowLog, top: int, weighted: bool = False) -> RankedItems:
        """The items of a log, of whose lists the first `top` are selected."""
        units, called = independent_units(log.units, log.clusters)
        place = places(log.units, log.values("score"), log.rows)
        weights = log.values(WEIGHT) if weighted else np.ones(len(log))
        values = summed_of_each(place, top, weights)
        ordered = f"k = {top:,}; equal scores are ordered by a keyed hash."
        return cls(log, values, units, called, f"{ordered} {log.drawn}".strip())


def summed_of_each(place: np.ndarray, top: int, weights: np.ndarray) -> np.ndarray:
    """What is summed of items in these places of their lists, shape (items, 7)."""
    selected, exposed = place <= top, exposure(place)
    parts = [
        np.ones(len(place)),
        weights,
        weights * selected,
        weights * exposed,
        weights * exposed**2,
        weights**2,
        weights**2 * selected,
    ]
    return np.stack(parts, axis=1)


def independent_units(lists: np.ndarray, clusters: np.ndarray | None) -> tuple[np.ndarray, str]:
    """Hash of the independent unit of each item, shape (items,), and what such units are called.

    Lists, or clusters that hold whole lists. Items of one list depend on each other whatever their
    clusters: where lists span clusters, everything that they connect is one unit.

    Example:
        >>> units, called = independent_units(np.array([7, 7, 8, 9]), np.array([1, 2, 2, 3]))
        >>> units.tolist(), called
        ([1, 1, 1, 3], 'sets of lists that share a cluster')
    """
    if clusters is None:
        return lists, "lists"
    of_list, of_cluster = (np.unique(ids, return_inverse=True) for ids in (lists, clusters))
    pairs = np.unique(np.stack([of_list[1], of_cluster[1]]), axis=1)
    if pairs.shape[1] == len(of_list[0]):
        return clusters, "clusters"
    from scipy.sparse import coo_array  # few audits need it
    from scipy.sparse.csgraph import connected_components

    size = len(of_list[0]) + len(of_cluster[0])
    edges = (np.ones(pairs.shape[1]), (pairs[0], pairs[1] + len(of_list[0])))
    component = connected_components(coo_array(edges, (size, size)), directed=False)[1]
    # Clusters are sorted, so that the first of a component is the smallest.
    _, first, which = np.unique(
        component[len(of_list[0]) :], return_index=True, return_inverse=True
    )
    smallest = of_cluster[0][first][which]
    return smallest[of_cluster[1]], "sets of lists that share a cluster"


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
    states = states.reshape(BLOCKS, *shape, ranked.values.shape[1])
    rows = states[..., _ITEMS].sum(axis=0).astype(np.int64)
    groups = groups_of(subject, reading.evidence, attributes, rows)
    members = {
        where: np.unique(ranked.units[joint == np.ravel_multi_index(place, shape)])
        for where, place in groups.cells.items()
    }
    return RankingTable(view, groups, states, members, ranked.called, ranked.about)


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
        states: shape (blocks, levels …, 7).
        members: group → hashes of the lists (or what else is independent) with items of it.
        called: what the independent units are.
        about: a sentence on how the lists were ordered.
    """

    view: View
    groups: Groups
    states: np.ndarray
    members: Mapping[Slice, np.ndarray]
    called: str
    about: str

    def measurements(self) -> Iterator[Measurement]:
        """The numbers of all groups, and their comparisons."""
        for where in self.groups.samples:
            yield self._measured("selection_rate_at_k", partial(self._selection, where), where)
            yield self._measured("exposure", partial(self._exposure, where), where)
        compared = {
            "selection_rate_at_k_difference": self._selection_difference,
            "impact_ratio_at_k": self._selection_ratio,
            "exposure_ratio": self._exposure_ratio,
        }
        for one, reference in self.groups.pairs():
            for name, estimate in compared.items():
                yield self._measured(name, partial(estimate, one, reference), one, reference)

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
        """The states of a group, shape (blocks, 7).

        Raises:
            NoEstimateError: about fewer than five people, or ten lists; or they have no weight.
        """
        self.groups.refuse_few(where, against)
        units = len(self._units(where, against))
        if units < MIN_CLUSTERS:
            found = f"is 1 of the {self.called}" if units == 1 else f"are {units} {self.called}"
            raise too_few(
                f"There {found} with items of a group; an interval needs at least {MIN_CLUSTERS}."
                f"{_MENDS.get(self.called, '')}"
            )
        part = self.groups.part(self.states, where, against)
        if not part[:, _WEIGHT].any():
            raise undefined(f"The items of {inside(where)} have no weight.")
        return part

    def _rate(self, where: Slice, against: Slice | None = None) -> ClusteredRate:
        """The share of a group's items among the first k."""
        part = self._part(where, against)
        return ClusteredRate(
            part[:, _SELECTED],
            part[:, _WEIGHT],
            len(self._units(where, against)),
            hit_squares=part[:, _SELECTED_SQUARE],
            squares=part[:, _SQUARE],
        )

    def _selection(self, where: Slice) -> Estimate:
        return clustered_proportion(self._rate(where))

    def _selection_difference(self, one: Slice, reference: Slice) -> Estimate:
        return clustered_difference(self._rate(one), self._rate(reference, one))

    def _selection_ratio(self, one: Slice, reference: Slice) -> Estimate:
        above, below = self._rate(one), self._rate(reference, one)
        if not below.hits.any():
            raise undefined(
                f"Selection rate at k of {inside(reference)} is 0: a ratio cannot divide by it."
            )
        return clustered_ratio(above, below)

    def _exposure(self, where: Slice) -> Estimate:
        part = self._part(where)
        found = delete_one_block(part, mean_exposure)
        se = math.sqrt(max(found.parameters["se"] ** 2, self._least(part)))
        return estimate_of(found.method, **{**found.parameters, "se": se})

    def _exposure_ratio(self, one: Slice, reference: Slice) -> Estimate:
        sides = self._part(one), self._part(reference, one)
        return exposure_ratio(*sides, least=[self._least(side) for side in sides])

    def _least(self, part: np.ndarray) -> float:
        """The variance of a group's mean exposure, were its items placed as all items are."""
        return least_variance(part, self.states.reshape(-1, self.states.shape[-1]).sum(axis=0))


def exposure_ratio(one: np.ndarray, reference: np.ndarray, least: Sequence[float]) -> Estimate:
    """The ratio of two mean exposures, by the jackknife over blocks of both at once.

    One list holds items of both, and what one gains another loses. A few items can agree by chance,
    or lack the rare first places: their variance is at least that of as many items of all.

    Args:
        one, reference: states of both, shape (blocks, 7).
        least: variance of the mean of each, were its items placed as all items are.
    """
    found = delete_one_block(
        np.stack([one, reference], axis=1),
        lambda total: mean_exposure(total[0]) / mean_exposure(total[1]),
        "log",
    )
    sides = (one, reference)
    relative = [
        variance / mean_exposure(side.sum(axis=0)) ** 2
        for side, variance in zip(sides, least, strict=True)
    ]
    se_log = math.sqrt(max(found.parameters["se_log"] ** 2, sum(relative)))
    df = min(int(side[:, _WEIGHT].astype(bool).sum()) for side in sides) - 1
    return estimate_of(found.method, **{**found.parameters, "se_log": se_log, "df": max(df, 1)})


def least_variance(part: np.ndarray, everyone: np.ndarray) -> float:
    """The variance of the mean exposure of items that are placed as all items are.

    Args:
        part: states of the items, shape (blocks, 7).
        everyone: the sums over all items, shape (7,).
    """
    spread = everyone[_EXPOSURE_SQUARE] / everyone[_WEIGHT] - mean_exposure(everyone) ** 2
    total = part.sum(axis=0)
    return float(max(spread, 0.0) * total[_SQUARE] / total[_WEIGHT] ** 2)


def mean_exposure(total: np.ndarray) -> float:
    """Of sums of shape (7,)."""
    return float(total[_EXPOSURE] / total[_WEIGHT])


_MENDS = {
    "sets of lists that share a cluster": " Lists span clusters here: declare a cluster that holds "
    "whole lists."
}
