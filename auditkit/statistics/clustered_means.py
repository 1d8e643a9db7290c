"""Means of clustered units, and the difference of two, from sums by block.

Blocks of whole clusters may hold very different numbers of units. Their mean then rests on the
large ones, and leaving out one block at a time tells its error with as few degrees of freedom as
blocks of equal size that weigh as much, less one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.absence import too_few
from auditkit.statistics.estimates import student
from auditkit.statistics.jackknife import delete_one_block
from auditkit.statistics.rates import MIN_WEIGHT_OF_RATES
from auditkit.statistics.weighting import kish_size_of

Floats = NDArray[np.float64]


def clustered_mean(units: ArrayLike, totals: ArrayLike) -> Estimate:
    """The mean over units of a value that is summed by block (jackknife).

    Args:
        units: `[blocks]`, number or weight of the units of each block.
        totals: `[blocks]`, the sum of their values.

    Returns:
        `student`, with at most one degree of freedom fewer than Kish's number of blocks.

    Raises:
        NoEstimateError: a few blocks hold most of the units.
        ValueError: fewer than two blocks with units, or sums that are not finite.

    Source: as of `delete_one_block`; Kish, Survey Sampling (1965).

    Example:
        >>> even = clustered_mean([10, 10, 10, 10], [8.0, 9.0, 7.0, 8.0])
        >>> even.parameters["value"], even.parameters["df"]
        (0.8, 3)
        >>> round(clustered_mean([30, 30, 1, 1], [24.0, 27.0, 0.7, 0.8]).parameters["df"], 2)
        1.13
    """
    n, sums = _rows(units, totals)
    found = delete_one_block(np.stack([n, sums], axis=1), _average)
    return _with_df(found, _worth(n))


def clustered_gap(units: ArrayLike, totals: ArrayLike) -> Estimate:
    """The first mean minus the second, of units in the same blocks (jackknife).

    Both at once: the units of one cluster may be on both sides.

    Args:
        units: `[blocks, 2]`, number or weight of the units of each side.
        totals: `[blocks, 2]`, the sum of their values.

    Returns:
        `student`, with at most one degree of freedom fewer than Kish's number of blocks on the
        side that has fewer.

    Raises:
        NoEstimateError: a few blocks hold most of the units of one side.
        ValueError: no units on a side, or as of `clustered_mean`.

    Example:
        >>> units, totals = [[10, 5], [10, 5], [10, 5]], [[8.0, 3.0], [9.0, 3.5], [7.0, 1.5]]
        >>> round(clustered_gap(units, totals).parameters["value"], 9)
        0.266666667
    """
    n, sums = _rows(units, totals)
    found = delete_one_block(np.stack([n, sums], axis=-1), _difference)
    return _with_df(found, min(_worth(side) for side in n.T))


def _rows(units: ArrayLike, totals: ArrayLike) -> tuple[Floats, Floats]:
    n, sums = np.asarray(units, dtype=np.float64), np.asarray(totals, dtype=np.float64)
    if n.shape != sums.shape:
        raise ValueError(f"expected sums of one shape, found {n.shape} and {sums.shape}")
    return n, sums


def _average(total: Floats) -> float:
    return float(total[1] / total[0]) if total[0] else np.nan


def _difference(total: Floats) -> float:
    return _average(total[0]) - _average(total[1])


def _worth(units: Floats) -> float:
    """How many blocks of equal size weigh as precisely."""
    worth = kish_size_of(units)
    if worth < MIN_WEIGHT_OF_RATES:
        raise too_few(
            f"A few clusters hold most of the units: they weigh as much as {worth:.1f} equal "
            f"parts, and an interval needs at least {MIN_WEIGHT_OF_RATES}."
        )
    return worth


def _with_df(found: Estimate, worth: float) -> Estimate:
    value, se, df = (found.parameters[name] for name in ("value", "se", "df"))
    # Equal blocks weigh as much as they are, but for rounding.
    known = df if worth - 1 > df * (1 - 1e-9) else worth - 1
    return student(value, se, known)
