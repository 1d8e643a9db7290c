"""Means of values in a range: values that all agree are no proof that the next one will.

Where errors are rare, a sample often holds none. Its values are then almost equal, and Student's
interval of their mean is almost a point. As a rate of 0 of n has an upper bound, so has such a
mean: its interval is that of the units with a few more at the ends of the range.
"""

from __future__ import annotations

import math

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import student

PSEUDO_UNITS = 4
"""At each end. A share of rare errors just above a margin of .02 to .10 then passes for less in at
most 7 % of samples, whatever their size; with 3 in 8 %, with a half in 21 % (bounds at 5 %)."""


def bounded_mean(found: Estimate, units: float, low: float, high: float) -> Estimate:
    """The mean of values in [low, high], its error widened by `PSEUDO_UNITS` units at each end.

    They widen the spread about the mean, and do not move it: of n independent units the variance
    grows by 4 ((high − mean)² + (mean − low)²) / (n (n − 1)), which is soon little beside it unless
    nearly all units agree.

    Args:
        found: the mean, `student`.
        units: number of independent units behind it, at least 2; of clusters Kish's number.
        low, high: the ends of the range.

    Returns:
        `student`, with the same value and degrees of freedom.

    Raises:
        ValueError: fewer than two units.

    Source: after Agresti and Coull, The American Statistician 52 (1998) 119–126, who add units to a
    proportion.

    Example:
        >>> from auditkit.statistics.estimates import mean
        >>> alike = mean(total=0.0, total_of_squares=0.0, n=100)
        >>> widened = bounded_mean(alike, 100, 0, 1)
        >>> widened.parameters["value"], round(widened.parameters["se"], 4)
        (0.0, 0.0201)
    """
    if not units >= 2:
        raise ValueError(f"a mean with an interval needs at least two units, found {units:.1f}")
    value, se, df = (found.parameters[name] for name in ("value", "se", "df"))
    spread = PSEUDO_UNITS * ((high - value) ** 2 + (value - low) ** 2)
    return student(value, math.sqrt(se**2 + spread / (units * (units - 1))), df)
