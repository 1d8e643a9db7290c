"""Pictures of where the errors are: a small tree, and two features against each other.

Their shape is chosen on the searched half, their numbers come from the held-out one: so what is
drawn is not the best of many draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from auditkit.checks.estimation import NoEstimateError, drawn_ends
from auditkit.checks.slices.halves import Halves
from auditkit.checks.slices.wording import of_view, value_name
from auditkit.evidence.levels import NOT_A_NUMBER
from auditkit.evidence.subject import View
from auditkit.measurement import Figure
from auditkit.statistics import estimates
from auditkit.statistics.slice_tree import Levels, Node, Region, grow, strongest_pair

# As many levels are named as so many characters hold, and the others counted.
_NAMED_LENGTH = 34
# Levels of a number that have no place in its order: missing, and not a number.
_UNORDERED = 2


def tree_figure(halves: Halves, view: View, support: float) -> Figure | None:
    """The tree of errors; None where no division is beyond chance, or none may be shown."""
    root = grow(
        halves.searched,
        support,
        [_ordered(halves, place) for place in range(len(halves.names))],
        depth=halves.searched.depth,
        design_effect=halves.design_effect,
    )
    rows = list(_rows(halves, root, {}, None, "all"))
    if len(rows) < 2:
        return None
    return Figure(
        kind="error_tree",
        title=f"Where the errors are{of_view(view)}",
        caption=f"Each box divides into two, by the feature whose parts differ most in their "
        f"{value_name(halves)}. The divisions were chosen on one half of the rows; the numbers are "
        "those of the other half.",
        check="slices",
        data={**_shared(halves), "rows": [{"id": place, **row} for place, row in enumerate(rows)]},
    )


def _shared(halves: Halves) -> dict[str, Any]:
    return {
        "value_label": value_name(halves),
        "unit": "share" if halves.decides else "",
        "n": int(halves.held_out({})[:, 0].sum()),
    }


def _rows(
    halves: Halves, node: Node, region: Region, parent: int | None, condition: str, start: int = 0
) -> Iterator[dict[str, Any]]:
    """The node and all under it, each after its parent; `start` is the place of the first."""
    yield {"parent": parent, "condition": condition, **_numbers(halves, region)}
    if node.feature is None or not _may_show(halves, node):
        return
    following = start + 1
    for child in node.children:
        where = region_in_words(halves, child, node.feature)
        under = list(_rows(halves, child, child.region, start, where, following))
        following += len(under)
        yield from under


def _may_show(halves: Halves, node: Node) -> bool:
    """Whether both parts have enough people: one could be told from the other and the whole."""
    return all(_numbers(halves, child.region)["value"] is not None for child in node.children)


def _numbers(halves: Halves, region: Region) -> dict[str, Any]:
    try:
        estimate = halves.error(region)
        interval = estimates.interval(estimate)
    except (NoEstimateError, ValueError):
        return {"value": None, "low": None, "high": None, "n": None}
    n = int(halves.held_out(region)[:, 0].sum())
    return {"value": estimates.value(estimate), **drawn_ends(interval), "n": n}


def _ordered(halves: Halves, place: int) -> int:
    """How many of a feature's first levels are bins of a number."""
    labels = halves.tables.axes[place].labels
    return len(labels) - _UNORDERED if labels[-1] == NOT_A_NUMBER else 0


def region_in_words(halves: Halves, node: Node, place: int) -> str:
    """What one division says of a part: the feature, and its levels."""
    levels = node.region[place]
    labels = halves.tables.axes[place].labels
    numbers = halves.searched.of((place,))[0]
    name = halves.names[place]
    if count := _ordered(halves, place):
        return f"{name} {_range(labels, levels, count, numbers > 0)}"
    # The most frequent first: they are what the part mostly is.
    order = [at for at in np.argsort(-numbers, kind="stable") if numbers[at]]
    inside = [labels[at] for at in order if levels[at]]
    outside = [labels[at] for at in order if not levels[at]]
    if len(inside) <= len(outside):
        return f"{name}: {_listed(inside)}"
    return f"{name}: not {_listed(outside)}"


def _listed(labels: list[str]) -> str:
    """The first levels, and how many more there are; at least one."""
    for count in range(len(labels), 1, -1):
        named = ", ".join(labels[:count])
        if len(named) <= _NAMED_LENGTH:
            break
    else:
        count, named = 1, ", ".join(labels[:1])
    more = len(labels) - count
    return f"{named} and {more} more" if more > 0 else named


def _range(labels: tuple[str, ...], levels: Levels, count: int, met: Levels) -> str:
    """The bins that a part holds, which lie side by side, and whatever has no place among them."""
    bins = np.flatnonzero(levels[:count])
    others = [labels[at] for at in range(count, len(labels)) if levels[at] and met[at]]
    if not len(bins):
        return " or ".join(others)
    low, high = labels[bins[0]].partition(" to ")[0], labels[bins[-1]].partition(" to ")[2]
    if bins[0] == bins[-1]:
        between = labels[bins[0]]
    elif bins[0] == 0:
        between = f"under {high}" if high else "any number"
    else:
        between = f"{low} to {high}" if high else f"{low} and over"
    return " or ".join([between, *others])


def heat_map_figure(halves: Halves, view: View) -> Figure | None:
    """The two features that explain most of the errors, against each other."""
    pair = strongest_pair(halves.searched, halves.design_effect)
    if pair is None:
        return None
    rows = list(_cells(halves, pair))
    _hide_what_can_be_told(rows)
    if sum(row["value"] is not None for row in rows) < 2:
        return None
    whole = _numbers(halves, {})
    names = [halves.names[place] for place in pair]
    return Figure(
        kind="error_heat_map",
        title=f"Errors by {names[0]} and {names[1]}{of_view(view)}",
        caption=f"The {value_name(halves)} where both meet; these two features explain most of the "
        "errors. They were chosen on one half of the rows; the numbers are those of the other "
        "half. An empty cell has too few rows to say.",
        check="slices",
        data={**_shared(halves), "x": names[1], "y": names[0], "overall": whole["value"],
              "rows": rows},
    )  # fmt: skip


def _cells(halves: Halves, pair: tuple[int, int]) -> Iterator[dict[str, Any]]:
    """One row for each two levels that both occur, by the first feature, then by the second."""
    y, x = (halves.tables.axes[place].labels for place in pair)
    met = [halves.searched.of((place,))[0] > 0 for place in pair]
    for first in np.flatnonzero(met[0]).tolist():
        for second in np.flatnonzero(met[1]).tolist():
            places = zip(pair, (first, second), strict=True)
            numbers = _numbers(halves, halves.region(tuple(places)))
            yield {"y": y[first], "x": x[second], **numbers}


def _hide_what_can_be_told(rows: list[dict[str, Any]]) -> None:
    """Where a single cell is left out, the others and the whole would tell it: hide another."""
    hidden = [row for row in rows if row["n"] is None]
    shown = [row for row in rows if row["n"] is not None]
    if len(hidden) == 1 and shown:
        smallest = min(shown, key=lambda row: row["n"])
        smallest.update({"value": None, "low": None, "high": None, "n": None})
