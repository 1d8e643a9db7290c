"""Numbers by group, each against where it would lie if there were nothing."""

from __future__ import annotations

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale, count
from auditkit.reports.text import distinct, shorten

WIDTH, MOST_GROUPS = 460, 30
NULL = ("null_low", "null_high")


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A point with its interval for each group, over the grey band of what chance alone gives."""
    given = list(figure.data["rows"])
    rows = _rows(given)
    band = shorten(str(figure.data["null_label"]), 60)
    notes = [
        f"n = {count(figure.data['n'])}; points with 90 % intervals.",
        f"Grey band: where nine of ten would lie with {band}.",
    ]
    if len(given) > len(rows):
        notes.append(f"The first {len(rows)} of {count(len(given))} groups are drawn.")
    return alt.layer(
        *_layers(rows, shorten(str(figure.data["value_label"]))),
        width=WIDTH,
        height=alt.Step(style.ROW_HEIGHT),
        title=style.title(figure.title, notes),
    )


def _rows(given: list[style.Row]) -> list[style.Row]:
    names = distinct((str(row["group"]) for row in given[:MOST_GROUPS]), 34)
    rows = []
    for name, row in zip(names, given, strict=False):
        drawn = style.drawn(row, Scale({}))
        drawn["text"] += f",  n = {count(row.get('n') or 0)}"
        rows.append({"label": name, **drawn, **{end: style.finite(row.get(end)) for end in NULL}})
    return rows


def _layers(rows: list[style.Row], title: str) -> list[alt.Chart]:
    fields = ("value", *style.INTERVAL, *NULL)
    ends = style.domain([row[field] for row in rows for field in fields])
    axis = style.number_axis(title, Scale({}))
    base = alt.Chart(style.data(style.cut(rows, ends, style.INTERVAL))).encode(style.names_of(rows))
    bands = base.transform_filter("isValid(datum.null_low) && isValid(datum.null_high)")
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    return [
        bands.mark_bar(color=style.BAND, height=style.ROW_HEIGHT - 6).encode(
            style.quantity("null_low", ends, axis), x2="null_high"
        ),
        known.mark_rule(color=style.ESTIMATE, strokeWidth=2.5).encode(
            style.quantity("low", ends, axis), x2="high"
        ),
        base.mark_point(color=style.ESTIMATE, filled=True, size=75, opacity=1).encode(
            style.quantity("value", ends, axis)
        ),
        base.mark_text().encode(text="text:N", x=style.beside(WIDTH)),
    ]
