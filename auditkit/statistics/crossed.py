"""Means over units and over repeated draws, both of which chance has chosen.

A learner is taught several times, on other draws, and every time asked about the same units. How
far its mean score would be off with other units and other draws is told by the spread between the
units' means and by that between the draws' means together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import student
from auditkit.statistics.jackknife import delete_one_block


@dataclass(frozen=True)
class CrossedMean:
    """The mean of numbers that are crossed: each draw has one for each unit.

    Attributes:
        value: the mean.
        of_units: squared standard error from the choice of the units.
        unit_df: its degrees of freedom.
        of_draws: squared standard error from the choice of the draws.
        draws: how many.
    """

    value: float
    of_units: float
    unit_df: float
    of_draws: float
    draws: int

    @property
    def share_of_draws(self) -> float:
        """The share of the squared error that more units would not lessen; 0 without any error."""
        whole = self.of_units + self.of_draws
        return self.of_draws / whole if whole else 0.0

    @property
    def estimate(self) -> Estimate:
        """The mean with both errors (Student, the degrees of freedom by Satterthwaite).

        What chance makes of a single unit in a single draw is counted on both sides, so that the
        interval is too wide rather than too narrow where this is most of it.

        Source: Satterthwaite, Biometrics Bulletin 2 (1946) 110–114.
        """
        error, draw_df = self.of_units + self.of_draws, self.draws - 1
        if not error:
            return student(self.value, 0.0, draw_df)
        share = self.share_of_draws
        df = 1 / ((1 - share) ** 2 / self.unit_df + share**2 / draw_df)
        return student(self.value, math.sqrt(error), df)


def crossed_mean(
    numbers: ArrayLike, blocks: ArrayLike | None = None, *, of_hits: bool = False
) -> CrossedMean:
    """The mean over draws and units, with the errors of both.

    Args:
        numbers: shape (draws, n), for example by how much each unit gained in each draw.
        blocks: in which block of whole clusters each unit lies, int64 of shape (n,); None where
            units are independent.
        of_hits: whether the numbers are differences of hits (−1, 0 or 1). Few such units change, or
            none, and their spread says too little: the error of independent units is then that of
            two units more, one of which gains and one of which loses.

    Raises:
        ValueError: fewer than two draws, units or blocks with units.

    Source: for hits, Bonett and Price, British Journal of Mathematical and Statistical Psychology
    65 (2012) 479–488.

    Example:
        >>> found = crossed_mean([[0.0, 0.2, 0.4], [0.2, 0.2, 0.8]])
        >>> round(found.value, 3), round(found.estimate.parameters["df"], 2)
        (0.3, 2.99)
    """
    given = np.asarray(numbers, dtype=np.float64)
    if given.ndim != 2 or min(given.shape) < 2 or not np.isfinite(given).all():
        raise ValueError(
            f"expected finite numbers of two draws and two units at least, found {given.shape}"
        )
    by_unit, by_draw = given.mean(axis=0), given.mean(axis=1)
    error, df = _unit_error(by_unit, of_hits) if blocks is None else _block_error(by_unit, blocks)
    spread = float(by_draw.var(ddof=1)) / len(by_draw)
    return CrossedMean(float(by_draw.mean()), error, df, _no_noise(spread, given), len(by_draw))


def _unit_error(by_unit: NDArray[np.float64], of_hits: bool) -> tuple[float, float]:
    units = len(by_unit)
    squares = float(((by_unit - by_unit.mean()) ** 2).sum())
    if of_hits:
        return (squares + 2) / (units + 2) ** 2, units - 1
    return _no_noise(squares / (units - 1) / units, by_unit), units - 1


def _block_error(by_unit: NDArray[np.float64], blocks: ArrayLike) -> tuple[float, float]:
    places = np.asarray(blocks, dtype=np.int64)
    states = np.stack([np.bincount(places, weights=by_unit), np.bincount(places)], axis=1)
    found = delete_one_block(states, lambda total: total[0] / total[1]).parameters
    return found["se"] ** 2, found["df"]


def _no_noise(error: float, numbers: NDArray[np.float64]) -> float:
    """What rounding leaves of numbers without any spread is no error."""
    return 0.0 if error <= (1e-13 * float(np.abs(numbers).max())) ** 2 else error
