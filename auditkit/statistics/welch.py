"""The difference of the means of two samples of independent units, whose variances may differ."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import student

Floats = NDArray[np.float64]


def welch_difference(first: ArrayLike, second: ArrayLike) -> Estimate:
    """The mean of the first sample minus that of the second.

    Unlike `independent_difference` of two means it has an interval where the units of one side all
    agree: what varies on the other side says how far off the difference may be. Where both sides
    agree nothing does, and its bounds are infinite.

    Args:
        first, second: one number of each unit, at least two of each.

    Raises:
        ValueError: fewer than two units on a side, or a number that is not finite.

    Source: Welch, Biometrika 34 (1947) 28–35; degrees of freedom by Satterthwaite 1946.

    Example:
        >>> found = welch_difference([3.0, 5.0, 4.0], [1.0, 1.0])
        >>> round(found.parameters["value"], 9), found.parameters["df"]
        (3.0, 2.0)
    """
    one, other = _sample(first), _sample(second)
    parts = [float(side.var(ddof=1)) / len(side) for side in (one, other)]
    variance = sum(parts)
    freedom = sum(part**2 / (len(side) - 1) for part, side in zip(parts, (one, other), strict=True))
    df = variance**2 / freedom if freedom else len(one) + len(other) - 2
    return student(float(one.mean() - other.mean()), math.sqrt(variance), df)


def _sample(values: ArrayLike) -> Floats:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or len(sample) < 2 or not np.isfinite(sample).all():
        raise ValueError("a difference of means needs at least two finite numbers on each side")
    # Rounding of a mean must not pass for variation of units that agree.
    return np.full_like(sample, sample[0]) if np.ptp(sample) == 0 else sample
