"""Bounds of an area under the ROC curve, from its value and DeLong's standard error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from auditkit.statistics.proportions import Bounds
from auditkit.statistics.roots import bracketed_root

_FEW = 10.0
"""Units out of order up to which DeLong's error alone is not trusted."""


def auc_bounds(parameters: Mapping[str, Any], z: float) -> Bounds:
    """Bounds on the logit scale, widened by what binning the scores may have moved the value.

    Args:
        parameters: `value`, `se`, `slack`; and `positives` and `negatives`, from which an area
            whose own standard error is zero has its bounds.
        z: one-sided normal critical value.

    Source: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837–845, for the error.

    Example:
        >>> low, high = auc_bounds({"value": 0.8, "se": 0.02, "slack": 0.0}, 1.6448536)
        >>> round(low, 3), round(high, 3)
        (0.765, 0.831)
    """
    value, error, slack = parameters["value"], parameters["se"], parameters["slack"]
    if z == 0:
        low = high = value
    elif 0 < value < 1 and error > 0:
        low, high = _logit_bounds(value, z * error)
    elif "positives" in parameters and "negatives" in parameters:
        low, high = _newcombe_auc(value, parameters["positives"], parameters["negatives"], z)
    else:
        low, high = 0.0, 1.0
    return max(low - slack, 0.0), min(high + slack, 1.0)


def outer_auc_bounds(parameters: Mapping[str, Any], critical: float) -> Bounds:
    """The outer ones of DeLong's bounds on the logit scale and of Newcombe's.

    The fewer units are out of order, the less DeLong's error knows of its own size; Newcombe's
    variance follows from the area itself, but only for scores of like spread on both sides. So what
    his bounds add counts in full where at most ten units of the side that has fewer are out of
    order, and the less the more there are.

    Args:
        parameters: `value`, `se`, `positives` and `negatives`.
        critical: one-sided critical value.

    Source: Newcombe, Statistics in Medicine 25 (2006) 559–573, method 5.

    Example:
        >>> few = {"value": 0.98, "se": 0.005, "positives": 1000, "negatives": 5}
        >>> many = {"value": 0.8, "se": 0.005, "positives": 9000, "negatives": 9000}
        >>> [round(outer_auc_bounds(one, 1.6448536)[0], 3) for one in (few, many)]
        [0.827, 0.792]
    """
    value, error = parameters["value"], parameters["se"]
    if critical == 0:
        return value, value
    positives, negatives = parameters["positives"], parameters["negatives"]
    newcombe = _newcombe_auc(value, positives, negatives, critical)
    if not (0 < value < 1 and error > 0):
        return newcombe
    delong = _logit_bounds(value, critical * error)
    wrong = min(positives, negatives) * min(value, 1 - value)
    share = min(_FEW / wrong, 1.0)
    low = delong[0] + share * (min(newcombe[0], delong[0]) - delong[0])
    high = delong[1] + share * (max(newcombe[1], delong[1]) - delong[1])
    return low, high


def _logit_bounds(value: float, distance: float) -> Bounds:
    logit, width = math.log(value / (1 - value)), distance / (value * (1 - value))
    return 1 / (1 + _exp(width - logit)), 1 / (1 + _exp(-width - logit))


def _exp(x: float) -> float:
    return math.inf if x > 709 else math.exp(x)


def _newcombe_auc(value: float, positives: float, negatives: float, z: float) -> Bounds:
    """Bounds of an AUC whose own standard error is zero (perfect separation, constant scores).

    All areas with |value − A| ≤ z √Var(A), the variance being Hanley and McNeil's with both
    numbers of units replaced by their mean.

    Source: Newcombe, Statistics in Medicine 25 (2006) 559–573, method 5.
    """
    others = max((positives + negatives) / 2 - 1, 0.0)

    def low(point: float) -> float:
        def excess(error: float) -> float:  # of an area of 1 − error, over its error where exact
            shape = 1 + others * (error / (1 + error) + (1 - error) / (2 - error))
            variance = (1 - error) * shape / (positives * negatives)
            if point == 1:
                return error - z * z * variance
            return (point - 1 + error) ** 2 - z * z * variance * error

        return 1 - bracketed_root(excess, 1 - point, 1.0) if point > 0 else 0.0

    # The variance is the same at A and 1 − A, so that one end serves for both.
    return low(value), 1 - low(1 - value)
