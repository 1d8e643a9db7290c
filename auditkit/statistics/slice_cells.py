"""Errors by the levels of a few features: the sums that a search for slices works on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, ndtr

Floats = NDArray[np.float64]

Combination = tuple[int, ...]
"""Places of features, ascending."""

Pattern = tuple[tuple[int, int], ...]
"""Feature and level of each condition of a slice, features ascending."""

Test = Callable[[Floats, Floats], Floats]
"""Sums `[3, …]` of some units and of others → how many standard errors the first err more."""


class SliceCells:
    """Number, sum and sum of squares of an error, by the levels of features.

    Args:
        tables: combination of features → float64 `[3, *levels]`. All combinations of one depth,
            of the features 0 … k − 1; for a wrong decision, sum and sum of squares are the same.

    Raises:
        ValueError: no table, or combinations of several depths.

    Example:
        >>> wrong = np.array([[1.0, 2.0], [0.0, 5.0]])
        >>> cells = SliceCells({(0, 1): np.stack([np.full((2, 2), 10.0), wrong, wrong])})
        >>> cells.part(((1, 1),)).tolist(), cells.total.tolist()
        ([20.0, 7.0, 7.0], [40.0, 8.0, 8.0])
    """

    def __init__(self, tables: Mapping[Combination, Floats]) -> None:
        depths = {len(places) for places in tables}
        if len(depths) != 1 or depths == {0}:
            raise ValueError("slices need tables of one depth of at least one")
        self._tables = dict(tables)
        self.depth = depths.pop()
        sizes = {p: n for at, t in tables.items() for p, n in zip(at, t.shape[1:], strict=True)}
        self.sizes = tuple(sizes[place] for place in sorted(sizes))
        self.total: Floats = self.of(()).copy()

    def combinations(self) -> Iterator[Combination]:
        """Every combination of features, the smaller ones first."""
        for depth in range(1, self.depth + 1):
            yield from combinations(range(len(self.sizes)), depth)

    def of(self, places: Combination) -> Floats:
        """The sums by the levels of these features, `[3, *levels]`.

        Raises:
            KeyError: more features than the depth.
        """
        if places not in self._tables:
            if len(places) >= self.depth:
                raise KeyError(places)
            others = (place for place in range(len(self.sizes)) if place not in places)
            larger = tuple(sorted((*places, next(others))))
            table = self.of(larger)
            missing = next(i for i, place in enumerate(larger) if place not in places)
            self._tables[places] = table.sum(axis=1 + missing)
        return self._tables[places]

    def part(self, pattern: Pattern) -> Floats:
        """The sums of one slice, `[3]`."""
        table = self.of(tuple(place for place, _ in pattern))
        index: tuple[Any, ...] = (slice(None), *(level for _, level in pattern))
        found: Floats = table[index]
        return found


def score_test(first: Floats, second: Floats) -> Floats:
    """How many standard errors the error rate of the first lies above that of the second.

    The variance is that of one common rate (Pearson's score test of two proportions).

    >>> round(float(score_test(np.array([100.0, 30, 30]), np.array([900.0, 90, 90]))), 2)
    5.84
    """
    n, m = first[0], second[0]
    with np.errstate(all="ignore"):
        common = (first[1] + second[1]) / (n + m)
        variance = common * (1 - common) * (1 / n + 1 / m)
        return _standardised(first[1] / n - second[1] / m, variance)


def welch_test(first: Floats, second: Floats) -> Floats:
    """How many standard errors the mean of the first lies above that of the second.

    Source: Welch, Biometrika 34 (1947) 28–35; the normal in place of Student's distribution.

    >>> round(float(welch_test(np.array([4.0, 8, 20]), np.array([100.0, 100, 200]))), 2)
    1.71
    """
    with np.errstate(all="ignore"):
        means = [part[1] / part[0] for part in (first, second)]
        spreads = [
            np.maximum(part[2] - part[1] * mean, 0) / (part[0] - 1) / part[0]
            for part, mean in zip((first, second), means, strict=True)
        ]
        return _standardised(means[0] - means[1], spreads[0] + spreads[1])


def _standardised(difference: Floats, variance: Floats) -> Floats:
    """0 where no variation is seen: that is no certainty."""
    usable = np.isfinite(variance) & (variance > 0) & np.isfinite(difference)
    result: Floats = np.where(usable, difference / np.sqrt(np.where(usable, variance, 1)), 0.0)
    return result


def binomial_tail(first: Floats, second: Floats, design_effect: float = 1.0) -> Floats:
    """The chance of as many errors or more among the first, at the error rate of the second.

    A few errors among few units are skewed, and the normal tail of a score test is too small for
    them; here the rate of the second is taken as known, which is too small for a large first part.
    The larger of the two is sound for both.

    >>> part, rest = np.array([50.0, 14, 14]), np.array([950.0, 95, 95])
    >>> f"{float(binomial_tail(part, rest)):.5f}"
    '0.00029'
    """
    hits, misses = first[1] / design_effect, (first[0] - first[1]) / design_effect
    with np.errstate(all="ignore"):
        rate = second[1] / second[0]
        # The tail of a binomial from k on is the incomplete beta function of k and n − k + 1.
        found: Floats = np.where(hits > 0, betainc(np.maximum(hits, 1e-9), misses + 1, rate), 1.0)
    return np.nan_to_num(found, nan=1.0)


@dataclass(frozen=True)
class Comparison:
    """How the errors of a slice are compared with those outside it.

    Attributes:
        z: standard errors above them.
        tail: their p-value where the normal one of `z` is too small; None to take that one.
    """

    z: Test
    tail: Callable[[Floats, Floats, float], Floats] | None = None

    def p_values(self, first: Floats, second: Floats, z: Floats, design_effect: float) -> Floats:
        """One-sided p-values of slices whose standardised differences are `z`, `[slices]`."""
        p: Floats = ndtr(-z)
        if self.tail is not None:
            large = z > _LARGE
            exact = self.tail(first[:, large], second[:, large], design_effect)
            p[large] = np.maximum(p[large], exact)
        return p


# Below this many standard errors nothing is significant among thousands.
_LARGE = 2.0

RATES = Comparison(score_test, binomial_tail)
"""Of wrong decisions."""

MEANS = Comparison(welch_test)
"""Of values."""


def slice_line_score(n: Floats, total: Floats, everything: Floats) -> Floats:
    """The score by which slices are ranked by effect: large errors in a slice that is not small.

    α (ē_s / ē − 1) − (1 − α) (N / n_s − 1) with α = .95; 0 for all units together.

    Args:
        n, total: number of units and sum of errors of slices, of one shape.
        everything: number and sum of all units.

    Source: Sagadeeva and Boehm, SliceLine, SIGMOD 2021.

    >>> slice_line_score(np.array([50.0]), np.array([20.0]), np.array([100.0, 20.0])).round(3)
    array([0.9])
    """
    whole, errors = everything[0], everything[1]
    if errors <= 0:
        return np.full_like(n, -np.inf)
    score: Floats = _ALPHA * ((total / n) / (errors / whole) - 1) - (1 - _ALPHA) * (whole / n - 1)
    return score


_ALPHA = 0.95
