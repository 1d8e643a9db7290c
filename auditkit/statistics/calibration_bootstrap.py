"""The bootstrap of calibration from its state, at a cost that does not depend on the rows.

Drawing rows anew and counting them in cells is drawing the cells from a multinomial law. Only for
independent rows; clusters have `calibration_jackknife`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.statistics.score_cells import (
    BINS,
    Cells,
    Floats,
    checked_cells,
    equal_mass_bins,
    equal_width_starts,
    run_starts,
)


@dataclass(frozen=True, eq=False)
class Redraws:
    """Cells drawn anew.

    Attributes:
        right: units that were right, float64 `[draws, cells]`.
        n: units, of the same shape.
        scores: the sum of their scores, of the same shape.
    """

    right: Floats
    n: Floats
    scores: Floats

    def summed(self, starts: NDArray[np.intp]) -> Redraws:
        """Consecutive cells added up, a new one from each start."""
        parts = (self.right, self.n, self.scores)
        return Redraws(*(np.add.reduceat(part, starts, axis=1) for part in parts))


def redraws(cells: Cells, shares: ArrayLike, *, seed: int, draws: int) -> Redraws:
    """Multinomial redraws of the units of all cells, right ones and wrong ones.

    Args:
        cells: as observed; a unit that is drawn has the mean score of its cell.
        shares: `[cells]`, the share of right units that each cell is drawn with.
        seed: of the random numbers.
        draws: how many.
    """
    chances = np.asarray(shares, dtype=np.float64)
    weights = np.concatenate([cells.n * chances, cells.n * (1 - chances)])
    units = round(float(cells.n.sum()))
    drawn = np.random.default_rng(seed).multinomial(units, weights / weights.sum(), size=draws)
    right, wrong = (part.astype(np.float64) for part in np.split(drawn, 2, axis=1))
    n = right + wrong
    return Redraws(right, n, n * (cells.scores / cells.n))


def debiased(state: Redraws) -> Floats:
    """The debiased squared error of each draw, its cells being the bins: `[draws]`."""
    size = np.maximum(state.n, 1.0)  # an empty bin of a redraw has weight zero
    share = state.right / size
    excess = share * (1 - share) / np.maximum(state.n - 1, 1.0)
    terms = state.n * ((share - state.scores / size) ** 2 - excess)
    result: Floats = terms.sum(axis=1) / state.n.sum(axis=1)
    return result


@dataclass(frozen=True, eq=False)
class CalibrationReplicates:
    """What calibration came to in each of the redraws, one number a redraw.

    Attributes:
        squared_error: the debiased squared error, with the equal-mass bins of the whole sample.
        gap: mean score minus share right.
        ece: the plain error with bins of equal width.
    """

    squared_error: Floats
    gap: Floats
    ece: Floats


def calibration_replicates(
    wrong: ArrayLike,
    right: ArrayLike,
    score_sums: ArrayLike,
    *,
    seed: int = 0,
    draws: int = 200,
    bins: int = BINS,
) -> CalibrationReplicates:
    """Replicates of the calibration numbers, as if the rows had been drawn anew.

    They spread as the numbers do; they also repeat the upward bias of the plain error, and the
    noise of the sample itself in the squared one, whose bounds `calibration.squared_error` has.

    Args:
        wrong, right, score_sums: `[cells]`, as of `calibration.squared_error`.
        seed: of the redraws.
        draws: how many replicates.
        bins: number of bins; the number of cells must be a multiple of it.

    Raises:
        ValueError: fewer than two units a bin, scores outside [0, 1], or arrays that do not match.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993).

    Example:
        >>> state = [6, 3, 1], [2, 4, 24], [1.6, 3.5, 22.5]
        >>> replicates = calibration_replicates(*state, bins=3, draws=500)
        >>> round(float(replicates.gap.std()), 3)
        0.051
    """
    cells = checked_cells(wrong, right, score_sums, fewest=2 * bins)
    drawn = redraws(cells, cells.right / cells.n, seed=seed, draws=draws)
    wide = drawn.summed(equal_width_starts(cells, len(np.asarray(wrong)), bins))
    units = cells.n.sum()
    return CalibrationReplicates(
        debiased(drawn.summed(run_starts(equal_mass_bins(cells, bins)))),
        (drawn.scores - drawn.right).sum(axis=1) / units,
        np.abs(wide.right - wide.scores).sum(axis=1) / units,
    )
