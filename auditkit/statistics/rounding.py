"""Numbers that are one unit's own, told coarsely: rounded to the side on which a promise holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["coarse_confidences", "rounded_up"]

_CLOSE = 1e-9


def rounded_up(numbers: ArrayLike, digits: int = 3) -> NDArray[np.float64]:
    """The smallest numbers of so many significant digits that are not smaller.

    The order of numbers is kept, though different ones may become equal. What has no more digits
    stays as it is, as do zero and infinity.

    Args:
        numbers: of any shape, no NaN.
        digits: how many significant digits are left, at least 1.

    Raises:
        ValueError: a number that is NaN, or fewer digits than one.

    Example:
        >>> rounded_up([0.12345, -0.12345, 1999.0, 0.0]).tolist()
        [0.124, -0.123, 2000.0, 0.0]
    """
    values = np.asarray(numbers, dtype=np.float64)
    if np.isnan(values).any():
        raise ValueError("numbers to round must not be NaN")
    if digits < 1:
        raise ValueError(f"at least one digit must be left, found {digits}")
    found = values.copy()
    inside = np.isfinite(values) & (np.abs(values) > np.finfo(np.float64).tiny)
    exact = values[inside]
    size = digits - 1 - np.floor(np.log10(np.abs(exact)))
    # Powers of ten are exact where they are large, and not where they are small.
    up, down = 10.0 ** np.clip(size, 0, 300), 10.0 ** np.maximum(-size, 0)
    with np.errstate(over="ignore"):
        whole = np.round(exact * up / down)
        nearest, next_one = whole / up * down, (whole + 1) / up * down
    found[inside] = np.where(nearest >= exact, nearest, next_one)
    return found


def coarse_confidences(confidences: ArrayLike) -> NDArray[np.float64]:
    """Confidences rounded up to three digits of how far they lie below one.

    A threshold among these is not the confidence of one unit. It answers those above it whether
    their confidences were rounded or not, so that it promises what any other score would.

    Args:
        confidences: `[n]`, at most 1; no NaN. What is closer to one than a billionth becomes one.

    Raises:
        ValueError: a confidence that is NaN.

    Example:
        >>> coarse_confidences([0.87654, 0.999987654, 1.0]).tolist()
        [0.877, 0.9999877, 1.0]
    """
    below = np.asarray(confidences, dtype=np.float64) - 1
    return np.asarray(1 + rounded_up(np.where(np.abs(below) < _CLOSE, 0.0, below)))
