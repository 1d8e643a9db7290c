"""What of the evaluation data was seen in training, kind by kind."""

from __future__ import annotations

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale, count
from auditkit.reports.text import distinct

WIDTH, MOST_ROWS = 380, 24
_SHARE = Scale({"unit": "share"})


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A bar for each kind of leak, with how many rows it is of; no bar where nothing was measured.

    Shares that were counted have no interval; those of a sample have one.
    """
    given = list(figure.data["rows"])
    rows = _rows(given)
    notes = [
        f"n = {count(figure.data['n'])} evaluation rows.",
        "Dark lines: 90 % intervals; shares that were counted have none.",
    ]
    if len(given) > MOST_ROWS:
        notes.append(f"The first {MOST_ROWS} of {count(len(given))} are drawn.")
    return alt.layer(
        *_layers(rows),
        width=WIDTH,
        height=alt.Step(style.ROW_HEIGHT),
        title=style.title(figure.title, notes),
    )


def _rows(given: list[style.Row]) -> list[style.Row]:
    rows = []
    for name, row in zip(
        distinct((str(row["kind"]) for row in given[:MOST_ROWS]), 60), given, strict=False
    ):
        rows.append({"label": name, "zero": 0.0, **style.drawn(row, _SHARE), "text": _text(row)})
    return rows


def _text(row: style.Row) -> str:
    value, interval = style.finite(row.get("value")), style.interval_of(row)
    if value is None:
        return style.NOT_MEASURED
    ends = f" ({_SHARE.span(interval, value)})" if interval else ""
    return f"{_SHARE.value(value, interval)}{ends} of {count(row['n'])}"


def _layers(rows: list[style.Row]) -> list[alt.Chart]:
    ends = style.domain([row[end] for row in rows for end in ("value", "low", "high")], [0.0])
    axis = style.number_axis("share of the rows", _SHARE)
    base = alt.Chart(style.data(style.cut(rows, ends, style.INTERVAL))).encode(
        style.names_of(rows, 340)
    )
    bars = base.transform_filter("isValid(datum.value)").mark_bar(color="#d7a05f", height=14)
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    return [
        bars.encode(style.quantity("zero", ends, axis), x2="value"),
        known.mark_rule(color=style.INK, strokeWidth=2).encode(
            style.quantity("low", ends, axis), x2="high"
        ),
        base.mark_text().encode(text="text:N", x=style.beside(WIDTH)),
    ]
