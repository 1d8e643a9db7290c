"""Rates of weighted units: the counts of as many independent, equally weighted units."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Weights(NamedTuple):
    """The weights of some units, added up.

    Attributes:
        total: Σw.
        squares: Σw².
        units: how many they are, if that is known.
    """

    total: float
    squares: float
    units: float = math.inf

    @property
    def size(self) -> float:
        """Kish's number of equally weighted units, (Σw)² / Σw²; 0 of none."""
        return self.total**2 / self.squares if self.squares else 0.0


def weighted_counts(hits: Weights, misses: Weights) -> tuple[float, float]:
    """Successes and trials of as much information as weighted units hold.

    Their share is the weighted one, and a proportion with these counts has the linearised variance
    of the weighted share, Σw²(x − p)² / (Σw)². It follows from the sums over hits and over misses
    alone, whether or not the weights go with the outcome; Kish's size of all units is right only if
    they do not. Where all units agree, only Kish's size is known. Where a few weights dominate, the
    variance is itself uncertain: see `weighted_df`.

    Args:
        hits: weights of the units with the outcome.
        misses: weights of the others.

    Returns:
        For the interval of a proportion, ratio or difference in place of the counts.

    Raises:
        ValueError: sums that no weights have, or no weight at all.

    Source: Särndal, Swensson and Wretman, Model Assisted Survey Sampling (1992) 5.7; Kish, Survey
    Sampling (1965).

    Example:
        >>> weighted_counts(Weights(30.0, 30.0), Weights(70.0, 70.0))
        (30.0, 100.0)
        >>> x, n = weighted_counts(hits=Weights(30.0, 300.0), misses=Weights(70.0, 70.0))
        >>> round(x / n, 9), round(n, 1)
        (0.3, 13.7)
    """
    for what, one in (("hits", hits), ("misses", misses)):
        _check(what, one)
    total = hits.total + misses.total
    if not total > 0:
        raise ValueError("the weights add up to 0, so that no share is defined")
    if not hits.total or not misses.total:
        return hits.size, max(hits.size, misses.size)
    share, complement = hits.total / total, misses.total / total
    # n = p q / variance, in which the sums of squares enter as the two Kish sizes.
    size = 1 / (1 / hits.size + 1 / misses.size) / (share * complement)
    return size * share, size


def weighted_df(hits: Weights, misses: Weights) -> float:
    """Degrees of freedom of the variance behind `weighted_counts`, at least 1.

    Where a few units weigh most, that variance rests on these, and comes out too small as often as
    they agree. So it has about as many degrees of freedom as the hits, or the misses, are worth,
    less one; and the more, the less their weights differ: units of equal weight have a variance
    that follows from their share, and none to estimate.

    Example:
        >>> round(weighted_df(Weights(30.0, 45.0), Weights(70.0, 70.0)), 9)
        19.0
        >>> weighted_df(Weights(30.0, 30.0, 30), Weights(70.0, 70.0, 70)) > 1e6
        True
        >>> weighted_df(Weights(1e6 + 29, 1e12 + 29), Weights(70.0, 70.0))
        1.0
    """
    return min(_df(one) for one in (hits, misses) if one.total)


def _df(weights: Weights) -> float:
    equal = min(weights.size / weights.units, 1.0)
    return max((weights.size - 1) / max(1 - equal, 1e-9), 1.0)


def _check(what: str, weights: Weights) -> None:
    total, squares, _ = weights
    if not (math.isfinite(total) and math.isfinite(squares) and total >= 0 and squares >= 0):
        raise ValueError(
            f"the sums of {what} must be finite and at least 0, found {total} and {squares}"
        )
    if (total == 0) != (squares == 0):
        raise ValueError(f"no weights of {what} have the sum {total} and the squares {squares}")


def kish_size(total_weight: float, total_squared_weight: float) -> float:
    """The number of equally weighted units that weigh as precisely: (Σw)² / Σw².

    Source: Kish, Survey Sampling (1965).

    Example:
        >>> kish_size(total_weight=4.0, total_squared_weight=8.0)
        2.0
    """
    if not total_weight > 0 or not total_squared_weight > 0:
        raise ValueError(
            f"the sums must be positive, found {total_weight} and {total_squared_weight}"
        )
    return total_weight**2 / total_squared_weight


def kish_size_of(held: ArrayLike) -> float:
    """As how many units, blocks or clusters of equal size these are good.

    Args:
        held: how much each of them holds, at least 0.

    Returns:
        Kish's number; infinite where none holds anything, so that nothing rests on few of them.

    Example:
        >>> kish_size_of([2, 2, 2]), round(kish_size_of([4, 1, 1]), 9), kish_size_of([0, 0])
        (3.0, 2.0, inf)
    """
    numbers = np.asarray(held, dtype=np.float64)
    total = float(numbers.sum())
    return kish_size(total, float((numbers**2).sum())) if total else math.inf
