"""The threshold of a conformal set: an order statistic of the scores of units set aside.

Of n exchangeable scores the k-th smallest, k = ⌈(n + 1) coverage⌉, is not exceeded by the next one
with at least the probability aimed at. It promises nothing about a part of the units; a threshold
for each class or group does, from its own units (Mondrian conformal prediction).
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def rank_of(units: int, coverage: float) -> int:
    """Which of the sorted scores is the threshold: k = ⌈(n + 1) coverage⌉; above n there is none.

    The coverage is the decimal that is written, not the binary number next to it: of 99 units and
    .07 it is the seventh.

    Args:
        units: number of scores n.
        coverage: probability aimed at, in (0, 1).

    Raises:
        ValueError: a coverage outside (0, 1), or a negative number of units.

    Example:
        >>> rank_of(99, 0.9), rank_of(99, 0.07), rank_of(8, 0.9)
        (90, 7, 9)
    """
    if units < 0:
        raise ValueError(f"there cannot be {units} units")
    return math.ceil((units + 1) * _exactly(coverage))


def fewest_units(coverage: float) -> int:
    """How many units a finite threshold needs at least: ⌈coverage / (1 − coverage)⌉.

    Raises:
        ValueError: a coverage outside (0, 1).

    Example:
        >>> fewest_units(0.9), fewest_units(0.95), fewest_units(0.5)
        (9, 19, 1)
    """
    share = _exactly(coverage)
    return math.ceil(share / (1 - share))


def _exactly(coverage: float) -> Fraction:
    if not 0 < coverage < 1:
        raise ValueError(f"a coverage must lie in (0, 1), found {coverage}")
    return Fraction(repr(float(coverage)))


def threshold(scores: ArrayLike, coverage: float) -> float:
    """The k-th smallest score, k = ⌈(n + 1) coverage⌉; infinite where there are too few.

    Args:
        scores: `[n]`, of the true outcomes of the units set aside.
        coverage: probability aimed at, in (0, 1).

    Raises:
        ValueError: scores that are not numbers, or a coverage outside (0, 1).

    Source: Papadopoulos, Proedrou, Vovk and Gammerman, ECML 2002 (split conformal prediction); Lei,
    G'Sell, Rinaldo, Tibshirani and Wasserman, Journal of the American Statistical Association 113
    (2018) 1094–1111.

    Example:
        >>> threshold([0.5, 0.1, 0.4, 0.2, 0.3, 0.9, 0.7, 0.8, 0.6], 0.8)
        0.8
        >>> threshold([0.5, 0.1, 0.4], 0.8)
        inf
    """
    values = _checked(scores)
    rank = rank_of(len(values), coverage)
    if rank > len(values):
        return math.inf
    return float(np.partition(values, rank - 1)[rank - 1])


def thresholds(scores: ArrayLike, parts: ArrayLike, number: int, coverage: float) -> Floats:
    """A threshold for each part of the units, from its own scores: `[number]`.

    A part with too few units has an infinite one: its sets hold everything.

    Args:
        scores: `[n]`, of the true outcomes of the units set aside.
        parts: `[n]`, which part each unit belongs to: its true class, or its group.
        number: how many parts there are, with or without units.
        coverage: probability aimed at in each, in (0, 1).

    Raises:
        ValueError: scores that are not numbers, or parts outside [0, `number`).

    Source: Vovk, Lindsay, Nouretdinov and Gammerman, Mondrian Confidence Machine (2003).

    Example:
        >>> thresholds([0.1, 0.2, 0.3, 0.9], [0, 0, 0, 1], 2, 0.7).tolist()
        [0.3, inf]
    """
    values, codes = _checked(scores), np.asarray(parts)
    if codes.shape != values.shape or (codes.size and codes.dtype.kind not in "iu"):
        raise ValueError("expected the part of each unit as a whole number")
    if codes.size and not (codes.min() >= 0 and codes.max() < number):
        raise ValueError(f"parts must lie in [0, {number})")
    return np.array([threshold(values[codes == part], coverage) for part in range(number)])


def _checked(scores: ArrayLike) -> Floats:
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"expected one score for each unit, found {values.shape}")
    if np.isnan(values).any():
        raise ValueError("scores must be numbers; an order of NaN is not defined")
    return values
