"""How wide an interval is, and how many units would make it narrower."""

from __future__ import annotations

import math

from auditkit.measurement import Estimate
from auditkit.statistics.checking import checked
from auditkit.statistics.estimates import bounds
from auditkit.statistics.roots import bracketed_root

_FURTHEST = 20.0
"""Twice as many units as often as this are more than there ever are."""


def half_width(estimate: Estimate, alpha: float = 0.05) -> float:
    """Half the distance between the bounds at `alpha`; infinite where there is none.

    Raises:
        ValueError: as `auditkit.statistics.estimates.bounds`.

    Example:
        >>> from auditkit.statistics.estimates import proportion
        >>> round(half_width(proportion(80, 100)), 3)
        0.065
    """
    low, high = bounds(estimate, alpha)
    return (high - low) / 2


def units_for_half_width(
    estimate: Estimate, wanted: float, units: int, alpha: float = 0.05
) -> int | None:
    """About how many units in all would make an interval so narrow, if its value stayed.

    Args:
        estimate: with its parameters of now.
        wanted: half the width that the interval shall have.
        units: how many are behind the estimate.
        alpha: one-sided level of the bounds.

    Returns:
        The number, rounded up; fewer than `units` where the interval is narrower already. None
        where no number would do: nothing bounds the value, or it has no interval.

    Raises:
        ValueError: a width that is not positive.

    Example:
        >>> from auditkit.statistics.estimates import proportion
        >>> units_for_half_width(proportion(80, 100), 0.033, units=100)
        397
    """
    if not wanted > 0:
        raise ValueError(f"the half-width must be positive, found {wanted}")
    method = checked(estimate.method, estimate.parameters)

    def beyond(doublings: float) -> float:
        scaled = Estimate(estimate.method, method.scaled(estimate.parameters, 2.0**doublings))
        return half_width(scaled, alpha) - wanted

    here = beyond(0.0)
    if not math.isfinite(here) or here == -wanted:
        return None
    end = _FURTHEST if here > 0 else -_FURTHEST
    if (beyond(end) > 0) == (here > 0):
        return None
    return math.ceil(units * 2 ** bracketed_root(beyond, 0.0, end, tolerance=1e-4))
