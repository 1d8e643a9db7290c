"""Intervals for a number: around a prediction, or between two quantiles, widened until they hold.

As with sets of classes, the threshold is an order statistic of the scores of units set aside
(`auditkit.statistics.conformal_thresholds`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from auditkit.statistics.conformal_thresholds import Floats


def residual_scores(prediction: ArrayLike, target: ArrayLike) -> Floats:
    """How far each number lies from its prediction; intervals are prediction ± threshold.

    Args:
        prediction: `[n]`.
        target: `[n]`, what happened.

    Raises:
        ValueError: numbers that are not finite, or arrays that do not match.

    Example:
        >>> residual_scores([1.0, 2.0], [3.0, 1.5]).tolist()
        [2.0, 0.5]
    """
    centre, truth = _checked(prediction, target)
    return np.abs(truth - centre)


def quantile_scores(lower: ArrayLike, upper: ArrayLike, target: ArrayLike) -> Floats:
    """How far each number lies outside its two quantiles; below zero inside (CQR).

    max(lower − y, y − upper). Intervals are (lower − threshold, upper + threshold).

    Args:
        lower, upper: `[n]`, predicted quantiles; they may cross.
        target: `[n]`, what happened.

    Raises:
        ValueError: numbers that are not finite, or arrays that do not match.

    Source: Romano, Patterson and Candès, Conformalized Quantile Regression, NeurIPS 2019.

    Example:
        >>> quantile_scores([0.0, 0.0], [4.0, 4.0], [1.0, 6.0]).tolist()
        [-1.0, 2.0]
    """
    low, high, truth = _checked(lower, upper, target)
    return np.maximum(low - truth, truth - high)


def widths(lower: ArrayLike, upper: ArrayLike, threshold: ArrayLike) -> Floats:
    """How wide the intervals (lower − threshold, upper + threshold) are; 0 where these are empty.

    A negative threshold narrows quantiles that are too far apart, at some units by more than they
    have.

    Args:
        lower, upper: `[n]`, predicted quantiles; twice the prediction for residuals.
        threshold: one number, or `[n]`.

    Raises:
        ValueError: numbers that are not finite, or a threshold that is not a number.

    Example:
        >>> widths([0.0, 0.0], [4.0, 1.0], -1.0).tolist()
        [2.0, 0.0]
    """
    low, high = _checked(lower, upper)
    added = np.asarray(threshold, dtype=np.float64)
    if np.isnan(added).any():
        raise ValueError("the threshold is not a number")
    return np.maximum(high - low + 2 * added, 0.0)


def _checked(*columns: ArrayLike) -> list[Floats]:
    found = [np.asarray(column, dtype=np.float64) for column in columns]
    if any(column.ndim != 1 or column.shape != found[0].shape for column in found):
        raise ValueError(f"expected rows of one length, found {[c.shape for c in found]}")
    if not all(np.isfinite(column).all() for column in found):
        raise ValueError("predictions and targets must be finite numbers")
    return found
