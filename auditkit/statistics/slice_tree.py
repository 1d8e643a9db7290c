"""A small tree of errors, grown greedily from the same tables that a search for slices reads.

Each node is divided in two by one feature, where the errors of the two parts differ most; numbers
at a threshold, levels into a set and the others.

Source: Breiman, Friedman, Olshen and Stone, Classification and Regression Trees (1984). That the
best set is found among levels sorted by their mean: Fisher, JASA 53 (1958) 789–798.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auditkit.statistics.slice_cells import Combination, Floats, SliceCells

Levels = NDArray[np.bool_]
"""Which levels of a feature a part holds."""

Region = Mapping[int, Levels]
"""Feature → the levels that a part holds; features that are not there hold all."""

# A division is shown if chance alone rarely makes one as good, of the hundreds that were tried.
_LEAST_GAIN = 16.0


@dataclass(frozen=True)
class Node:
    """A part of the units, and how it is divided.

    Attributes:
        region: the levels that the part holds.
        feature: by which it is divided; None for a leaf.
        children: none, or two.
    """

    region: Region
    feature: int | None = None
    children: tuple[Node, ...] = field(default=())


def grow(
    cells: SliceCells,
    support: float,
    ordered: Sequence[int],
    *,
    depth: int = 3,
    design_effect: float = 1.0,
) -> Node:
    """The tree of at most `depth` divisions from the root.

    Args:
        cells: errors of the units from which the tree is grown.
        support: each part has at least so many units.
        ordered: of each feature, how many of its first levels are an ascending order (a number's
            bins); 0 for one whose levels have none.
        depth: at most that of the tables.
        design_effect: how many times larger variances are than those of independent units.

    Example:
        >>> n, wrong = np.full((2, 2), 500.0), np.array([[50.0, 50.0], [50.0, 150.0]])
        >>> cells = SliceCells({(0, 1): np.stack([n, wrong, wrong])})
        >>> root = grow(cells, 50, (0, 0), depth=2)
        >>> root.feature, [child.feature for child in root.children]
        (0, [None, 1])
    """
    n, total, squares = cells.total
    variance = (squares / n - (total / n) ** 2) * design_effect if n else 0.0
    return _grown(_Growing(cells, support, tuple(ordered), float(variance)), {}, depth)


@dataclass(frozen=True)
class _Growing:
    cells: SliceCells
    support: float
    ordered: tuple[int, ...]
    variance: float


def _grown(growing: _Growing, region: Region, depth: int) -> Node:
    if not depth or growing.variance <= 0:
        return Node(region)
    gain, feature, chosen = max(
        (_best_division(growing, region, feature) for feature in range(len(growing.cells.sizes))),
        key=lambda found: (found[0], -found[1]),
    )
    if gain < _LEAST_GAIN or chosen is None:
        return Node(region)
    inside = region.get(feature, np.ones(growing.cells.sizes[feature], dtype=bool))
    parts = [{**region, feature: inside & chosen}, {**region, feature: inside & ~chosen}]
    children = tuple(_grown(growing, part, depth - 1) for part in parts)
    return Node(region, feature, children)


def _best_division(
    growing: _Growing, region: Region, feature: int
) -> tuple[float, int, Levels | None]:
    """The gain of the best division by a feature, the feature, and one side's levels."""
    by_level = sums_by_level(growing.cells, region, feature)
    met = np.flatnonzero(by_level[0] > 0)
    if growing.ordered[feature]:
        met = met[met < growing.ordered[feature]]
    else:
        met = met[np.argsort(by_level[1, met] / by_level[0, met], kind="stable")]
    if len(met) < 2:
        return 0.0, feature, None
    first = np.cumsum(by_level[:, met], axis=1)[:, :-1]
    # Whatever has no place in the order goes with the larger numbers.
    second = by_level.sum(axis=1, keepdims=True) - first
    enough = (first[0] >= growing.support) & (second[0] >= growing.support)
    if not enough.any():
        return 0.0, feature, None
    gains = np.where(enough, _gain(first, second) / growing.variance, 0.0)
    best = int(np.argmax(gains))
    chosen = np.zeros(by_level.shape[1], dtype=bool)
    chosen[met[: best + 1]] = True
    return float(gains[best]), feature, chosen


def _gain(first: Floats, second: Floats) -> Floats:
    """By how much the squared errors around the mean fall when two parts have their own means."""
    with np.errstate(all="ignore"):
        both = first + second
        gained: Floats = (
            first[1] ** 2 / first[0] + second[1] ** 2 / second[0] - both[1] ** 2 / both[0]
        )
    return np.nan_to_num(gained, nan=0.0, posinf=0.0)


def sums_by_level(cells: SliceCells, region: Region, feature: int) -> Floats:
    """The sums of a part by the levels of a feature, `[3, levels]`."""
    places: Combination = tuple(sorted({*region, feature}))
    table = cells.of(places)
    for at, place in enumerate(places):
        if place in region:
            table = np.where(_along(region[place], at + 1, table.ndim), table, 0.0)
    others = tuple(at + 1 for at, place in enumerate(places) if place != feature)
    found: Floats = table.sum(axis=others)
    return found


def sums_of(table: Floats, places: Combination, region: Region) -> Floats:
    """What a table, its last axes the levels of `places`, holds of a part: its leading axes."""
    leading = table.ndim - len(places)
    for at, place in enumerate(places):
        if place in region:
            table = np.where(_along(region[place], leading + at, table.ndim), table, 0)
    found: Floats = table.sum(axis=tuple(range(leading, table.ndim)))
    return found


def _along(levels: Levels, axis: int, ndim: int) -> Levels:
    shape = [1] * ndim
    shape[axis] = len(levels)
    return levels.reshape(shape)


def strongest_pair(cells: SliceCells, design_effect: float = 1.0) -> tuple[int, int] | None:
    """The two features whose levels together explain most of the errors; None of fewer than two.

    What more levels explain by chance alone is taken off (Akaike's penalty).
    """
    n, total, squares = cells.total
    variance = (squares / n - (total / n) ** 2) * design_effect if n else 0.0
    pairs = [places for places in cells.combinations() if len(places) == 2]
    if not pairs or variance <= 0:
        return None

    def explained(places: Combination) -> float:
        numbers, sums, _ = cells.of(places).reshape(3, -1)
        met = numbers > 0
        between = (sums[met] ** 2 / numbers[met]).sum() - total**2 / n
        return float(between / variance - 2 * (met.sum() - 1))

    best = max(pairs, key=lambda places: (explained(places), [-place for place in places]))
    return best[0], best[1]
