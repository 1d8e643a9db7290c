"""Units by group, score and true outcome in two halves: one to search, one to measure.

Thresholds look better on the units on which they were found than on any others, so what they would
come to is counted on units that had no part in the search. Whole clusters lie in one half.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np

from auditkit.data.columns import MISSING
from auditkit.data.grouping import ordered_levels
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.needs import FOLD, RANK_CELL, TARGET, CountNeed, group
from auditkit.evidence.subject import Subject, View
from auditkit.evidence.units import rank_edges
from auditkit.measurement import Slice
from auditkit.statistics.sparse_counts import AnyCounts

MOST_CELLS = 1 << 22
"""Cells of all groups and blocks together; of more, neighbouring cells of the score are merged."""
MOST_STEP = 64


@dataclass(frozen=True)
class Halves:
    """The two halves of a split.

    Attributes:
        view: the output.
        groups: those that occur; one with an unknown value is among them.
        searched: int64 of shape (groups, cells, 2): cells by rising inclination to select, then
            whether the true outcome is favourable.
        held_out: the same by block of clusters: int64 of shape (blocks, groups, cells, 2), or one
            block where rows are the independent units.
        evidence: of the split.
    """

    view: View
    groups: tuple[Slice, ...]
    searched: np.ndarray
    held_out: np.ndarray
    evidence: SplitEvidence

    @property
    def cells(self) -> int:
        """How many cells the scores lie in; also the threshold that selects nobody."""
        return int(self.searched.shape[1])

    @property
    def clustered(self) -> bool:
        """Whether clusters, not rows, are the independent units."""
        return self.evidence.clusters is not None

    def clusters(self, *places: int) -> int | None:
        """About how many clusters some groups have in one half; None where none are declared.

        Without a place: all groups together.
        """
        slices = [self.groups[place] for place in places] or [Slice()]
        found = self.evidence.clusters_in(*slices)
        return None if found is None else found // 2

    @property
    def known(self) -> tuple[int, ...]:
        """Places of the groups whose attributes are all known."""
        return tuple(
            place
            for place, where in enumerate(self.groups)
            if MISSING not in dict(where.conditions).values()
        )

    def score(self, place: int) -> float:
        """The score at which a threshold lies: whoever is beyond it, on the side that the
        favourable class lies on, is selected. It must select somebody, and not everybody.
        """
        return float(self._edges[place if self.view.favourable == 1 else self.cells - place])

    @property
    def _edges(self) -> np.ndarray:
        """The score at which each cell begins."""
        edges: np.ndarray = rank_edges(self.view)
        return edges[:: len(edges) // self.cells]

    @property
    def today(self) -> int:
        """The threshold at the edge of a cell that is nearest to the declared one."""
        decision = self.view.head.decision
        declared = 0.5 if decision is None or decision.rule == "argmax" else decision.threshold
        edge = int(np.abs(self._edges - declared).argmin())
        return edge if self.view.favourable == 1 else self.cells - edge


def threshold_need(subject: Subject, view: View, attributes: tuple[str, ...]) -> CountNeed:
    """What thresholds for the groups of one attribute or intersection are searched in.

    Where a cluster is declared every count comes by blocks of clusters, and every second block is
    held out; a column for the half is needed for rows alone.
    """
    half = () if subject.clustered else (FOLD,)
    return CountNeed(view.key, (*(group(name) for name in attributes), RANK_CELL, TARGET, *half))


def halves_of(
    subject: Subject, evidence: SplitEvidence, view: View, attributes: tuple[str, ...]
) -> Halves:
    """The two halves of what was collected for `threshold_need`."""
    need = threshold_need(subject, view, attributes)
    counts = evidence.count(need, keep_blocks=subject.clustered)
    groups, values = _by_group(subject, counts, attributes)
    if view.favourable == 0:
        values = values[:, ::-1, ::-1]
    searched, held_out = values[..., 0::2].sum(axis=-1), values[..., 1::2]
    return Halves(view, groups, searched, np.moveaxis(held_out, -1, 0), evidence)


def _by_group(
    subject: Subject, counts: AnyCounts, attributes: tuple[str, ...]
) -> tuple[tuple[Slice, ...], np.ndarray]:
    """The groups that occur, in a reader's order, and their counts (groups, cells, 2, halves)."""
    names = [str(group(name)) for name in attributes]
    rows = counts.marginal(*names)
    orders = [
        ordered_levels(subject.columns.group(name), list(axis.labels))
        for name, axis in zip(attributes, rows.axes, strict=True)
    ]
    labels = [dict(zip(names, levels, strict=True)) for levels in product(*orders)]
    occurring = [where for where in labels if rows.select(where).total]
    table = math.prod(len(axis) for axis in counts.axes) // math.prod(rows.values.shape)
    step = _step(len(occurring), table)
    # One group at a time: the whole table may be too large to be written out.
    tables = [_merged(counts.select(where).values, step) for where in occurring]
    groups = [dict(zip(attributes, where.values(), strict=True)) for where in occurring]
    return tuple(Slice.of(where) for where in groups), np.stack(tables)


def _merged(table: np.ndarray, step: int) -> np.ndarray:
    """Counts (cells, …) with so many neighbouring cells taken together."""
    merged: np.ndarray = table.reshape(-1, step, *table.shape[1:]).sum(axis=1)
    return merged


def _step(groups: int, size: int) -> int:
    """How many neighbouring cells are taken together, so that all groups stay in bounds."""
    step = 1
    while groups * size // step > MOST_CELLS and step < MOST_STEP:
        step *= 2
    return step
