"""Units by group, score and true outcome in two halves: one to search, one to measure.

Thresholds look better on the units on which they were found than on any others, so what they would
come to is counted on units that had no part in the search. Whole clusters lie in one half.

Scores are counted in cells. The one cell that today's threshold cuts is counted as two, by what was
decided, so that today's decisions are those that the model makes, however wide the cells are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np

from auditkit.data.columns import MISSING
from auditkit.data.grouping import ordered_levels
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.needs import FOLD, PREDICTION, RANK_CELL, TARGET, CountNeed, group
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
        cut: place of the cell that today's threshold cuts, by rising score; the next is its upper
            part.
        step: how many cells of the grid each of the others is.
        astray: units that are decided today otherwise than by their cell, which rounding may do.
    """

    view: View
    groups: tuple[Slice, ...]
    searched: np.ndarray
    held_out: np.ndarray
    evidence: SplitEvidence
    cut: int
    step: int
    astray: int

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
        edges = rank_edges(self.view)[:: self.step]
        return np.insert(edges, self.cut + 1, _declared(self.view))

    @property
    def today(self) -> int:
        """The declared threshold."""
        return self.cut + 1 if self.view.favourable == 1 else self.cells - self.cut - 1


def _declared(view: View) -> float:
    decision = view.head.decision
    return 0.5 if decision is None or decision.rule == "argmax" else decision.threshold


def threshold_need(subject: Subject, view: View, attributes: tuple[str, ...]) -> CountNeed:
    """What thresholds for the groups of one attribute or intersection are searched in.

    Where a cluster is declared every count comes by blocks of clusters, and every second block is
    held out; a column for the half is needed for rows alone.
    """
    half = () if subject.clustered else (FOLD,)
    axes = (*(group(name) for name in attributes), RANK_CELL, PREDICTION, TARGET, *half)
    return CountNeed(view.key, axes)


def halves_of(
    subject: Subject, evidence: SplitEvidence, view: View, attributes: tuple[str, ...]
) -> Halves:
    """The two halves of what was collected for `threshold_need`."""
    need = threshold_need(subject, view, attributes)
    counts = evidence.count(need, keep_blocks=subject.clustered)
    groups, decided, step = _by_group(subject, counts, attributes)
    edges = rank_edges(view)[::step]
    cut = max(int(np.searchsorted(edges, _declared(view), side="right")) - 1, 0)
    astray = int(decided[:, :cut, 1].sum() + decided[:, cut + 1 :, 0].sum())
    values = _cut(decided, cut)
    if view.favourable == 0:
        values = values[:, ::-1, ::-1]
    searched, held_out = values[..., 0::2].sum(axis=-1), values[..., 1::2]
    held_out = np.moveaxis(held_out, -1, 0)
    return Halves(view, groups, searched, held_out, evidence, cut, step, astray)


def _cut(decided: np.ndarray, cut: int) -> np.ndarray:
    """(groups, cells, decisions, …) as (groups, cells + 1, …), one cell cut by the decision."""
    cells = decided.sum(axis=2)
    return np.concatenate([cells[:, :cut], decided[:, cut], cells[:, cut + 1 :]], axis=1)


def _by_group(
    subject: Subject, counts: AnyCounts, attributes: tuple[str, ...]
) -> tuple[tuple[Slice, ...], np.ndarray, int]:
    """The groups that occur, in a reader's order, their counts, and how many cells are one.

    Counts are of shape (groups, cells, decisions, 2, halves).
    """
    names = [str(group(name)) for name in attributes]
    rows = counts.marginal(*names)
    orders = [
        ordered_levels(subject.columns.group(name), list(axis.labels))
        for name, axis in zip(attributes, rows.axes, strict=True)
    ]
    labels = [dict(zip(names, levels, strict=True)) for levels in product(*orders)]
    occurring = [where for where in labels if rows.select(where).total]
    table = math.prod(len(axis) for axis in counts.axes) // math.prod(rows.values.shape)
    step = _step(len(occurring), table // 2)  # the decisions are summed out of all cells but one
    # One group at a time: the whole table may be too large to be written out.
    tables = [_merged(counts.select(where).values, step) for where in occurring]
    groups = [dict(zip(attributes, where.values(), strict=True)) for where in occurring]
    return tuple(Slice.of(where) for where in groups), np.stack(tables), step


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
