"""Where on its inputs a model looks: maps on a grid, or over the thumbnail of one input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np

from auditkit.measurement import Figure
from auditkit.reports.figures import panels, style, tiles, trust
from auditkit.reports.figures.heat import Heat, cells
from auditkit.reports.figures.plain_table import Table, cell
from auditkit.reports.figures.sheet import LINE, SMALL, STRONG, Sheet, wrapped
from auditkit.reports.formatting import count
from auditkit.reports.text import shorten

SIDE, GAP, MOST_CELLS = 140, 26, 32
SINGLE, PAIRED = 5, 3  # columns without thumbnails and with them
HOTTEST = 5


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A small map for each item, with the scale of its colours and its trust label under it.

    With a thumbnail the map lies over a pale copy of it, and the thumbnail itself beside it. What
    is withheld has its reason in the place of the map.
    """
    items = [dict(item) for item in figure.data["items"]]
    drawn = items[: panels.MOST]
    paired = any(item.get("image") is not None for item in drawn)
    notes = [
        f"n = {count(figure.data['n'])}. Colour: {shorten(str(figure.data['value_label']), 70)}.",
        "Each map has a colour scale of its own; what its ends mean is written under it.",
        _resolution(drawn),
        _doubtful(drawn),
        panels.left_out(len(drawn), len(items), "maps"),
    ]
    sheet, y = Sheet(), 0.0
    columns = PAIRED if paired else SINGLE
    for start in range(0, len(drawn), columns):
        y = _line(sheet, drawn[start : start + columns], y, paired) + GAP
    return sheet.chart(style.title(figure.title, notes))


def _resolution(items: list[dict[str, Any]]) -> str:
    maps = [item["heat"] for item in items if not _hidden(item)]
    finer = any(max(len(rows), *map(len, rows)) > MOST_CELLS for rows in maps)
    return f"Drawn with at most {MOST_CELLS} cells a side, each a mean." if finer else ""


def _doubtful(items: list[dict[str, Any]]) -> str:
    some = any(_in_doubt(item) is not None for item in items if not _hidden(item))
    return "A dot in a cell: its 90 % interval holds 0." if some else ""


def _hidden(item: Mapping[str, Any]) -> bool:
    return trust.trust_of(item).withheld or item.get("heat") is None


def _line(sheet: Sheet, items: list[dict[str, Any]], y: float, paired: bool) -> float:
    """One row of maps, their pictures at the same height; returns where it ends."""
    width = 2 * SIDE + 8 if paired else SIDE
    titles = [wrapped(str(item["title"]), width, STRONG.size, 2) for item in items]
    top = y + LINE * (1 + max(map(len, titles)))
    ends = [top]
    for place, (item, title) in enumerate(zip(items, titles, strict=True)):
        left = place * (width + GAP)
        below = sheet.paragraph((left, y), title, STRONG)
        sheet.paragraph((left, below), [f"n = {count(item['n'])}"], SMALL)
        ends.append(_block(sheet, item, (left, top + 4), paired))
    return max(ends)


def _block(sheet: Sheet, item: dict[str, Any], at: tuple[float, float], paired: bool) -> float:
    """The picture with its legend and label."""
    label, (left, top) = trust.trust_of(item), at
    width = 2 * SIDE + 8 if paired else SIDE
    place = (left + SIDE + 8 if paired else left, top, SIDE, SIDE)
    if item.get("image") is not None:
        _picture(sheet, (left, top, SIDE, SIDE), tiles.photograph(item["image"], MOST_CELLS))
    if _hidden(item):
        trust.put_instead(sheet, place, label)
        return trust.put_label(sheet, (left, top + SIDE + 6), label)
    heat = tiles.pooled(cells(item["heat"]), MOST_CELLS)
    scale = Heat.of(heat, bool(item.get("signed")))
    _map(sheet, place, item, (heat, scale))
    below = tiles.legend(sheet, (place[0], top + SIDE + 6), SIDE, scale)
    if paired:
        return max(below, trust.put(sheet, (left, top + SIDE + 4), label, SIDE))
    return trust.put(sheet, (left, below + 4), label, width)


def _map(
    sheet: Sheet,
    place: tuple[float, float, float, float],
    item: dict[str, Any],
    drawn: tuple[tiles.Array, Heat],
) -> None:
    heat, scale = drawn
    if item.get("image") is None:
        inner = _picture(sheet, place, scale.colours(heat))
        _dots(sheet, inner, _in_doubt(item))
        return
    image = tiles.photograph(item["image"], MOST_CELLS)
    heat = tiles.stretched(heat, (image.shape[0], image.shape[1]))
    strength = np.abs(scale.shares(heat))
    _picture(sheet, place, tiles.overlaid(image, scale.colours(heat), strength))


def _picture(
    sheet: Sheet, place: tuple[float, float, float, float], colours: tiles.Array
) -> tuple[float, float, float, float]:
    """The cells, square, as large as the place allows; returns where they lie."""
    left, top, width, height = place
    rows, columns = colours.shape[:2]
    unit = min(width / columns, height / rows)
    wide, high = max(unit * columns, 6.0), max(unit * rows, 6.0)
    inner = (left + (width - wide) / 2, top + (height - high) / 2, wide, high)
    sheet.box(place, style.FEWEST, style.BAND)
    tiles.lay(sheet, inner, colours)
    return inner


def _in_doubt(item: Mapping[str, Any]) -> np.ndarray[Any, np.dtype[np.bool_]] | None:
    """Cells of a signed map whose interval holds 0; None where that is not known."""
    ends = [item.get(end) for end in style.INTERVAL]
    if not item.get("signed") or any(end is None for end in ends) or item.get("image") is not None:
        return None
    low, high = (cells(end) for end in ends)
    shape = cells(item["heat"]).shape
    if low.shape != shape or high.shape != shape or max(shape) > MOST_CELLS:
        return None
    doubt = (low <= 0) & (high >= 0) & (cells(item["heat"]) != 0)
    return doubt if doubt.any() else None


def _dots(
    sheet: Sheet,
    place: tuple[float, float, float, float],
    doubt: np.ndarray[Any, np.dtype[np.bool_]] | None,
) -> None:
    if doubt is None:
        return
    left, top, width, height = place
    rows, columns = doubt.shape
    for row, column in np.argwhere(doubt):
        x, y = left + (column + 0.5) * width / columns, top + (row + 0.5) * height / rows
        sheet.tile(x, y, style.QUIET, "M-1,-1h2v2h-2Z")


def tables(figure: Figure) -> list[Table]:
    """The items with their labels; then the hottest cells of each, counted from 1."""
    items = [dict(item) for item in figure.data["items"]]
    first = trust.table(items, ("title", "n"))
    hottest = [row for item in items[: panels.MOST] if not _hidden(item) for row in _hottest(item)]
    columns = ["hottest cells of", "row", "column", str(figure.data["value_label"]), "low", "high"]
    return [first, (columns, hottest)] if hottest else [first]


def _hottest(item: Mapping[str, Any]) -> list[list[str]]:
    heat = cells(item["heat"])
    ends = [None if item.get(end) is None else cells(item[end]) for end in style.INTERVAL]
    order = np.argsort(-np.nan_to_num(np.abs(heat)).ravel(), kind="stable")[:HOTTEST]
    return [
        [cell(item["title"]), cell(int(row) + 1), cell(int(column) + 1)]
        + [cell(float(heat[row, column]))]
        + [cell(None if end is None else float(end[row, column])) for end in ends]
        for row, column in zip(*np.unravel_index(order, heat.shape), strict=True)
    ]
