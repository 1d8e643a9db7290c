"""Is what a map calls important important? Outputs as inputs are taken away, or given back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import panels, style, trust
from auditkit.reports.figures.plain_table import Table, bounded, cell
from auditkit.reports.formatting import count
from auditkit.reports.text import shorten

WIDTH, HEIGHT, COLUMNS = 250, 150, 3
MOST_ORDERS, MOST_POINTS = 6, 600
ORDERS: Mapping[str, tuple[str, list[int]]] = {
    "map": (style.ESTIMATE, [1, 0]),
    "random": (style.QUIET, [6, 4]),
    "input magnitude": (style.SECOND, [2, 2]),
}
SHARES = {"deletion": "share of the input taken away", "insertion": "share of the input given back"}
PER_CENT = "format(100 * datum.value, '.0f') + ' %'"


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A panel for each method and way, with the map's order and the two it must beat.

    Deletion: the faster the line falls, the more the map found. Insertion: the faster it rises.
    (Petsiuk, Das and Saenko, BMVC 2018, with the controls added.)
    """
    items = [dict(item) for item in figure.data["items"]]
    drawn = items[: panels.MOST]
    ends = _ends(drawn)
    notes = [
        f"n = {count(figure.data['n'])}; bands: 90 % intervals. Solid: what the map calls most "
        "important goes first.",
        "Dashed: in random order. Dotted: the largest inputs first.",
        "Taken away, a good map falls below both; given back, it rises above both.",
        panels.left_out(len(drawn), len(items), "curves"),
    ]
    title = str(figure.data.get("value_label") or "output")
    shown = [_panel(item, ends, shorten(title, 40)) for item in drawn]
    return panels.in_rows(shown, COLUMNS).properties(title=style.title(figure.title, notes))


def _ends(items: list[dict[str, Any]]) -> tuple[float, float]:
    """One axis for all panels, so that methods can be compared."""
    rows = [row for item in items for row in item["rows"]]
    return style.domain(
        [style.finite(row[end]) for row in rows for end in ("value", "low", "high")]
    )


def _panel(item: dict[str, Any], ends: tuple[float, float], title: str) -> alt.TopLevelMixin:
    label, curve = trust.trust_of(item), str(item["curve"])
    name = trust.panel_title(f"{item['method']} · {curve}", label, WIDTH + 30)
    rows = [_row(row) for row in item["rows"]]
    if not rows:
        return trust.panel_instead((WIDTH, HEIGHT), label, name)
    orders = list(dict.fromkeys(row["order"] for row in rows))
    if len(orders) > MOST_ORDERS or len(rows) > MOST_POINTS:
        raise ValueError(f"{len(rows)} points in {len(orders)} orders are more than can be read")
    layers = [
        layer
        for order in orders
        for layer in _line([row for row in rows if row["order"] == order], ends, (title, curve))
    ]
    return alt.layer(*layers, width=WIDTH, height=HEIGHT, title=name)


def _row(row: Mapping[str, Any]) -> style.Row:
    return {
        "order": shorten(str(row["order"]), 30),
        **{field: style.finite(row[field]) for field in ("share", "value", "low", "high")},
    }


def _line(
    rows: list[style.Row], ends: tuple[float, float], titles: tuple[str, str]
) -> list[alt.Chart]:
    def y(field: str) -> alt.Y:
        axis = alt.Axis(title=titles[0], tickCount=4)
        return alt.Y(f"{field}:Q", scale=alt.Scale(domain=list(ends), nice=False), axis=axis)

    name = SHARES.get(titles[1], shorten(titles[1], 40))
    axis = alt.Axis(title=name, labelExpr=PER_CENT, values=[0, 0.25, 0.5, 0.75, 1])
    x = alt.X("share:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)
    colour, dash = ORDERS.get(rows[0]["order"], (style.INK, [9, 3, 2, 3]))
    base = alt.Chart(style.data(rows)).encode(x)
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    lines = base.transform_filter("isValid(datum.value)")
    return [
        known.mark_area(color=colour, opacity=0.16).encode(y("low"), y2="high"),
        lines.mark_line(color=colour, strokeWidth=2, strokeDash=dash).encode(y("value")),
    ]


def tables(figure: Figure) -> list[Table]:
    """The curves with their labels; then their points."""
    items = [dict(item) for item in figure.data["items"]]
    fields = ("order", "share", "value", "low", "high")
    rows = [
        [cell(item["method"]), cell(item["curve"]), *(cell(row[field]) for field in fields)]
        for item in items
        for row in item["rows"]
    ]
    first = trust.table(items, ("method", "curve"))
    return [first, (["method", "curve", *fields], bounded(rows))] if rows else [first]
