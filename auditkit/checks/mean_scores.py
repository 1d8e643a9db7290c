"""Means of a value per unit, and what is made of them: losses, errors, R²."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from auditkit.checks.estimation import by_blocks, too_few, undefined
from auditkit.checks.reading import Reading, Sums
from auditkit.evidence.needs import BLOCK, SumNeed
from auditkit.evidence.subject import View
from auditkit.measurement import Estimate
from auditkit.statistics import estimates


def mean_needs(value: str) -> Callable[[View], tuple[SumNeed, ...]]:
    """What the mean of a value needs."""
    return lambda view: (SumNeed(view.key, value),)


def mean_of(value: str) -> Callable[[View, Reading], Estimate]:
    """The estimator of the mean of a value over units (Student; with clusters the jackknife)."""
    return lambda view, reading: _mean(sums_of(view, reading, value), clustered=reading.clustered)


def sums_of(view: View, reading: Reading, value: str) -> Sums:
    """Numbers, sums and sums of squares of a value by block.

    Raises:
        NoEstimateError: fewer than two units have it.
    """
    sums = reading.sums(SumNeed(view.key, value))
    if sums[0].sum() < 2:
        raise too_few("A mean with an interval needs at least two units.")
    return sums


def _mean(sums: Sums, *, clustered: bool) -> Estimate:
    numbers, totals, squares = sums
    if clustered:
        return by_blocks(lambda s: float(s[1] / s[0]), np.stack([numbers, totals], axis=1))
    return estimates.mean(totals.sum(), squares.sum(), numbers.sum())


def rmse(view: View, reading: Reading) -> Estimate:
    """Square root of the mean squared error, and of the interval of that mean."""
    sums = sums_of(view, reading, "squared_error")
    numbers, totals, squares = (part.sum() for part in sums)
    if not reading.clustered:
        return estimates.root_mean(totals, squares, numbers)
    mean = _mean(sums, clustered=True).parameters
    return estimates.estimate("root_student", mean=mean["value"], se=mean["se"], df=mean["df"])


def r2_needs(view: View) -> tuple[SumNeed, SumNeed]:
    """What R² needs: a ratio of sums has its error from blocks, of rows where no cluster is."""
    return (
        SumNeed(view.key, "squared_error", (BLOCK,)),
        SumNeed(view.key, "target_value", (BLOCK,)),
    )


def r2(view: View, reading: Reading) -> Estimate:
    """1 − the squared errors over the squared deviations of the target (jackknife)."""
    blocks = r2_blocks(view, reading)
    if _deviations(blocks.sum(axis=0)) <= 0:
        raise undefined("The target does not vary.")
    return by_blocks(r2_of_totals, blocks)


def r2_blocks(view: View, reading: Reading) -> np.ndarray:
    """Squared errors, then number, sum and sum of squares of the target, of shape (blocks, 4)."""
    error, target = r2_needs(view)
    _, errors, _ = reading.sums(error)
    return np.stack([errors, *reading.sums(target)], axis=1)


def r2_of_totals(totals: np.ndarray) -> float:
    """R² of what `r2_blocks` sums up; NaN where the target does not vary."""
    spread = _deviations(totals)
    return float(1 - totals[0] / spread) if spread else np.nan


def _deviations(totals: np.ndarray) -> float:
    """Sum of squared deviations of the target from its mean; 0 if they are but rounding."""
    _, n, total, squares = totals
    spread = float(squares - total**2 / n) if n else 0.0
    return spread if spread > 1e-13 * squares else 0.0
