"""How much better a model is on training data, class by class or group by group."""

from __future__ import annotations

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale, count
from auditkit.reports.text import distinct, shorten

WIDTH, MOST_ROWS = 400, 25


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A point with its interval for each part, a line at zero, and the numbers beside it."""
    given = list(figure.data["rows"])
    scale = Scale({"unit": str(figure.data["unit"])})
    rows = _rows(given[:MOST_ROWS], scale)
    notes = [
        "Right of zero: better on what it has seen. Lines: 90 % intervals; n: rows of both splits.",
    ]
    if len(given) > MOST_ROWS:
        notes.append(f"The first {MOST_ROWS} of {count(len(given))} are drawn.")
    axis = style.number_axis(shorten(str(figure.data["metric"]), 60), scale)
    return alt.layer(
        *_layers(rows, axis),
        width=WIDTH,
        height=alt.Step(style.ROW_HEIGHT),
        title=style.title(figure.title, notes),
    )


def _rows(given: list[style.Row], scale: Scale) -> list[style.Row]:
    rows = []
    for name, row in zip(distinct((str(row["part"]) for row in given), 30), given, strict=True):
        drawn = style.drawn(row, scale)
        units = style.finite(row.get("n"))
        drawn["text"] += ",  n under 5" if units is None else f",  n = {count(int(units))}"
        rows.append({"label": name, **drawn})
    return rows


def _layers(rows: list[style.Row], axis: alt.Axis) -> list[alt.Chart]:
    ends = style.domain([row[end] for row in rows for end in ("value", "low", "high")] + [0.0])
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
