"""One measurement against one region: what its interval shows, and how much speaks against it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from auditkit.measurement import Interval, Measurement, Status
from auditkit.statistics.estimates import bounds, p_at_least, p_at_most

Region = tuple[float, float]
EXACT = "exact"
FEWEST_CLUSTERS = 10


class Position(StrEnum):
    """Where the interval lies."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    ACROSS = "across"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """What a measurement says about a region, before the other comparisons are considered.

    Attributes:
        position: where the interval at the level judged lies.
        interval: that interval; None if the number is exact or has none.
        p_value: of "the parameter lies inside the region"; None for exact numbers, which are no
            test, and where there is no estimate.
        exact: True for a deterministic number.
        problem: why there is no interval; "" if there is one, or needs none.
    """

    position: Position
    interval: Interval | None = None
    p_value: float | None = None
    exact: bool = False
    problem: str = ""


def compare(measurement: Measurement, region: Region, alpha: float) -> Finding:
    """Compare a measured (or scantily measured) number with a region.

    Args:
        measurement: its status is `measured` or `too_few`.
        region: closed, (low, high).
        alpha: one-sided error of each end of the interval.
    """
    estimate = measurement.estimate
    if estimate is None:
        why = measurement.reason or "It was measured without a statement of its uncertainty."
        return Finding(Position.UNKNOWN, problem=why)
    if _too_few_clusters(measurement):
        why = measurement.reason or f"Only {measurement.units} clusters stand behind it."
        return Finding(Position.UNKNOWN, problem=why)
    try:
        low, high = bounds(estimate, alpha)
        if estimate.method == EXACT:
            return Finding(_position(low, high, region), exact=True)
        p_value = p_inside(measurement, region)
    except (ValueError, KeyError, TypeError) as error:
        # A record is a file: its numbers may have been written by anything.
        return Finding(Position.UNKNOWN, problem=f"Its estimate cannot be read: {error}.")
    if math.isnan(low) or math.isnan(high):
        return Finding(Position.UNKNOWN, problem="Its interval is undefined.")
    interval = Interval(low, high, 1 - 2 * alpha, estimate.method)
    return Finding(_position(low, high, region), interval, p_value)


def _too_few_clusters(measurement: Measurement) -> bool:
    """Under ten clusters nothing is judged, not even a failure: the interval is not to be had.

    Rows beyond the units say that clusters were declared. Few *rows* still may show a failure.
    """
    few = measurement.units < FEWEST_CLUSTERS < measurement.rows
    return measurement.status is Status.TOO_FEW and few


def _position(low: float, high: float, region: Region) -> Position:
    if region[0] <= low and high <= region[1]:
        return Position.INSIDE
    if high < region[0] or low > region[1]:
        return Position.OUTSIDE
    return Position.ACROSS


def p_inside(measurement: Measurement, region: Region) -> float:
    """p-value of "the parameter lies inside the region" (small: it lies outside).

    For a bounded region [a, b] the hypothesis says *both* "at least a" and "at most b", so each of
    the two one-sided p-values is valid for it. The smaller of the two is not: where the region is
    narrow against the interval, either may come out small by chance, and the error doubles (with
    a = b it is exactly 2α). Twice the smaller is valid whatever the two have to do with each other
    (Bonferroni): P(2 min(p, q) ≤ α) ≤ P(p ≤ α/2) + P(q ≤ α/2) ≤ α.

    >>> from auditkit.measurement import Estimate, MeasurementKey
    >>> key, estimate = MeasurementKey("a.b"), Estimate("normal", {"value": 0.0, "se": 1.0})
    >>> it = Measurement(key, Status.MEASURED, 0.0, estimate=estimate)
    >>> round(p_inside(it, (1.6448536, math.inf)), 4), round(p_inside(it, (1.6448536, 9)), 4)
    (0.05, 0.1)
    """
    estimate = measurement.estimate
    if estimate is None:
        raise ValueError(f"{measurement.key} has no estimate, so no p-value")
    low, high = region
    sides = []
    if low > -math.inf:
        sides.append(p_at_least(estimate, low))
    if high < math.inf:
        sides.append(p_at_most(estimate, high))
    return min(1.0, len(sides) * min(sides))
