"""Which cells of a table of counts are not told, so that nobody can be found in it.

A number about fewer than `MIN_KEPT` people is withheld. The total of a line of cells is told too:
by whoever leaves its attribute out, or beside the cells. So where the total of a line is told, less
what is shown of it, and that would be about one cell or about fewer than `MIN_KEPT`, the smallest
other number is withheld too.

Source: complementary suppression, Cox, Journal of the American Statistical Association 75 (1980)
377–385.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from auditkit.statistics.absence import MIN_KEPT

Mask = NDArray[np.bool_]


def few(counted: NDArray[np.int64], rows: NDArray[np.int64]) -> Mask:
    """The cells whose numbers would be about fewer than `MIN_KEPT`.

    Args:
        counted: what a number is a share of, in each cell.
        rows: all rows of each cell.
    """
    return ((counted > 0) & (counted < MIN_KEPT)) | ((rows > 0) & (rows < MIN_KEPT))


def withheld(counted: NDArray[np.int64], rows: NDArray[np.int64]) -> Mask:
    """The cells that are not told: those with few, and those that would tell about these.

    Args:
        counted: what a number is a share of, in each cell, one axis for each attribute.
        rows: all rows of each cell, of the same shape.

    Example:
        >>> counted = np.array([[90, 40, 7], [30, 3, 20]])
        >>> withheld(counted, counted).astype(int).tolist()
        [[0, 1, 1], [0, 1, 1]]
        >>> counted = np.array([[90, 40, 3], [30, 50, 0]])
        >>> withheld(counted, counted).astype(int).tolist()
        [[0, 1, 1], [0, 0, 0]]
    """
    counted, rows = np.asarray(counted), np.asarray(rows)
    if not np.any(few(counted, rows)):
        return np.zeros(counted.shape, dtype=bool)
    axes = range(counted.ndim)
    told = {
        tuple(one for one in axes if one != axis): told_totals(counted, rows, axis) for axis in axes
    }
    return _withheld_beside(counted, rows, told)


def told_totals(counted: NDArray[np.int64], rows: NDArray[np.int64], axis: int) -> Mask:
    """Of which lines along an axis the total is told, when its attribute is left out."""
    return ~withheld(counted.sum(axis=axis), rows.sum(axis=axis))


def withheld_within(
    counted: NDArray[np.int64], rows: NDArray[np.int64], totals: Collection[tuple[int, ...]]
) -> Mask:
    """As `withheld`, where only some totals are told, and that of all cells protects nobody.

    Args:
        counted: what a number is a share of, in each cell, one axis for each attribute.
        rows: all rows of each cell, of the same shape.
        totals: by which attributes alone totals are told: some of the axes each, in order.

    Example:
        >>> counted = np.array([[42, 8, 1], [30, 20, 0], [25, 15, 12]])
        >>> withheld_within(counted, counted, [(0,)]).astype(int).tolist()
        [[0, 1, 1], [0, 0, 0], [0, 0, 0]]
        >>> withheld_within(counted, counted, [(0,), (1,)]).astype(int).tolist()
        [[0, 1, 1], [0, 0, 0], [0, 1, 1]]
    """
    counted, rows = np.asarray(counted), np.asarray(rows)
    told = {}
    for axes in totals:
        others = tuple(axis for axis in range(counted.ndim) if axis not in axes)
        smaller = [tuple(map(axes.index, part)) for part in totals if set(part) < set(axes)]
        told[axes] = ~withheld_within(counted.sum(axis=others), rows.sum(axis=others), smaller)
    return _withheld_beside(counted, rows, told)


def _withheld_beside(
    counted: NDArray[np.int64], rows: NDArray[np.int64], told: Mapping[tuple[int, ...], Mask]
) -> Mask:
    """The cells with few, and those that totals by some axes would tell about these with."""
    mask = np.array(few(counted, rows))
    changed = bool(mask.any())
    while changed:
        changed = any(_protected(counted, mask, axes, total) for axes, total in told.items())
    return mask


def _protected(counted: NDArray[np.int64], mask: Mask, axes: tuple[int, ...], told: Mask) -> bool:
    """Withhold one more cell behind each total by some axes that needs it; whether there was one.

    Args:
        counted: what a number is a share of, in each cell.
        mask: what is withheld; is changed.
        axes: what the totals are by.
        told: of which totals the number is told; one axis for each of `axes`.
    """
    others = tuple(axis for axis in range(counted.ndim) if axis not in axes)
    places = np.arange(counted.size).reshape(counted.shape).transpose(*axes, *others)
    places = places.reshape(*np.shape(told), -1)
    lines, hidden = counted.reshape(-1)[places], mask.reshape(-1)[places]
    alone = hidden.sum(axis=-1) == 1
    small = np.where(hidden, lines, 0).sum(axis=-1) < MIN_KEPT
    candidates = ~hidden & (lines > 0)
    wanting = told & hidden.any(axis=-1) & (alone | small) & candidates.any(axis=-1)
    for where in np.argwhere(wanting):
        line = tuple(where)
        sizes = np.where(candidates[line], lines[line], np.iinfo(np.int64).max)
        mask.flat[places[line][int(sizes.argmin())]] = True
    return bool(wanting.any())
