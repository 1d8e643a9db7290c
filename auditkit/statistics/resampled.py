"""Bounds from the replicates of a bootstrap."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import Any

from scipy.special import ndtri

from auditkit.statistics.critical import upper_tail
from auditkit.statistics.proportions import Bounds

Parameters = Mapping[str, Any]


def basic_bounds(parameters: Parameters, z: float) -> Bounds:
    """The basic interval; beyond what the number of replicates resolves, nothing is excluded.

    Args:
        parameters: `value`, and `replicates` in ascending order.
        z: one-sided normal critical value.

    Source: Davison and Hinkley, Bootstrap Methods and their Application (1997) 5.2.
    """
    value, replicates = parameters["value"], parameters["replicates"]
    if z == 0:
        return value, value
    rank = _rank(z, len(replicates))
    if rank < 1:
        return -math.inf, math.inf
    # A median of the replicates beyond the value would turn the interval inside out near z = 0.
    return min(2 * value - replicates[-rank], value), max(2 * value - replicates[rank - 1], value)


def bca_bounds(parameters: Parameters, z: float) -> Bounds:
    """The bias-corrected and accelerated interval: quantiles of the replicates, moved.

    Each end is infinite where its quantile lies beyond the replicates, and both are where the value
    itself does: then nothing says how far the replicates are off.

    Args:
        parameters: `value`, `replicates` in ascending order, and `acceleration`.
        z: one-sided normal critical value.

    Source: Efron, Journal of the American Statistical Association 82 (1987) 171–185.
    """
    value, replicates = parameters["value"], parameters["replicates"]
    if z == 0:
        return value, value
    bias, acceleration = median_bias(value, replicates), parameters["acceleration"]
    if math.isinf(bias):
        return -math.inf, math.inf
    below = _rank(-_moved(bias, bias - z, acceleration), len(replicates))
    above = _rank(_moved(bias, bias + z, acceleration), len(replicates))
    low = replicates[below - 1] if below else -math.inf
    high = replicates[-above] if above else math.inf
    return min(low, value), max(high, value)


def median_bias(value: float, replicates: list[float]) -> float:
    """z₀: the normal deviate of the share of replicates below the value, ties counted half.

    Infinite where all replicates lie on one side.

    Example:
        >>> median_bias(2.0, [1.0, 2.0, 3.0])
        0.0
    """
    below = (bisect_left(replicates, value) + bisect_right(replicates, value)) / 2
    return float(ndtri(below / len(replicates)))


def _moved(bias: float, deviate: float, acceleration: float) -> float:
    """Which quantile of the replicates, as a deviate, stands for this one."""
    stretched = 1 - acceleration * deviate
    # Beyond its pole the formula turns back; there it excludes nothing.
    return math.copysign(math.inf, deviate) if stretched <= 0 else bias + deviate / stretched


def _rank(deviate: float, count: int) -> int:
    """Which replicate from the end leaves the tail beyond `deviate`; 0 if none does."""
    # The small term undoes rounding of a tail that is meant to be k / (R + 1).
    return min(math.floor(upper_tail(deviate) * (count + 1) + 1e-9), count)


def narrowed(parameters: Parameters, factor: float, spread: str = "replicates") -> dict[str, Any]:
    """The parameters that the same value would have on `factor` times the units.

    `spread` names the list that draws nearer to the value.
    """
    value, root = parameters["value"], math.sqrt(factor)
    result = {**parameters}
    result[spread] = [value + (one - value) / root for one in parameters[spread]]
    if "acceleration" in result:
        result["acceleration"] = parameters["acceleration"] / root
    return result
