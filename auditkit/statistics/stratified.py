"""Two groups compared among alike units: rates pooled over strata (Mantel and Haenszel)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import estimate, normal

Floats = NDArray[np.float64]


def pooled_ratio(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> Estimate:
    """The ratio of two rates that is common to all strata, weighted after Mantel and Haenszel.

    Strata in which one of the two groups has no units say nothing and have no weight.

    Args:
        x1, n1: successes and units of the group, `[strata]`.
        x2, n2: those of the reference.

    Returns:
        `log_student` with as many degrees of freedom as units in strata that count, less two.

    Raises:
        ValueError: no stratum holds both, or one of the two has no success in them.

    Source: Greenland and Robins, Biometrics 41 (1985) 55–68 (variance for both sparse and large
    strata).

    Example:
        >>> ratio = pooled_ratio([10, 4], [50, 40], [20, 12], [50, 60])
        >>> round(ratio.parameters["value"], 4), round(ratio.parameters["se_log"], 4)
        (0.5, 0.2844)
    """
    first, units1, second, units2 = _both_present(x1, n1, x2, n2)
    total = units1 + units2
    above, below = (first * units2 / total).sum(), (second * units1 / total).sum()
    if above == 0 or below == 0:
        raise ValueError("a pooled ratio needs successes of both groups in strata that hold both")
    spread = (units1 * units2 * (first + second) - first * second * total) / total**2
    se = math.sqrt(spread.sum() / (above * below))
    return estimate("log_student", value=above / below, se_log=se, df=max(total.sum() - 2, 1.0))


def pooled_difference(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> Estimate:
    """The difference of two rates that is common to all strata, weighted after Mantel and Haenszel.

    Arguments and errors as of `pooled_ratio`, save that successes are not needed.

    Source: Sato, Biometrics 45 (1989) 1323–1324 (variance for both sparse and large strata).

    Example:
        >>> gap = pooled_difference([10, 4], [50, 40], [20, 12], [50, 60])
        >>> round(gap.parameters["value"], 4), round(gap.parameters["se"], 4)
        (-0.151, 0.057)
    """
    first, units1, second, units2 = _both_present(x1, n1, x2, n2)
    total = units1 + units2
    weight = (units1 * units2 / total).sum()
    value = float(((first * units2 - second * units1) / total).sum() / weight)
    p = (
        units1**2 * second - units2**2 * first + units1 * units2 * (units2 - units1) / 2
    ) / total**2
    q = (first * (units2 - second) + second * (units1 - first)) / (2 * total)
    variance = float((value * p.sum() + q.sum()) / weight**2)
    return normal(value, math.sqrt(max(variance, 0.0)))


def ratio_of(state: NDArray[np.float64]) -> float:
    """The pooled ratio of `[strata, (x1, n1, x2, n2)]`, for resampling; NaN if undefined."""
    first, units1, second, units2 = (state[:, place] for place in range(4))
    total = np.maximum(units1 + units2, 1e-300)
    above, below = (first * units2 / total).sum(), (second * units1 / total).sum()
    return float(above / below) if below else math.nan


def difference_of(state: NDArray[np.float64]) -> float:
    """The pooled difference of a state as of `ratio_of`; NaN if undefined."""
    first, units1, second, units2 = (state[:, place] for place in range(4))
    total = np.maximum(units1 + units2, 1e-300)
    weight = (units1 * units2 / total).sum()
    return (
        float(((first * units2 - second * units1) / total).sum() / weight) if weight else math.nan
    )


def _both_present(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    first, units1, second, units2 = (
        np.asarray(part, np.float64).ravel() for part in (x1, n1, x2, n2)
    )
    if not first.shape == units1.shape == second.shape == units2.shape:
        raise ValueError("expected four rows of one length, one number for each stratum")
    if not ((first >= 0) & (first <= units1) & (second >= 0) & (second <= units2)).all():
        raise ValueError("successes must lie between 0 and n in every stratum")
    both = (units1 > 0) & (units2 > 0)
    if not both.any():
        raise ValueError("no stratum holds units of both groups")
    return first[both], units1[both], second[both], units2[both]
