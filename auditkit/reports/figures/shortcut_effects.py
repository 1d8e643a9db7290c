"""Decisions and scores that change when what ought not to matter is put in or taken out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale, count
from auditkit.reports.text import distinct

WIDTH, MOST_ROWS = 380, 24
_WHOLE, _PART = "#5b92b5", "#c3d6e2"
_SHARE, _POINTS = {"unit": "share"}, {"unit": "share", "low": -1}


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A panel of changed decisions, and one of moved scores, as far as there are rows of each.

    A dark bar is of all units under one intervention; the light ones below it are of the units
    taken for one class, or of one group. Of many, those with the largest change are drawn.
    """
    data, panels, notes = figure.data, [], []
    unit = str(data["unit"])
    moved = "mean change of the probability" if unit == "share" else f"mean change, {unit}"
    for rows, what, definition in (
        (list(data["flips"]), "share of decisions that change", _SHARE),
        (list(data["scores"]), moved, _POINTS if unit == "share" else {"unit": unit}),
    ):
        if rows:
            panels.append(_panel(_chosen(rows), what, Scale(definition)))
        if len(rows) > MOST_ROWS:
            notes.append(f"{MOST_ROWS} of {count(len(rows))} rows are drawn ({what}): the largest.")
    if not panels:
        raise LookupError("there is nothing to draw")
    read = (
        f"n = {count(data['n'])} units at most; dark lines: 90 % intervals. Dark bars: all units.",
        "Applied: put into the inputs; removed: taken out of them.",
    )
    title = style.title(figure.title, [*read, *notes])
    return alt.vconcat(*panels, spacing=18, title=title).resolve_scale(y="independent")


def _chosen(rows: list[style.Row]) -> list[style.Row]:
    """At most `MOST_ROWS`, in their order: those of all units, then those of the largest change."""

    def first(place: int) -> tuple[bool, float]:
        return not rows[place]["whole"], -abs(style.finite(rows[place]["value"]) or 0.0)

    return [rows[place] for place in sorted(sorted(range(len(rows)), key=first)[:MOST_ROWS])]


def _panel(given: list[style.Row], what: str, scale: Scale) -> alt.LayerChart:
    rows = _rows(given, scale)
    ends = style.domain([row[end] for row in rows for end in ("value", "low", "high")], [0.0])
    axis = style.number_axis(what, scale)
    base = alt.Chart(style.data(style.cut(rows, ends, style.INTERVAL))).encode(
        style.names_of(rows, 290)
    )
    bars = base.transform_filter("isValid(datum.value)").mark_bar(height=13)
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    colour = alt.Color("colour:N", scale=None, legend=None)
    return alt.layer(
        bars.encode(style.quantity("zero", ends, axis), colour, x2="value"),
        known.mark_rule(color=style.INK, strokeWidth=2).encode(
            style.quantity("low", ends, axis), x2="high"
        ),
        base.mark_text().encode(text="text:N", x=style.beside(WIDTH)),
        width=WIDTH,
        height=alt.Step(style.ROW_HEIGHT),
    )


def _rows(given: list[style.Row], scale: Scale) -> list[style.Row]:
    rows = []
    for name, row in zip(distinct(map(_name, given), 44), given, strict=True):
        drawn = style.drawn(row, scale)
        drawn["text"] += f",  n = {count(row['n'])}"
        colour = _WHOLE if row["whole"] else _PART
        rows.append({"label": name, "zero": 0.0, "colour": colour, **drawn})
    return rows


def _name(row: Mapping[str, Any]) -> str:
    change, part = str(row["change"]), str(row["part"])
    return f"{change} · {part}" if part else change
