"""A threshold for each group: those that keep to a parity at the least cost in accuracy.

A threshold is a place between two cells of the score: 0 selects everybody, k whoever lies in cell k
or above, the number of cells nobody. All are deterministic. Hardt, Price and Srebro (2016) also
draw lots between two thresholds, which buys exact equality; few organisations could justify that
two people of one group and one score are treated differently, so it is left out here. For one rate
that loses next to nothing. Two rates together are equal without lots only where the ROC curves of
the groups meet, and elsewhere lots can be worth many points of accuracy.

The search is exact over the cells for one rate. Of the best thresholds one group has the lowest
rate r, and every other lies between r and what r allows: so each rate that any group can have is
tried as r, and within that band each group takes its most accurate threshold by itself. That is
O(groups × thresholds) look-ups of a largest value in a range, each in constant time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST_LOWEST = 256
"""Of two rates together, so many lowest values of each are tried; fewer are all tried."""

# Rates are quotients of small integers: what differs by less is one number, rounded.
_ROUNDING = 1e-12

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Curves:
    """What each threshold comes to in each group.

    Args:
        counts: units, not negative, of shape (groups, cells, 2): cells in ascending order of the
            score, then whether the true outcome is favourable.

    Attributes:
        units, qualified: number in each group, int64 of shape (groups,).
        selected: units selected, int64 of shape (groups, cells + 1).
        found: those of them whose true outcome is favourable, of the same shape.

    Raises:
        ValueError: another shape, no group, or a negative count.

    Example:
        >>> curves = Curves([[[3, 1], [1, 3]]])
        >>> curves.selected.tolist(), curves.right.tolist()
        ([[8, 4, 0]], [[4, 6, 4]])
    """

    def __init__(self, counts: ArrayLike) -> None:
        array = np.asarray(counts)
        if array.ndim != 3 or array.shape[2] != 2 or array.dtype.kind not in "iu":
            raise ValueError(f"expected counts of shape (groups, cells, 2), found {array.shape}")
        if not len(array) or (array < 0).any():
            raise ValueError("there must be a group, and no count may be negative")
        self.selected = _from_above(array.sum(axis=2))
        self.found = _from_above(array[:, :, 1])
        self.units: Integers = self.selected[:, 0]
        self.qualified: Integers = self.found[:, 0]

    @cached_property
    def mistaken(self) -> Integers:
        """Units selected whose true outcome is not favourable, of the shape of `selected`."""
        mistaken: Integers = self.selected - self.found
        return mistaken

    @cached_property
    def right(self) -> Integers:
        """Units decided rightly by each threshold, of the shape of `selected`."""
        right: Integers = self.found + (self.units - self.qualified)[:, None] - self.mistaken
        return right

    def part(self, name: str) -> tuple[Integers, Integers]:
        """Units of a share at each threshold, (groups, cells + 1), and of how many: (groups,).

        Args:
            name: `selection_rate`, `true_positive_rate`, `false_positive_rate` or `accuracy`.
        """
        if name == "selection_rate":
            return self.selected, self.units
        if name == "true_positive_rate":
            return self.found, self.qualified
        if name == "false_positive_rate":
            return self.mistaken, self.units - self.qualified
        return self.right, self.units

    def rates(self, name: str) -> Floats:
        """The share itself; NaN where it is one of nobody."""
        hits, trials = self.part(name)
        with np.errstate(invalid="ignore", divide="ignore"):
            shares: Floats = hits / trials[:, None]
        return shares


def _from_above(counts: NDArray[np.integer]) -> Integers:
    """Sums of the cells from each on, with a last column of zeros."""
    sums = np.zeros((counts.shape[0], counts.shape[1] + 1), dtype=np.int64)
    sums[:, :-1] = counts[:, ::-1].cumsum(axis=1)[:, ::-1]
    return sums


@dataclass(frozen=True)
class Parity:
    """Which rates must be alike among groups, and what a limit on their distance means.

    Attributes:
        rates: names of rates of `Curves`; each of them is held to the limit.
        highest: the lowest rate of a group, and a limit → the highest that another may have.
        distance: the lowest and the highest rate → their distance, in the terms of the limit.
        above_zero: whether a lowest rate of zero leaves the distance undefined.
    """

    rates: tuple[str, ...]
    highest: Callable[[Floats, float], Floats]
    distance: Callable[[float, float], float]
    above_zero: bool = False

    def reached(self, curves: Curves, places: ArrayLike) -> tuple[float, ...]:
        """The distance of each rate at one threshold for each group; NaN where undefined.

        Args:
            curves: of some units, not necessarily those searched.
            places: thresholds, of shape (groups,).
        """
        chosen = np.asarray(places, dtype=np.int64)[:, None]
        found = [np.take_along_axis(curves.rates(name), chosen, axis=1) for name in self.rates]
        return tuple(self.distance(float(one.min()), float(one.max())) for one in found)

    def kept(self, curves: Curves, limit: float) -> NDArray[np.bool_]:
        """At which thresholds, shared by all groups, the limit is kept: of shape (cells + 1,)."""
        kept = np.ones(curves.selected.shape[1], dtype=np.bool_)
        for name in self.rates:
            rates = curves.rates(name)
            lowest = rates.min(axis=0)
            kept &= rates.max(axis=0) <= self.highest(lowest, limit) + _ROUNDING
            kept &= (lowest > 0) if self.above_zero else True
        return kept


def _over(lowest: Floats, ratio: float) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        highest: Floats = lowest / np.float64(ratio)
    return highest


def _plus(lowest: Floats, difference: float) -> Floats:
    return lowest + difference


def _ratio(lowest: float, highest: float) -> float:
    return lowest / highest if highest > 0 else float("nan")


def _difference(lowest: float, highest: float) -> float:
    return highest - lowest


PARITIES: Mapping[str, Parity] = {
    "selection_rate_ratio": Parity(("selection_rate",), _over, _ratio, above_zero=True),
    "true_positive_rate_difference": Parity(("true_positive_rate",), _plus, _difference),
    "equalised_odds": Parity(("true_positive_rate", "false_positive_rate"), _plus, _difference),
}
"""Ratios are kept where the lowest rate is at least the limit times the highest; differences where
the highest is at most the lowest plus the limit, of equalised odds for both rates."""


def shared_threshold(curves: Curves, parity: Parity, limit: float) -> int:
    """The most accurate threshold that, used for all groups, keeps to a limit.

    There is always one: of a threshold that selects everybody all rates are one.

    Raises:
        ValueError: a rate is undefined in some group, or the limit is negative or no number.

    Example:
        >>> curves = Curves([[[8, 1], [1, 0], [0, 4]], [[3, 1], [3, 1], [2, 4]]])
        >>> shared_threshold(curves, PARITIES["selection_rate_ratio"], 0.0)
        2
        >>> shared_threshold(curves, PARITIES["selection_rate_ratio"], 0.8)
        0
    """
    _refuse_undefined(curves, parity, limit)
    right = np.where(parity.kept(curves, limit), curves.right.sum(axis=0), -1)
    return int(right.argmax())


def group_thresholds(curves: Curves, parity: Parity, limit: float) -> Integers:
    """The most accurate thresholds, one for each group, that keep to a limit.

    Of one rate they are exactly that. Of two rates together, with more than `MOST_LOWEST` distinct
    values of one, they keep to the limit and are at least as accurate as any that keep to a limit
    stricter by 1 / (MOST_LOWEST − 1).

    Args:
        curves: of the units searched.
        parity: which rates.
        limit: of the ratio of lowest to highest (0 to 1), or of their difference.

    Returns:
        int64 of shape (groups,).

    Raises:
        ValueError: a rate is undefined in some group, or the limit is negative or no number.

    Example:
        >>> curves = Curves([[[8, 1], [1, 0], [0, 4]], [[3, 1], [3, 1], [2, 4]]])
        >>> group_thresholds(curves, PARITIES["selection_rate_ratio"], 0.8).tolist()
        [1, 2]
    """
    _refuse_undefined(curves, parity, limit)
    groups = [_Choices(curves, parity, group) for group in range(len(curves.units))]
    lowest = [_lowest(groups, rate, parity) for rate in range(len(parity.rates))]
    best, chosen = -1, np.zeros(len(groups), dtype=np.int64)
    # All lowest values of the last rate at once, for each of those of the rate before it.
    for before in product(*lowest[:-1]):
        lows = [*(np.full(len(lowest[-1]), value) for value in before), lowest[-1]]
        right, places = _most_right(groups, [(low, parity.highest(low, limit)) for low in lows])
        top = int(right.argmax())
        if right[top] > best:
            best, chosen = int(right[top]), places[:, top]
    return chosen


def _most_right(
    groups: Sequence[_Choices], bands: Sequence[tuple[Floats, Floats]]
) -> tuple[Integers, Integers]:
    """For each band the units decided rightly by all groups (−1 if one has no threshold in it)."""
    total = np.zeros(len(bands[0][0]), dtype=np.int64)
    possible = np.ones(len(total), dtype=np.bool_)
    places = np.empty((len(groups), len(total)), dtype=np.int64)
    for row, group in enumerate(groups):
        right, places[row] = group.best(bands)
        possible &= right >= 0
        total += right
    return np.where(possible, total, -1), places


def _lowest(groups: Sequence[_Choices], rate: int, parity: Parity) -> Floats:
    """The values tried as the lowest of a rate."""
    values = np.unique(np.concatenate([group.rates[rate] for group in groups]))
    if len(parity.rates) > 1 and len(values) > MOST_LOWEST:
        values = np.linspace(0, 1, MOST_LOWEST)
    return values[values > 0] if parity.above_zero else values


def _refuse_undefined(curves: Curves, parity: Parity, limit: float) -> None:
    if not 0 <= limit < np.inf:
        raise ValueError(f"a limit is a number of at least 0, found {limit}")
    for name in parity.rates:
        if not np.isfinite(curves.rates(name)).all():
            raise ValueError(f"the {name.replace('_', ' ')} of some group is a share of nobody")


class _Choices:
    """The thresholds of one group that differ, by rising rates, and the best in any range of them.

    The largest value of a range is that of two ranges whose length is a power of two and which
    cover it; those are kept in a table (Bender and Farach-Colton, LATIN 2000).
    """

    def __init__(self, curves: Curves, parity: Parity, group: int) -> None:
        selected = curves.selected[group]
        # Of thresholds that select the same people the highest; a rising rate is a falling place.
        self.places = np.flatnonzero(np.diff(selected, append=-1))[::-1]
        self.rates = [curves.rates(name)[group, self.places] for name in parity.rates]
        self._right = curves.right[group, self.places]
        self._table = [np.arange(len(self.places))]
        while 2 ** len(self._table) <= len(self.places):
            last, half = self._table[-1], 2 ** (len(self._table) - 1)
            self._table.append(self._better(last[:-half], last[half:]))

    def _better(self, one: Integers, other: Integers) -> Integers:
        return np.where(self._right[other] > self._right[one], other, one)

    def best(self, bands: Sequence[tuple[Floats, Floats]]) -> tuple[Integers, Integers]:
        """Units decided rightly, and the threshold, where each rate lies in its band; −1 if none.

        Args:
            bands: of each rate the lowest and highest values allowed, of shape (n,) each.
        """
        start = np.zeros(len(bands[0][0]), dtype=np.int64)
        stop = np.full(len(start), len(self.places), dtype=np.int64)
        for rates, (low, high) in zip(self.rates, bands, strict=True):
            start = np.maximum(start, np.searchsorted(rates, low - _ROUNDING, "left"))
            stop = np.minimum(stop, np.searchsorted(rates, high + _ROUNDING, "right"))
        some = start < stop
        start, stop = np.where(some, start, 0), np.where(some, stop, 1)
        best = np.empty(len(start), dtype=np.int64)
        level = np.frexp((stop - start).astype(np.float64))[1] - 1
        for power, table in enumerate(self._table):
            at = level == power
            best[at] = self._better(table[start[at]], table[stop[at] - 2**power])
        return np.where(some, self._right[best], -1), self.places[best]
