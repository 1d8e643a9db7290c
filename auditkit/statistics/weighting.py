"""Rates of weighted units: the counts of as many independent, equally weighted units."""

from __future__ import annotations

import math
from typing import NamedTuple


class Weights(NamedTuple):
    """The weights of some units, added up.

    Attributes:
        total: Σw.
        squares: Σw².
    """

    total: float
    squares: float

    @property
    def size(self) -> float:
        """Kish's number of equally weighted units, (Σw)² / Σw²; 0 of none."""
        return self.total**2 / self.squares if self.squares else 0.0


def weighted_counts(hits: Weights, misses: Weights) -> tuple[float, float]:
    """Successes and trials of as much information as weighted units hold.

    Their share is the weighted one, and a proportion with these counts has the linearised variance
    of the weighted share, Σw²(x − p)² / (Σw)². It follows from the sums over hits and over misses
    alone, whether or not the weights go with the outcome; Kish's size of all units is right only if
    they do not. It bounds the number all the same, since where few weights dominate, the linearised
    variance comes out too small; and where all units agree, it is all that is known.

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
    # One unit of enormous weight makes the share near certain and the formula blind: it is one
    # unit. So no more are counted than all weights together are worth.
    size = min(size, Weights(total, hits.squares + misses.squares).size)
    return size * share, size


def _check(what: str, weights: Weights) -> None:
    total, squares = weights
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
