"""Critical values: how a one-sided error probability becomes a number of standard errors."""

from __future__ import annotations

import math

from scipy.special import log_ndtr, ndtr, ndtri, stdtr, stdtrit

WIDEST = 37.0
"""The largest normal deviate whose tail (6e-300) a double still holds in full."""


def critical_value(alpha: float) -> float:
    """z with P(Z > z) = alpha, for a one-sided alpha in (0, .5]; at most `WIDEST`.

    Example:
        >>> round(critical_value(0.05), 4)
        1.6449
    """
    if not 0 < alpha <= 0.5:
        raise ValueError(f"alpha must lie in (0, 0.5], found {alpha}")
    return min(max(-float(ndtri(alpha)), 0.0), WIDEST)


def upper_tail(z: float) -> float:
    """P(Z > z) of a standard normal Z, accurate far out."""
    return float(ndtr(-z))


def minus_log_tail(z: float) -> float:
    """−ln P(Z > z)."""
    return -float(log_ndtr(-z))


def student_value(z: float, df: float) -> float:
    """t with P(T > t) = P(Z > z), T with `df` degrees of freedom; inf where it overflows.

    Example:
        >>> round(student_value(1.6448536269514722, 9), 4)
        1.8331
    """
    if z == 0:
        return 0.0
    t = -float(stdtrit(df, ndtr(-z)))
    # Tiny tails of few degrees of freedom overflow, to NaN or to either infinity by version.
    return t if t > 0 else math.inf


def normal_value(t: float, df: float) -> float:
    """z with P(Z > z) = P(T > t): the inverse of `student_value`; infinite far out.

    Example:
        >>> round(normal_value(1.8331129326536337, 9), 4)
        1.6449
    """
    return math.copysign(-float(ndtri(stdtr(df, -abs(t)))), t)
