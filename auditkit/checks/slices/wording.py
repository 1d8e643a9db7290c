"""What is said of a search for slices: how far it reached, and what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from auditkit.checks.slices.halves import Halves
from auditkit.evidence.levels import OTHER
from auditkit.evidence.slice_levels import MOST_LEVELS
from auditkit.evidence.subject import View
from auditkit.statistics.estimates import interval
from auditkit.statistics.slice_cells import Pattern
from auditkit.statistics.slice_search import SliceSearch
from auditkit.statistics.slice_tree import Region

# Levels that are counted as one hide a slice among them.
_MOST_POOLED = 0.1
_NAMED, _LISTED = 3, 8
_A_COUNT = "It is a count, and has no interval."


def value_name(halves: Halves) -> str:
    """What is compared, in words."""
    if halves.decides:
        return "share of wrong decisions"
    return f"mean {halves.need.value.replace('_', ' ')}"


def of_view(view: View) -> str:
    """Which output it is, where there are several."""
    return f" of {view.key}" if str(view.key) else ""


def _errors(halves: Halves, part: np.ndarray) -> tuple[str, str]:
    """The error of a part of the held-out half, and of all outside it."""
    found = []
    for sums in (part.sum(axis=0), (halves.held_out({}) - part).sum(axis=0)):
        mean = sums[1] / sums[0]
        found.append(f"{100 * mean:.1f} %" if halves.decides else f"{mean:.4g}")
    return found[0], found[1]


def _span(halves: Halves, region: Region) -> str:
    """The interval of the difference between a part of the held-out half and all outside it."""
    drawn = interval(halves.difference(region))
    scale, unit = (100, " points") if halves.decides else (1, "")
    ends = " to ".join(f"{scale * end:.3g}" for end in (drawn.low, drawn.high))
    return f"90 % interval of the difference {ends}{unit}"


def against_rest(halves: Halves, part: np.ndarray) -> str:
    """The numbers behind the difference of one slice; `part` are its sums by block."""
    inside, outside = _errors(halves, part)
    rows = f"{part[:, 0].sum():,.0f}"
    told = (
        f"Of its {rows} held-out rows {inside} are decided wrongly, of all others {outside}."
        if halves.decides
        else f"The mean of its {rows} held-out rows is {inside}, of all others {outside}."
    )
    if not halves.tables.clustered:
        return told
    return (
        f"{told} Its units are not the clusters, which are not counted, but the sets of clusters "
        "that it meets."
    )


def outcome(searched: SliceSearch, confirmed: int, most: int) -> str:
    """What became of the candidates."""
    candidates = len(searched.by_test)
    if not candidates:
        return (
            f"None of {searched.tested:,} slices errs more than the rest beyond chance in the "
            f"searched half. {_A_COUNT}"
        )
    more = ", and perhaps more," if candidates == most else ""
    return (
        f"Of {searched.tested:,} slices {_numbered(candidates, 'candidate')}{more} came out of the "
        f"searched half; {confirmed or 'none'} {'was' if confirmed < 2 else 'were'} confirmed in "
        f"the held-out half. {_A_COUNT}"
    )


def reach(halves: Halves, searched: SliceSearch, support: float) -> str:
    """What was searched, and what was not."""
    return (
        f"All combinations of up to {halves.searched.depth} of {len(halves.names)} groups and "
        f"features were searched ({searched.combinations:,}), for slices of at least "
        f"{support:,.0f} rows of the searched half; deeper ones were not. {_A_COUNT}"
    )


def worst(halves: Halves, view: View, confirmed: Sequence[Pattern]) -> Iterator[str]:
    """A sentence on the slices that a reviewer should look at first."""
    if not confirmed:
        return
    parts = []
    for pattern in confirmed[:_NAMED]:
        region = halves.region(pattern)
        part = halves.held_out(region)
        inside, outside = _errors(halves, part)
        parts.append(
            f"{halves.slice(pattern)} ({inside} against {outside}, n = {part[:, 0].sum():,.0f}, "
            f"{_span(halves, region)})"
        )
    more = len(confirmed) - len(parts)
    further = f"; and {more} more, among the measurements of slices" if more else ""
    name = value_name(halves)
    yield (
        f"{name[:1].upper()}{name[1:]}{of_view(view)} in slices that nobody named, against all "
        f"others: {'; '.join(parts)}{further}."
    )


def limits(halves: Halves, depth: int) -> Iterator[str]:
    """What a reviewer must know of the reach of the search; `depth` is what was wanted."""
    if halves.searched.depth < min(depth, len(halves.names)):
        yield (
            f"Slices were searched to {_numbered(halves.searched.depth, 'condition')} only: "
            f"{len(halves.names)} groups and features make too many combinations for more."
        )
    if pooled := list(_pooled(halves)):
        yield (
            f"Slices were searched among the {MOST_LEVELS} most frequent levels of the first rows. "
            f"Rows that have another level were looked at as one: {_some(pooled)}."
        )


def _pooled(halves: Halves) -> Iterator[str]:
    """The features of which many rows have a level that is not told apart."""
    for place, axis in enumerate(halves.tables.axes):
        numbers = halves.searched.of((place,))[0]
        others = [at for at, label in enumerate(axis.labels) if label == OTHER]
        share = float(numbers[others].sum() / numbers.sum())
        if share > _MOST_POOLED:
            yield f"{100 * share:.0f} % by {halves.names[place]}"


def _some(parts: Sequence[str]) -> str:
    named, more = list(parts[:_LISTED]), len(parts) - _LISTED
    return ", ".join([*named, f"{more} more"] if more > 0 else named)


def _numbered(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
