"""Calibration class by class: which classes are promised too often, and which too seldom."""

from __future__ import annotations

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale, count
from auditkit.reports.text import distinct

WIDTH, MOST_ROWS = 400, 25


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A point with its interval for each class, a line at zero, and the numbers beside it."""
    given = list(figure.data["rows"])
    scale = Scale({"unit": "share"})
    rows = _rows(given[:MOST_ROWS], scale)
    notes = [
        f"n = {count(figure.data['n'])}; lines: 90 % intervals; most common classes first.",
        "Right of zero: promised more often than it comes true; left of zero: less often.",
    ]
    if len(given) > MOST_ROWS:
        notes.append(f"The first {MOST_ROWS} of {count(int(figure.data['classes']))} are drawn.")
    return alt.layer(
        *_layers(rows, scale),
        width=WIDTH,
        height=alt.Step(style.ROW_HEIGHT),
        title=style.title(figure.title, notes),
    )


def _rows(given: list[style.Row], scale: Scale) -> list[style.Row]:
    rows = []
    for name, row in zip(distinct((str(row["class"]) for row in given), 30), given, strict=True):
        drawn = style.drawn({**row, "value": row["gap"]}, scale)
        most = style.finite(row.get("most"))
        off = "" if most is None else f",  typically off by at most {100 * most:.2g} %"
        units = row.get("n")
        many = "fewer than 5" if units is None else count(units)
        drawn["text"] += f"{off},  {many} of the class"
        rows.append({"label": name, **drawn})
    return rows


def _layers(rows: list[style.Row], scale: Scale) -> list[alt.Chart]:
    ends = style.domain([row[end] for row in rows for end in ("value", "low", "high")] + [0.0])
    axis = style.number_axis("mean probability minus share of the class", scale)
    base = alt.Chart(style.data(style.cut(rows, ends, style.INTERVAL))).encode(
        style.names_of(rows, 210)
    )
    zero = alt.Chart(style.data([{"zero": 0.0}])).mark_rule(color=style.QUIET, strokeDash=[5, 4])
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    valued = base.transform_filter("isValid(datum.value)")
    return [
        zero.encode(style.quantity("zero", ends, axis)),
        known.mark_rule(color=style.ESTIMATE, strokeWidth=2.5).encode(
            style.quantity("low", ends, axis), x2="high"
        ),
        valued.mark_point(filled=True, size=75, opacity=1, color=style.ESTIMATE).encode(
            style.quantity("value", ends, axis)
        ),
        base.mark_text().encode(text="text:N", x=style.beside(WIDTH)),
    ]
