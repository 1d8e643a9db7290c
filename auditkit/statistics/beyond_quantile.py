"""The share of one sample beyond an extreme quantile of another, both of them estimated."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.absence import too_few
from auditkit.statistics.estimates import estimate

Floats = NDArray[np.float64]

_DEPTH = 8
"""How many times the tail's expected size is kept of the largest values: bounds rest on these."""


def beyond_quantile(known: Floats, others: Floats, tail: float) -> Estimate:
    """The share of others above the value that a share `tail` of the known exceeds.

    As a membership attack: whoever has a larger loss than nearly all members is none. With a tail
    of .001 of the members it is the rate of true negatives at a rate of .1 % of false negatives.

    The quantile is itself estimated, from few values in the tail. How many of n known values exceed
    the true quantile is binomial, so that it lies between two of their order statistics with known
    probability, whatever their law; and the share of the others above each of these has the exact
    interval of Clopper and Pearson. Each of both steps has half of the error (Bonferroni), so that
    a bound errs at most as often as it says.

    Args:
        known: `[n]`, finite.
        others: `[m]`, finite, independent of them.
        tail: in (0, 1).

    Raises:
        NoEstimateError: fewer than one known value is expected in the tail.
        ValueError: no others, or a value that is not finite.

    Source: order statistics as in David and Nagaraja, Order Statistics (2003) section 7.1; the
    statistic after arXiv 2510.19773.

    Example:
        >>> ramp = np.arange(1000.0)
        >>> found = beyond_quantile(ramp, ramp + 100, 0.01)
        >>> from auditkit.statistics.estimates import bounds, value
        >>> value(found), [round(end, 2) for end in bounds(found, 0.05)]
        (0.11, [0.08, 0.14])
    """
    if not len(others) or not (np.isfinite(known).all() and np.isfinite(others).all()):
        raise ValueError("there are no others, or some values are not finite")
    n = len(known)
    if n * tail < 1 - 1e-9:
        least = math.ceil(1 / tail)
        raise too_few(f"A tail of {tail:.1%} needs at least {least:,} units; there are {n:,}.")
    kept = min(n, math.ceil(_DEPTH * n * tail) + 20)
    largest = np.sort(known)[n - kept :][::-1]
    ordered = np.sort(others)
    # Before the first of the largest there is nothing known: none of the others counts as beyond.
    above = len(others) - np.searchsorted(ordered, largest, side="right")
    return estimate(
        "beyond_quantile",
        known=n,
        others=len(others),
        tail=tail,
        beyond=[0, *above.tolist()],
        grain=1.0,
    )
