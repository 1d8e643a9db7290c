"""Errors counted by every combination of a few axes of the data: what a search for slices reads.

Rows are counted in chunks, so that the state does not grow with them. A pass keeps fewer and larger
tables than combinations: one table of five small axes holds ten combinations of three, which are
its marginals. On the host, since the codes of the data are made there; only the errors come from
the device, once a chunk.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from auditkit.errors import ModelError
from auditkit.evidence.hashing import BLOCKS
from auditkit.evidence.needs import SliceNeed
from auditkit.statistics.counts import Axis

HELD_OUT_BLOCKS = 16
"""Into so many sets of whole clusters the held-out half is parted where a cluster is declared."""

Combination = tuple[int, ...]
"""Places of axes, ascending."""

_CHUNK = 1 << 15
# A table of so many cells stays in the processor's second cache while rows are counted into it.
_COVER_CELLS = 1 << 14


@dataclass(frozen=True, eq=False)
class SliceTables:
    """Errors by every combination of `depth` axes; those of fewer are their marginals.

    Attributes:
        axes: by which slices are made, their levels fixed before the pass.
        clustered: whether the held-out half is parted into `HELD_OUT_BLOCKS` sets of clusters.
        tables: combination → array of shape (quantities, parts, *levels of its axes). The
            quantities are numbers and wrong decisions, int64; or numbers, sums and sums of squares
            of a value, float64. The first part is the searched half, the others the held-out one.
    """

    axes: tuple[Axis, ...]
    clustered: bool
    tables: Mapping[Combination, np.ndarray]

    def __add__(self, other: SliceTables) -> SliceTables:
        """Both parts of the data together; counts are the same in any order, sums to 1e-12.

        Raises:
            ValueError: the two were collected for different needs.
        """
        if not isinstance(other, SliceTables):
            return NotImplemented
        same = self.axes == other.axes and self.clustered == other.clustered
        if not same or self.tables.keys() != other.tables.keys():
            raise ValueError("slice tables of different axes cannot be merged")
        added = {place: table + other.tables[place] for place, table in self.tables.items()}
        return SliceTables(self.axes, self.clustered, added)


def parts_of(clustered: bool) -> int:
    """How many parts the tables tell apart: the searched half, and those of the held-out one."""
    return 1 + (HELD_OUT_BLOCKS if clustered else 1)


def combinations_of(axes: int, depth: int) -> Iterator[Combination]:
    """The largest combinations of a search to a depth; all others are marginals of one.

    >>> list(combinations_of(3, 2))
    [(0, 1), (0, 2), (1, 2)]
    """
    return itertools.combinations(range(axes), min(axes, depth))


def cover(sizes: Sequence[int], depth: int, cells: int) -> dict[Combination, list[Combination]]:
    """Tables that hold every combination, each with those that are read from it.

    Greedy: each table starts with a combination that no other holds, and takes in the axis that
    brings the most further ones as long as its cells fit.

    Args:
        sizes: levels of each axis.
        depth: axes of a combination.
        cells: most cells of a table of more than one combination.

    >>> cover([2, 2, 2, 9], 2, 8)
    {(0, 1, 2): [(0, 1), (0, 2), (1, 2)], (0, 3): [(0, 3)], (1, 3): [(1, 3)], (2, 3): [(2, 3)]}
    """
    waiting = dict.fromkeys(combinations_of(len(sizes), depth))
    tables: dict[Combination, list[Combination]] = {}
    while waiting:
        chosen = next(iter(waiting))
        while larger := _widened(chosen, waiting, sizes, cells):
            chosen = larger
        inside = itertools.combinations(chosen, min(depth, len(chosen)))
        tables[chosen] = [one for one in inside if one in waiting]
        for one in tables[chosen]:
            del waiting[one]
    return tables


def _widened(
    chosen: Combination, waiting: Mapping[Combination, None], sizes: Sequence[int], cells: int
) -> Combination | None:
    """The table with the axis that brings most; None if none fits, or brings anything."""
    room = cells // math.prod(sizes[place] for place in chosen)
    fitting = [place for place, size in enumerate(sizes) if place not in chosen and size <= room]
    gains = {place: _gain(place, chosen, waiting, len(next(iter(waiting)))) for place in fitting}
    useful = [place for place in fitting if gains[place]]
    if not useful:
        return None
    # Of equal gains the smallest axis, which leaves the most room.
    best = min(useful, key=lambda place: (-gains[place], sizes[place], place))
    return tuple(sorted((*chosen, best)))


def _gain(place: int, chosen: Combination, waiting: Mapping[Combination, None], depth: int) -> int:
    others = itertools.combinations(chosen, depth - 1)
    return sum(tuple(sorted((*some, place))) in waiting for some in others)


def _shared(table: Combination, before: Sequence[int]) -> int:
    """How many places two tables begin with in common."""
    same = (one == other for one, other in zip(table, before, strict=False))
    return sum(1 for _ in itertools.takewhile(bool, same))


class SliceAccumulator:
    """Counts one slice need, batch by batch.

    Args:
        need: what to count.
        axes: the axes of the need, with their levels.
        clustered: whether clusters are declared.
    """

    def __init__(self, need: SliceNeed, axes: Sequence[Axis], *, clustered: bool) -> None:
        self.need = need
        self._axes = tuple(axes)
        self._clustered = clustered
        self._parts = parts_of(clustered)
        self._sizes = [len(axis) for axis in self._axes]
        leading = self._parts * (1 if need.value else 2)
        self._cover = cover(self._sizes, need.depth, _COVER_CELLS // leading)
        # Wrong and right decisions are counted by one index, a value is summed in three rows.
        rows, kind = (3, np.float64) if need.value else (1, np.int64)
        self._tables = {
            table: np.zeros((rows, leading * self._cells(table)), dtype=kind)
            for table in self._cover
        }
        self._waiting: list[tuple[np.ndarray, Tensor]] = []
        self._rows = 0

    def _cells(self, table: Combination) -> int:
        return math.prod(self._sizes[place] for place in table)

    def add(
        self,
        codes: Sequence[np.ndarray],
        folds: np.ndarray,
        blocks: np.ndarray | None,
        errors: Tensor,
    ) -> None:
        """Count n units.

        Args:
            codes: of each axis, shape (n,).
            folds: 0 for the searched half, 1 for the held-out one, shape (n,).
            blocks: of the clusters, in [0, 64), shape (n,); None where none are declared.
            errors: whether each decision is wrong, or the value, on any device, shape (n,).
        """
        parts = folds if blocks is None else folds * (1 + blocks * HELD_OUT_BLOCKS // BLOCKS)
        small = np.stack([np.asarray(row, dtype=np.uint8) for row in (parts, *codes)])
        for start in range(0, len(folds), _CHUNK):
            piece = small[:, start : start + _CHUNK]
            self._waiting.append((piece, errors[start : start + _CHUNK]))
            self._rows += piece.shape[1]
            if self._rows >= _CHUNK:
                self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        small, errors = zip(*self._waiting, strict=True)
        self._waiting, self._rows = [], 0
        parts, *codes = np.concatenate(small, axis=1).astype(np.intp)
        values = torch.cat(errors).cpu().numpy()
        if self.need.value:
            self._sum(parts, codes, values.astype(np.float64))
        else:
            self._count(parts * 2 + values.astype(np.intp), codes)

    def _count(self, leading: np.ndarray, codes: Sequence[np.ndarray]) -> None:
        for table, index in self._indices(leading, codes):
            state = self._tables[table]
            state[0] += np.bincount(index, minlength=state.shape[1])

    def _sum(self, leading: np.ndarray, codes: Sequence[np.ndarray], values: np.ndarray) -> None:
        squares = np.square(values)
        for table, index in self._indices(leading, codes):
            state = self._tables[table]
            for row, weights in enumerate((None, values, squares)):
                state[row] += np.bincount(index, weights, minlength=state.shape[1])

    def _indices(
        self, leading: np.ndarray, codes: Sequence[np.ndarray]
    ) -> Iterator[tuple[Combination, np.ndarray]]:
        """The cell of each unit in each table; common beginnings are computed once."""
        path: list[tuple[int, np.ndarray]] = []
        for table in sorted(self._cover):
            shared = _shared(table, [place for place, _ in path])
            del path[shared:]
            for place in table[shared:]:
                before = path[-1][1] if path else leading
                path.append((place, before * self._sizes[place] + codes[place]))
            yield table, path[-1][1]

    def tables(self) -> SliceTables:
        """What was counted.

        Raises:
            ModelError: a sum is beyond all numbers.
        """
        self._flush()
        found: dict[Combination, np.ndarray] = {}
        for table, inside in self._cover.items():
            state = self._shaped(table)
            if not np.isfinite(state).all():
                raise ModelError(
                    f"The sum of {self.need.value} is beyond all numbers: some outputs are "
                    "absurdly large.",
                    mend="Mend the model or its preprocessing, or scale its outputs.",
                )
            for one in inside:
                rest = tuple(2 + i for i, place in enumerate(table) if place not in one)
                found[one] = state.sum(axis=rest)
        order = combinations_of(len(self._sizes), self.need.depth)
        return SliceTables(self._axes, self._clustered, {one: found[one] for one in order})

    def _shaped(self, table: Combination) -> np.ndarray:
        """A table's state, of shape (quantities, parts, *levels)."""
        sizes = [self._sizes[place] for place in table]
        state = self._tables[table]
        if self.need.value:
            return state.reshape(-1, self._parts, *sizes)
        by_error = state.reshape(self._parts, 2, *sizes)
        return np.stack([by_error.sum(axis=1), by_error[:, 1]])
