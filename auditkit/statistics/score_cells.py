"""Counts and score sums in cells of a score in [0, 1]: the state from which calibration is read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

CELLS = 1920
"""Equal-width cells of the score; a multiple of 15, so that 15 equal-width bins are whole cells."""

BINS = 15
"""Bins of a calibration error or reliability curve."""


@dataclass(frozen=True)
class Cells:
    """The cells that hold units, in ascending order of the score.

    Attributes:
        index: which cells.
        wrong: units whose prediction was wrong (or whose label is negative).
        right: units whose prediction was right (or whose label is positive).
        scores: the sum of their scores.
    """

    index: NDArray[np.intp]
    wrong: Floats
    right: Floats
    scores: Floats

    @property
    def n(self) -> Floats:
        """Units in each cell."""
        return self.wrong + self.right

    def summed(self, starts: NDArray[np.intp]) -> Cells:
        """Consecutive cells added up, a new one from each start."""
        return Cells(
            self.index[starts],
            *(np.add.reduceat(part, starts) for part in (self.wrong, self.right, self.scores)),
        )


def checked_cells(wrong: ArrayLike, right: ArrayLike, score_sums: ArrayLike, fewest: int) -> Cells:
    """The occupied cells of `[cells]` arrays, after a check that they can be such a state.

    Raises:
        ValueError: no counts, different lengths, fewer than `fewest` units, a score outside [0, 1].
    """
    misses, hits, sums = np.asarray(wrong), np.asarray(right), np.asarray(score_sums)
    for name, array in (("wrong", misses), ("right", hits)):
        if array.ndim != 1 or array.dtype.kind not in "iu" or (array.size and array.min() < 0):
            raise ValueError(f"{name} must be a row of counts, found {array.dtype}{array.shape}")
    if not misses.shape == hits.shape == sums.shape:
        raise ValueError(
            "the three arrays must have one length, "
            f"found {misses.shape}, {hits.shape} and {sums.shape}"
        )
    n = misses + hits
    if n.sum() < fewest:
        raise ValueError(f"calibration needs at least {fewest} units, found {int(n.sum())}")
    index = np.flatnonzero(n)
    sums = sums.astype(np.float64)
    if not np.isfinite(sums).all() or (sums[n == 0] != 0).any():
        raise ValueError("score_sums must be finite, and 0 where there are no units")
    average = sums[index] / n[index]
    if average.min() < -1e-6 or average.max() > 1 + 1e-6:
        raise ValueError(
            f"scores must lie in [0, 1]; cell averages run from {average.min()} to {average.max()}"
        )
    return Cells(index, misses[index].astype(float), hits[index].astype(float), sums[index])


def equal_width_starts(cells: Cells, count: int, bins: int) -> NDArray[np.intp]:
    """Where each occupied bin of equal width begins among the occupied of `count` cells.

    Raises:
        ValueError: the bins are not whole cells.
    """
    if count % bins:
        raise ValueError(f"{count} cells do not make up {bins} bins of equal width")
    return run_starts(cells.index * bins // count)


def run_starts(groups: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where each run of equal group numbers begins."""
    return np.flatnonzero(np.concatenate([[True], groups[1:] != groups[:-1]]))


def equal_mass_bins(cells: Cells, bins: int) -> NDArray[np.intp]:
    """Number of the bin of each cell: bins of about equally many units, none under two."""
    n = cells.n
    groups = np.floor((np.cumsum(n) - n / 2) * (bins / n.sum())).astype(np.intp)
    starts = run_starts(groups)
    sizes = np.add.reduceat(n, starts)
    # A bin of one unit has no variance to take off: it joins its left neighbour (the first its
    # right one).
    kept = starts[sizes >= 2]
    if kept.size == 0:
        return np.zeros_like(groups)
    kept[0] = 0
    return np.searchsorted(kept, np.arange(groups.size), side="right") - 1
