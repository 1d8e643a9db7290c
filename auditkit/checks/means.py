"""Means of a value, and the difference of two of them, from sums by block.

States hold the number of units, the sum of the value and the sum of its squares, of shape
(blocks, 3): one block where rows are the independent units.
"""

from __future__ import annotations

import numpy as np

from auditkit.checks.estimation import by_blocks
from auditkit.measurement import Estimate
from auditkit.statistics import estimates


def mean_of_rows(states: np.ndarray) -> Estimate:
    """The mean of independent units (Student)."""
    number, total, squares = states.sum(axis=0)
    return estimates.mean(total, squares, number)


def mean_of_blocks(states: np.ndarray) -> Estimate:
    """The mean of clustered or weighted units (jackknife); a third sum may be absent."""
    return by_blocks(_average, states)


def gap_of_rows(first: np.ndarray, second: np.ndarray) -> Estimate:
    """The first mean minus the second, of independent units (MOVER)."""
    return estimates.independent_difference(mean_of_rows(first), mean_of_rows(second))


def gap_of_blocks(states: np.ndarray) -> Estimate:
    """The first mean minus the second, of states stacked on axis 1 (jackknife).

    Both at once: the rows of one cluster may be on both sides.
    """
    return by_blocks(_gap, states)


def _average(sums: np.ndarray) -> float:
    return float(sums[1] / sums[0]) if sums[0] else np.nan


def _gap(sums: np.ndarray) -> float:
    return _average(sums[0]) - _average(sums[1])
