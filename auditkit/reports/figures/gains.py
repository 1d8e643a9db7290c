"""By how much one model is better than others on the same units, about zero."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale, count
from auditkit.reports.text import distinct

WIDTH, NAMES, MOST_PANELS, MOST_ROWS = 320, 310, 12, 24


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A panel for each measure, its gains about the line of no difference."""
    panels: dict[str, list[style.Row]] = {}
    for row in figure.data["rows"]:
        panels.setdefault(str(row["panel"]), []).append(row)
    notes = ["Points with 90 % intervals; every panel has its own axis, better is to the right."]
    if any(style.finite(row.get("margin")) for rows in panels.values() for row in rows):
        notes.append("Shaded: a difference that does not matter.")
    if len(panels) > MOST_PANELS:
        notes.append(f"The first {MOST_PANELS} of {count(len(panels))} panels are drawn.")
    if any(len(rows) > MOST_ROWS for rows in panels.values()):
        notes.append(f"The first {MOST_ROWS} rows of a panel are drawn.")
    drawn = [_panel(name, panels[name][:MOST_ROWS]) for name in list(panels)[:MOST_PANELS]]
    return alt.vconcat(*drawn, spacing=14, title=style.title(figure.title, notes))


def _panel(title: str, given: Sequence[style.Row]) -> alt.LayerChart:
    unit = str(given[0].get("unit") or "")
    # A difference of shares, which may be negative, is told in points of a hundred.
    scale = Scale({"unit": unit, "low": -1, "high": 1} if unit == "share" else {"unit": unit})
    rows = _rows(given, scale)
    margin = (style.finite(given[0].get("margin")) or 0.0) * scale.factor
    ends = style.domain(
        [row[end] for row in rows for end in ("value", "low", "high")], (0.0, -margin, margin)
    )
    axis = style.number_axis(f"{title}, {unit}" if not scale.suffix and unit else title, scale)
    base = alt.Chart(style.data(style.cut(rows, ends, style.INTERVAL))).encode(
        style.names_of(rows, NAMES)
    )
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    low, value = style.quantity("low", ends, axis), style.quantity("value", ends, axis)
    return alt.layer(
        *_ground(margin, ends, axis),
        known.mark_rule(strokeWidth=2.5, color=style.ESTIMATE).encode(low, x2="high"),
        base.mark_point(filled=True, size=75, opacity=1, color=style.ESTIMATE).encode(value),
        base.mark_text().encode(text="text:N", x=style.beside(WIDTH)),
        width=WIDTH,
        height=alt.Step(style.ROW_HEIGHT),
    )


def _ground(margin: float, ends: tuple[float, float], axis: alt.Axis) -> list[alt.Chart]:
    """The line of no difference, and the band about it."""
    place = [{"from": -margin, "to": margin, "zero": 0.0}]
    at = alt.Chart(style.data(place))
    zero = at.mark_rule(color=style.QUIET, strokeDash=[4, 3]).encode(
        style.quantity("zero", ends, axis)
    )
    if not margin:
        return [zero]
    band = at.mark_rect(color=style.REGION, opacity=0.6).encode(
        style.quantity("from", ends, axis), x2="to"
    )
    return [band, zero]


def _rows(given: Sequence[style.Row], scale: Scale) -> list[style.Row]:
    rows = []
    for name, row in zip(distinct((str(row["name"]) for row in given), 60), given, strict=True):
        drawn = style.drawn(row, scale)
        word = f",  {row['word']}" if row.get("word") else ""
        drawn["text"] += f"{word},  n = {count(row.get('n') or 0)}"
        rows.append({"label": name, **drawn})
    return rows
