"""Ranking of features by attribution."""

from __future__ import annotations

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale, count
from auditkit.reports.text import distinct, shorten

WIDTH, MOST_ROWS = 520, 25


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A bar for each feature, in the order given, with its interval and its number beside it."""
    given = list(figure.data["rows"])
    rows = _rows(given)
    notes = [f"n = {count(figure.data['n'])}; dark lines: 90 % intervals."]
    if len(given) > MOST_ROWS:
        notes.append(f"The first {MOST_ROWS} of {count(len(given))} are drawn.")
    return alt.layer(
        *_layers(rows, shorten(str(figure.data["value_label"]))),
        width=WIDTH,
        height=alt.Step(style.ROW_HEIGHT),
        title=style.title(figure.title, notes),
    )


def _rows(given: list[style.Row]) -> list[style.Row]:
    names = distinct((str(row["feature"]) for row in given[:MOST_ROWS]), 40)
    scale = Scale({})
    return [
        {"label": name, "zero": 0.0, **style.drawn(row, scale)}
        for name, row in zip(names, given, strict=False)
    ]


def _layers(rows: list[style.Row], title: str) -> list[alt.Chart]:
    ends = style.domain([row[end] for row in rows for end in ("value", "low", "high")], [0.0])
    axis = style.number_axis(title, Scale({}))
    base = alt.Chart(style.data(style.cut(rows, ends, style.INTERVAL))).encode(
        style.names_of(rows, 260)
    )
    bars = base.transform_filter("isValid(datum.value)").mark_bar(color="#8fb4cc", height=14)
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    return [
        bars.encode(style.quantity("zero", ends, axis), x2="value"),
        known.mark_rule(color=style.INK, strokeWidth=2).encode(
            style.quantity("low", ends, axis), x2="high"
        ),
        base.mark_text().encode(text="text:N", x=style.beside(WIDTH)),
    ]
