"""Which slices err more than the rest? All of them are tested, from tables of counts.

A search looks at thousands of slices, so what it finds looks worse than it is. Its result is a list
of candidates by Benjamini and Hochberg's rule; whoever reports them confirms them on units that the
search has not seen, and takes their numbers from there alone.

The tests of a search are normal approximations. They choose what to confirm, and claim nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from auditkit.statistics.multiplicity import benjamini_hochberg
from auditkit.statistics.slice_cells import (
    RATES,
    Combination,
    Comparison,
    Floats,
    Pattern,
    SliceCells,
    Test,
    slice_line_score,
)

_FALSE_SHARE = 0.05
# A slice has something of its own if what sets it apart lies so many standard errors beyond chance:
# more than a single test would ask, since it is the best of hundreds.
_OWN = 3.0
# Candidates looked at in the order of their tests; the rest are weaker than these.
_MOST_EXAMINED = 2000


@dataclass(frozen=True)
class FoundSlice:
    """One slice of the searched units.

    Attributes:
        pattern: its conditions.
        n: number of its units.
        mean: their error rate, or mean error.
        z: standard errors above the units outside it.
        p_adjusted: of "it errs no more than they do", after Benjamini and Hochberg.
        score: SliceLine's.
    """

    pattern: Pattern
    n: float
    mean: float
    z: float
    p_adjusted: float
    score: float


@dataclass(frozen=True)
class SliceSearch:
    """What a search found.

    Attributes:
        combinations: number of combinations of features.
        tested: number of slices with enough units.
        by_test: slices beyond chance, the surest first, without those that say the same again.
        by_effect: slices of the highest score, of those that add to what they are part of.
    """

    combinations: int
    tested: int
    by_test: tuple[FoundSlice, ...]
    by_effect: tuple[FoundSlice, ...]


@dataclass(frozen=True)
class _Tested:
    """All slices with enough units, side by side: combination, cell in it, and sums `[3, slices]`.

    `own` says which slices err more than the rest of each slice that they are part of.
    """

    combinations: list[Combination]
    place: np.ndarray
    cell: np.ndarray
    sums: Floats
    z: Floats
    own: np.ndarray


def search(
    cells: SliceCells,
    support: float,
    *,
    comparison: Comparison = RATES,
    design_effect: float = 1.0,
    most: int = 20,
) -> SliceSearch:
    """Test every slice against all units outside it, one-sided.

    Args:
        cells: errors of the searched units.
        support: a slice, and what is outside it, has at least so many units.
        comparison: `RATES` of wrong decisions, `MEANS` of values.
        design_effect: how many times larger variances are than those of independent units.
        most: length of both lists.

    A slice is left out of both if it errs no more than the rest of some slice that it is part of,
    or is nearly all of it.
    Of the slices by test, one is left out if without the units that it shares with a surer one it
    errs no more than others: it only echoes that one. (A part of the surer one is no echo: it errs
    more than the rest of it.) Where the two have so many features together that no table holds
    them, what they share is estimated, as if their further conditions were independent.

    Example:
        >>> n, wrong = np.full((2, 2), 500.0), np.array([[50.0, 50.0], [50.0, 150.0]])
        >>> found = search(SliceCells({(0, 1): np.stack([n, wrong, wrong])}), support=50)
        >>> found.tested, [one.pattern for one in found.by_test]
        (8, [((0, 1), (1, 1))])
    """
    comparing = _Comparing(cells, support, comparison.z, float(np.sqrt(design_effect)))
    tested = _tested(comparing)
    outside = cells.total[:, None] - tested.sums
    adjusted = benjamini_hochberg(
        comparison.p_values(tested.sums, outside, tested.z, design_effect)
    )
    scores = slice_line_score(tested.sums[0], tested.sums[1], cells.total)

    def found(at: int) -> FoundSlice:
        n, total, _ = tested.sums[:, at].tolist()
        levels = np.unravel_index(tested.cell[at], _shape(cells, tested, at))
        places = tested.combinations[tested.place[at]]
        pattern = tuple(zip(places, map(int, levels), strict=True))
        z, p, score = (float(values[at]) for values in (tested.z, adjusted, scores))
        return FoundSlice(pattern, n, total / n, z, p, score)

    sure = np.flatnonzero(tested.own & (adjusted <= _FALSE_SHARE))
    sure = sure[np.argsort(-tested.z[sure], kind="stable")][:_MOST_EXAMINED]
    large = np.flatnonzero(tested.own & (scores > 0))
    large = large[np.argsort(-scores[large], kind="stable")][:most]
    return SliceSearch(
        len(tested.combinations),
        len(tested.z),
        tuple(_without_echoes(comparing, map(found, sure.tolist()), most)),
        tuple(map(found, large.tolist())),
    )


def _shape(cells: SliceCells, tested: _Tested, at: int) -> tuple[int, ...]:
    return tuple(cells.sizes[place] for place in tested.combinations[tested.place[at]])


@dataclass(frozen=True)
class _Comparing:
    """What is compared, and how: `wider` is how much larger standard errors are."""

    cells: SliceCells
    support: float
    test: Test
    wider: float

    def z(self, first: Floats, second: Floats) -> Floats:
        found: Floats = np.asarray(self.test(first, second) / self.wider)
        return found


def _tested(comparing: _Comparing) -> _Tested:
    cells, support = comparing.cells, comparing.support
    combinations = list(cells.combinations())
    numbers: list[np.ndarray] = []
    sums: list[Floats] = []
    z: list[Floats] = []
    own: list[np.ndarray] = []
    for places in combinations:
        table = cells.of(places)
        n = table[0].ravel()
        enough = np.flatnonzero((n >= support) & (cells.total[0] - n >= support))
        part = table.reshape(3, -1)[:, enough]
        numbers.append(enough)
        sums.append(part)
        z.append(comparing.z(part, cells.total[:, None] - part))
        own.append(_own(comparing, places, enough, part, z[-1]))
    place = np.repeat(np.arange(len(combinations)), [len(found) for found in numbers])
    return _Tested(
        combinations,
        place,
        np.concatenate(numbers),
        np.concatenate(sums, axis=1),
        np.concatenate(z),
        np.concatenate(own),
    )


def _own(
    comparing: _Comparing, places: Combination, enough: np.ndarray, part: Floats, z: Floats
) -> np.ndarray:
    """Which slices err more than the rest of each slice with one condition fewer."""
    own = z > _OWN
    if len(places) == 1 or not own.any():
        return own
    at = np.flatnonzero(own)
    cells = comparing.cells
    levels = np.unravel_index(enough[at], [cells.sizes[place] for place in places])
    for left_out in range(len(places)):
        parent = cells.of(places[:left_out] + places[left_out + 1 :])
        kept = levels[:left_out] + levels[left_out + 1 :]
        index: tuple[Any, ...] = (slice(None), *kept)
        rest = parent[index] - part[:, at]
        # A slice that is nearly all of what it is part of adds nothing, and beside it would tell
        # about the few others.
        own[at] &= (rest[0] >= comparing.support) & (comparing.z(part[:, at], rest) > _OWN)
    return own


def _without_echoes(
    comparing: _Comparing, ordered: Iterator[FoundSlice], most: int
) -> list[FoundSlice]:
    """Without slices that err more only because a surer one is in them."""
    kept: list[FoundSlice] = []
    for one in ordered:
        if not any(_echoes(comparing, one.pattern, surer.pattern) for surer in kept):
            kept.append(one)
        if len(kept) == most:
            break
    return kept


def _echoes(comparing: _Comparing, pattern: Pattern, surer: Pattern) -> bool:
    if set(surer) <= set(pattern):
        return False
    cells = comparing.cells
    rest = np.maximum(cells.part(pattern) - _shared(cells, pattern, surer), 0)
    if rest[0] < comparing.support:
        return True
    outside = cells.total - cells.part(surer)
    return float(comparing.z(rest, outside - rest)) <= _OWN


def _shared(cells: SliceCells, one: Pattern, other: Pattern) -> Floats:
    """The sums of the units of both."""
    together = dict(one) | dict(other)
    if any(together[place] != level for place, level in one):
        return np.zeros(3)
    if len(together) <= cells.depth:
        return cells.part(tuple(sorted(together.items())))
    common = tuple(condition for condition in one if condition in other)
    fraction = float(cells.part(one)[0] / cells.part(common)[0])
    return cells.part(other) * fraction
