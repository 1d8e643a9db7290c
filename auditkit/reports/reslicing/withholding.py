"""Which cells of a table of counts are not told, so that nobody can be found in it.

A number about fewer than `MIN_KEPT` people is withheld. The totals of a line of cells can be had by
leaving its attribute out. So where the total of a line is told, less what is shown of it, and that
would be about one cell or about fewer than `MIN_KEPT`, the smallest other number is withheld too.

Source: complementary suppression, Cox, Journal of the American Statistical Association 75 (1980)
377–385.
"""

from __future__ import annotations

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
    mask = np.asarray(few(counted, rows))
    changed = bool(mask.any())
    told = [told_totals(counted, rows, axis) for axis in range(counted.ndim)] if changed else []
    while changed:
        changed = any(_protected(counted, mask, axis, total) for axis, total in enumerate(told))
    return mask


def told_totals(counted: NDArray[np.int64], rows: NDArray[np.int64], axis: int) -> Mask:
    """Of which lines along an axis the total is told, when its attribute is left out."""
    return ~withheld(counted.sum(axis=axis), rows.sum(axis=axis))


def _protected(counted: NDArray[np.int64], mask: Mask, axis: int, told: Mask) -> bool:
    """Withhold one more cell of each line along an axis that needs it; whether there was one."""
    lines = np.moveaxis(counted, axis, -1)
    hidden = np.moveaxis(mask, axis, -1)  # a view: what is set here is set in the mask
    alone = hidden.sum(axis=-1) == 1
    small = np.where(hidden, lines, 0).sum(axis=-1) < MIN_KEPT
    candidates = ~hidden & (lines > 0)
    wanting = told & hidden.any(axis=-1) & (alone | small) & candidates.any(axis=-1)
    for where in np.argwhere(wanting):
        line = tuple(where)
        sizes = np.where(candidates[line], lines[line], np.iinfo(np.int64).max)
        hidden[(*line, int(sizes.argmin()))] = True
    return bool(wanting.any())
