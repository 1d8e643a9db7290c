"""How much of what the best order of answers would gain a score gains: prediction rejection.

The risk–coverage curve of an order that says nothing lies at the error of all units, that of the
best order as low as can be; a score's lies between. Where few errors, and confident ones, carry the
area, the lower bound is too high: missed in up to 10 % of simulations at a nominal 5 %.
"""

from __future__ import annotations

import math

import numpy as np

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import estimate, exact, independent_difference
from auditkit.statistics.selective import (
    Counts,
    Floats,
    RiskCoverage,
    error_of,
    refuse_unanimous,
)

__all__ = ["prediction_rejection", "shortfall", "shortfall_influence"]


def prediction_rejection(curve: RiskCoverage, blocks: Counts | None = None) -> Estimate:
    """The prediction rejection ratio (PRR): (error − area) / (error − best area).

    1 is the best order, 0 says nothing, below 0 is worse than that. The error is that of the
    influence of each unit, as of `aurc`; the bounds lie on the scale of the logarithm of what lacks
    to 1, and where nothing lacks there are none.

    Args:
        curve: of at least one wrong and one right unit.
        blocks: of each unit, by a hash of its cluster; None where units are independent.

    Raises:
        ValueError: all units are right, or all wrong; or fewer than two blocks hold units.

    Source: Malinin, Mlodozeniec and Gales, Ensemble Distribution Distillation, ICLR 2020; here with
    the risk among the units answered, as in Vashurin et al., arXiv 2406.15627 (2024).

    Example:
        >>> from auditkit.statistics import estimates
        >>> from auditkit.statistics.selective import risk_coverage
        >>> curve = risk_coverage([4, 3, 2, 1], [False, True, False, True])
        >>> round(estimates.value(prediction_rejection(curve)), 3)
        0.571
    """
    refuse_unanimous(curve)
    error, df = error_of(curve, shortfall_influence(curve), blocks)
    lacks = shortfall(curve)
    if lacks <= 0:
        return estimate("student", value=1.0, se=0.0, df=df)
    return independent_difference(
        exact(1.0), estimate("log_student", value=lacks, se_log=error / lacks, df=df)
    )


def shortfall(curve: RiskCoverage) -> float:
    """What lacks to the best order, as a share of what one that says nothing lacks."""
    return curve.excess / (curve.error - curve.best)


def shortfall_influence(curve: RiskCoverage) -> Floats:
    """What each unit adds to it, float64 of shape (n,): sums to zero."""
    # The error less the best area tends to −(1 − e) ln(1 − e), whose slope is 1 + ln(1 − e).
    slope = 1 + math.log1p(-curve.error)
    widened = shortfall(curve) * slope * (curve.errs - curve.error)
    return np.asarray((curve.excess_influence - widened) / (curve.error - curve.best))
