"""Means of a value, and the difference of two of them, from sums by block.

States hold the number of units, the sum of the value and the sum of its squares, of shape
(blocks, 3): one block where rows are the independent units. Of weighted rows they hold the sum of
the weights, that of the weighted values and that of the squared weights.
"""

from __future__ import annotations

import numpy as np

from auditkit.checks.estimation import too_few, undefined
from auditkit.measurement import Estimate
from auditkit.statistics import estimates
from auditkit.statistics.clustered_means import clustered_gap, clustered_mean
from auditkit.statistics.rates import MIN_WEIGHT, MIN_WEIGHT_OF_RATES
from auditkit.statistics.weighting import kish_size


def mean_of_rows(states: np.ndarray) -> Estimate:
    """The mean of independent units (Student)."""
    number, total, squares = states.sum(axis=0)
    return estimates.mean(total, squares, number)


def mean_of_blocks(states: np.ndarray) -> Estimate:
    """The mean of clustered units (jackknife); see `clustered_mean`.

    Raises:
        NoEstimateError: a few blocks hold most of the units.
        ValueError: fewer than two blocks hold units.
    """
    return clustered_mean(states[:, 0], states[:, 1])


def gap_of_rows(first: np.ndarray, second: np.ndarray) -> Estimate:
    """The first mean minus the second, of independent units (MOVER)."""
    return estimates.independent_difference(mean_of_rows(first), mean_of_rows(second))


def gap_of_blocks(states: np.ndarray) -> Estimate:
    """The first mean minus the second, of states stacked on axis 1 (jackknife).

    Both at once: the rows of one cluster may be on both sides.

    Raises:
        NoEstimateError: a few blocks hold most of the units of one side.
        ValueError: a side has units in fewer than two blocks.
    """
    return clustered_gap(states[..., 0], states[..., 1])


def weighted_mean(states: np.ndarray) -> Estimate:
    """The mean of weighted rows (jackknife), with as few degrees of freedom as the weights leave.

    Raises:
        NoEstimateError: a few rows, or blocks, hold most of the weight.
    """
    worth = _worth(states)
    return _with_df(mean_of_blocks(states), worth)


def weighted_gap(states: np.ndarray) -> Estimate:
    """The first weighted mean minus the second, of states stacked on axis 1; see `weighted_mean`.

    Raises:
        NoEstimateError: a few rows, or blocks, hold most of the weight of one side.
    """
    worth = min(_worth(states[:, side]) for side in range(states.shape[1]))
    return _with_df(gap_of_blocks(states), worth)


def _worth(states: np.ndarray) -> float:
    """How many rows, or blocks, of equal weight weigh as precisely: the fewer of the two."""
    weights, squares = states[:, 0], float(states[:, 2].sum())
    total = float(weights.sum())
    if not total:
        raise undefined("These rows have no weight.")
    rows, blocks = (kish_size(total, part) for part in (squares, float((weights**2).sum())))
    for what, worth, fewest in (
        ("rows", rows, MIN_WEIGHT),
        ("blocks of rows", blocks, MIN_WEIGHT_OF_RATES),
    ):
        if worth < fewest:
            raise too_few(
                f"A few {what} hold most of the weight: they weigh as much as {worth:.1f} equal "
                f"ones, and an interval needs at least {fewest}."
            )
    return min(rows, blocks)


def _with_df(found: Estimate, worth: float) -> Estimate:
    value, se, df = (found.parameters[name] for name in ("value", "se", "df"))
    return estimates.student(value, se, min(df, worth - 1))
