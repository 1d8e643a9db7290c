"""Flat codes of cells: one whole number for each cell of a table too large to be held in full.

The code of a cell is its place in the table read row by row, so sorted codes are cells in the order
of the axes. What follows works on arrays of codes alone; no table is made.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from auditkit.statistics.axes import Axis, shape_of

Codes = NDArray[np.int64]

DENSE_CELLS = 1 << 20
"""Tables of up to so many cells are held in full: about a million, eight megabytes of counts."""

MAX_CELLS = 1 << 62
"""Beyond this a flat code does not fit 64 bits."""

READABLE_CELLS = 1 << 25
"""The largest table that is written out in full, for whoever asks for it: 256 megabytes."""


def number_of_cells(axes: Sequence[Axis]) -> int:
    """The number of cells of a table over these axes.

    Raises:
        ValueError: more than `MAX_CELLS`.
    """
    cells = math.prod(shape_of(axes))
    if cells > MAX_CELLS:
        names = ", ".join(axis.name for axis in axes)
        raise ValueError(f"a table over {names} has {cells:,} cells; at most {MAX_CELLS:,} fit")
    return cells


class UnreadableError(ValueError):
    """A table is too large to be written out in full."""


def refuse_unreadable(axes: Sequence[Axis]) -> None:
    """An `UnreadableError` if a table over these axes is too large to be written out in full."""
    cells = number_of_cells(axes)
    if cells > READABLE_CELLS:
        names = ", ".join(axis.name for axis in axes)
        raise UnreadableError(
            f"a table over {names} has {cells:,} cells, and at most {READABLE_CELLS:,} are written "
            "out: read a marginal of it"
        )


def checked_codes(axes: Sequence[Axis], codes: Codes) -> Codes:
    """Codes as read-only int64.

    Raises:
        ValueError: codes that are not whole numbers in ascending order, each once, within the axes.
    """
    cells = number_of_cells(axes)
    array = np.asarray(codes)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        raise ValueError(f"codes must be a row of integers, found {array.dtype}{array.shape}")
    result = array.astype(np.int64)
    if result.size and not (np.diff(result) > 0).all():
        raise ValueError("codes must be in ascending order, each once")
    if result.size and not 0 <= int(result[0]) <= int(result[-1]) < cells:
        raise ValueError(f"codes must lie in 0 … {cells - 1:,}, found {result[0]} … {result[-1]}")
    result.setflags(write=False)
    return result


def positions_of(codes: Codes, shape: Sequence[int]) -> list[Codes]:
    """The position of each cell on each axis.

    Example:
        >>> [place.tolist() for place in positions_of(np.array([0, 4, 5]), (2, 3))]
        [[0, 1, 1], [0, 1, 2]]
    """
    found: list[Codes] = []
    for size in reversed(shape):
        codes, digit = np.divmod(codes, size) if size else (codes, codes)
        found.append(digit)
    return found[::-1]


def flat(positions: Sequence[Codes], shape: Sequence[int], cells: int) -> Codes:
    """The codes of cells from their positions on each axis; `cells` is how many there are.

    Example:
        >>> flat([np.array([0, 1, 1]), np.array([0, 1, 2])], (2, 3), 3).tolist()
        [0, 4, 5]
    """
    result = np.zeros(cells, dtype=np.int64)
    for position, size in zip(positions, shape, strict=True):
        result = result * size + position
    return result


def recoded(codes: Codes, axes: Sequence[Axis], target: Sequence[Axis]) -> Codes:
    """Codes over `axes` as codes over `target`, whose axes hold the labels in any order.

    Raises:
        ValueError: a cell carries a label that `target` lacks.
    """
    positions = positions_of(codes, shape_of(axes))
    for place, (axis, goal) in enumerate(zip(axes, target, strict=True)):
        if axis.labels != goal.labels:
            where = {label: index for index, label in enumerate(goal.labels)}
            lookup = np.array([where.get(label, -1) for label in axis.labels], dtype=np.int64)
            positions[place] = lookup[positions[place]]
            if (positions[place] < 0).any():
                raise ValueError(f"axis {axis.name!r}: a cell carries a label without a place")
    return flat(positions, shape_of(target), len(codes))


def kept_codes(codes: Codes, axes: Sequence[Axis], kept: Sequence[int]) -> Codes:
    """Codes over the axes at the positions `kept` alone, in that order."""
    positions = positions_of(codes, shape_of(axes))
    shape = [len(axes[position]) for position in kept]
    return flat([positions[position] for position in kept], shape, len(codes))


def chosen_codes(
    codes: Codes, axes: Sequence[Axis], index: Sequence[int | slice]
) -> tuple[NDArray[np.bool_], Codes]:
    """Which cells carry the labels chosen by `index` (see `axes.chosen`), and their codes without.

    Args:
        codes: over `axes`.
        axes: of the table.
        index: for each axis a position, or a slice for all of them.
    """
    positions = positions_of(codes, shape_of(axes))
    mask = np.ones(len(codes), dtype=bool)
    left: list[int] = []
    for place, position in enumerate(index):
        if isinstance(position, slice):
            left.append(place)
        else:
            mask &= positions[place] == position
    shape = [len(axes[place]) for place in left]
    return mask, flat([positions[place][mask] for place in left], shape, int(mask.sum()))


def run_starts(codes: Codes) -> NDArray[np.intp]:
    """Where each run of equal codes begins."""
    return np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]])[: len(codes)])
