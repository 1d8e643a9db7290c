"""Bounds of a quantile from order statistics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import betainc

from auditkit.statistics.critical import upper_tail
from auditkit.statistics.proportions import Bounds


def quantile_bounds(parameters: Mapping[str, Any], z: float) -> Bounds:
    """The order statistics that a quantile lies above and below; infinite where none does so.

    The k-th smallest of n lies above the quantile with the probability that fewer than k of n lie
    below it, which is binomial whatever the law of the values.

    Args:
        parameters: `value`; `values`, the order statistics that are kept, `before` of which there
            are others, of `count` in all; `n`, the number of independent values that they are
            worth; `share`.
        z: one-sided normal critical value.

    Source: David and Nagaraja, Order Statistics (2003) 7.1.
    """
    value = parameters["value"]
    if z == 0:
        return value, value
    values, n, share = parameters["values"], parameters["n"], parameters["share"]
    places = (parameters["before"] + np.arange(len(values))) / max(parameters["count"] - 1, 1)
    # The smallest of the series stands for the smallest of n, and the largest for the largest.
    rank = 1 + np.minimum(places, 1.0) * max(n - 1, 0.0)
    n = max(n, 1.0)
    alpha = upper_tail(z)
    # P(fewer than k below the quantile) and P(at least k), by the incomplete beta function.
    above = betainc(n - rank + 1, rank, 1 - share)
    below = betainc(rank, n - rank + 1, share)
    lowest, highest = np.flatnonzero(above <= alpha), np.flatnonzero(below <= alpha)
    low = values[lowest[-1]] if lowest.size else -math.inf
    high = values[highest[0]] if highest.size else math.inf
    return min(low, value), max(high, value)
