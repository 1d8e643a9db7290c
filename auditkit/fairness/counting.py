"""Units counted and weights summed over coded columns, in one pass.

The codes of a unit make one number in mixed radix, as narrow as the cells allow, and `bincount`
counts a chunk at a time: what is needed beside the columns is a chunk, whatever the rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from auditkit.errors import DataError
from auditkit.fairness.columns import Coded
from auditkit.statistics.axes import Axis
from auditkit.statistics.cell_codes import DENSE_CELLS, MAX_CELLS
from auditkit.statistics.counts import Counts
from auditkit.statistics.moments import Moments
from auditkit.statistics.sparse_counts import AnyCounts, SparseCounts
from auditkit.statistics.sparse_moments import AnyMoments, SparseMoments

# Rows at once: their codes stay in the processor's cache.
CHUNK = 1 << 16
# More where cells are sorted, so that sorting them together is done less often.
_SORTED_CHUNK = 1 << 18


def refuse_too_many(columns: Sequence[Coded]) -> None:
    """A DataError if the columns make more cells than a code can tell apart."""
    cells = math.prod(len(column.labels) for column in columns)
    if cells > MAX_CELLS:
        shape = " × ".join(f"{len(column.labels):,} of {column.name}" for column in columns)
        raise DataError(
            f"Counting by these columns takes {cells:,} cells ({shape}); at most {MAX_CELLS:,} are "
            "told apart.",
            mend="Pass fewer features, or coarser ones.",
        )


class Flat:
    """The cell of each unit.

    Args:
        columns: the axes, codes of shape (n,) each.
        n: number of units.
        closed: axes whose labels are fixed; to the others, other parts of the data may add.
    """

    def __init__(self, columns: Sequence[Coded], n: int, closed: Sequence[str] = ()) -> None:
        self.n = n
        self.columns = tuple(columns)
        self.axes = tuple(
            Axis(column.name, column.labels, open=column.name not in closed) for column in columns
        )
        self.shape = tuple(len(column.labels) for column in columns)
        self.cells = math.prod(self.shape)
        self._narrow = next(
            kind for kind in (np.int16, np.int32, np.int64) if self.cells <= np.iinfo(kind).max
        )

    @property
    def dense(self) -> bool:
        """Whether the table is small enough to be held in full."""
        return self.cells <= DENSE_CELLS

    def chunks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Rows, and the cells of these rows."""
        size = CHUNK if self.dense else _SORTED_CHUNK
        for start in range(0, self.n, size):
            rows = slice(start, min(start + size, self.n))
            yield rows, self._codes(rows)

    def _codes(self, rows: slice) -> np.ndarray:
        first, *others = self.columns
        flat = self._column(first, rows)
        for column, size in zip(others, self.shape[1:], strict=True):
            flat *= size
            flat += self._column(column, rows)
        return flat

    def _column(self, column: Coded, rows: slice) -> np.ndarray:
        # Whole numbers wrap around: the value may be too large for the type, the code is not.
        codes: np.ndarray = column.values[rows].astype(self._narrow)
        if column.offset:
            codes -= np.array(column.offset).astype(self._narrow)
        return codes


def counted(flat: Flat) -> AnyCounts:
    """Units by cell."""
    if flat.dense:
        table = np.zeros(flat.cells, dtype=np.int64)
        for _, codes in flat.chunks():
            table += np.bincount(codes, minlength=flat.cells)
        return Counts(flat.axes, table.reshape(flat.shape))
    total = SparseCounts.zeros(flat.axes)
    for _, codes in flat.chunks():
        occupied, units = np.unique(codes, return_counts=True)
        total += SparseCounts(flat.axes, occupied, units)
    return total


def summed(flat: Flat, name: str, values: np.ndarray) -> AnyMoments:
    """Number, sum and sum of squares of a value by cell.

    Args:
        flat: the cells.
        name: of the value.
        values: float, shape (n,).
    """
    return _summed_dense(flat, name, values) if flat.dense else _summed_sparse(flat, name, values)


def _summed_dense(flat: Flat, name: str, values: np.ndarray) -> Moments:
    numbers = np.zeros(flat.cells, dtype=np.int64)
    totals, squares = np.zeros(flat.cells), np.zeros(flat.cells)
    for rows, codes in flat.chunks():
        part = values[rows].astype(np.float64)
        numbers += np.bincount(codes, minlength=flat.cells)
        totals += np.bincount(codes, weights=part, minlength=flat.cells)
        squares += np.bincount(codes, weights=part * part, minlength=flat.cells)
    parts = (state.reshape(1, *flat.shape) for state in (numbers, totals, squares))
    return Moments(flat.axes, (name,), *parts)


def _summed_sparse(flat: Flat, name: str, values: np.ndarray) -> SparseMoments:
    total: SparseMoments | None = None
    for rows, codes in flat.chunks():
        part = values[rows].astype(np.float64)
        occupied, places, numbers = np.unique(codes, return_inverse=True, return_counts=True)
        totals, squares = (
            np.bincount(places, weights=weights)[None] for weights in (part, part * part)
        )
        found = SparseMoments(flat.axes, (name,), occupied, numbers[None], totals, squares)
        total = found if total is None else total + found
    assert total is not None  # a cube has rows
    return total
