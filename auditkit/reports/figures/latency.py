"""How long calls take: quantiles with their intervals, a panel for each batch size."""

from __future__ import annotations

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale, count, decimals_for, plain
from auditkit.reports.text import distinct, shorten

WIDTH, MOST_PANELS = 460, 8


def draw(figure: Figure) -> alt.TopLevelMixin:
    """Panels have axes of their own, since a large batch takes many times as long as a small one.

    Args:
        figure: `rows`, each with `batch`, `share` (of the calls), `value`, `low`, `high` in
            milliseconds, and `n`, the number of calls; `device`, what they ran on.
    """
    panels: dict[str, list[style.Row]] = {}
    for row in figure.data["rows"]:
        panels.setdefault(str(row["batch"]), []).append(row)
    calls = count(max((row.get("n") or 0 for row in figure.data["rows"]), default=0))
    notes = [
        f"n = {calls} calls of each batch size at most, on "
        f"{shorten(str(figure.data['device']), 80)}.",
        "Points with 90 % intervals; every panel has its own axis, which begins at 0.",
    ]
    if len(panels) > MOST_PANELS:
        notes.append(f"The first {MOST_PANELS} of {count(len(panels))} batch sizes are drawn.")
    drawn = [_panel(name, panels[name]) for name in list(panels)[:MOST_PANELS]]
    return alt.vconcat(*drawn, spacing=10, title=style.title(figure.title, notes))


def _panel(batch: str, given: list[style.Row]) -> alt.LayerChart:
    scale = Scale({})
    labels = distinct((f"{row['share']} of the calls" for row in given), 24)
    rows = [
        {"label": label, **style.drawn(row, scale), "text": _worded(row)}
        for label, row in zip(labels, given, strict=True)
    ]
    ends = style.domain(_within(rows), include=(0.0,))
    calls = count(max((row.get("n") or 0 for row in given), default=0))
    axis = style.number_axis(f"milliseconds, {shorten(batch, 40)}, {calls} calls", scale)
    base = alt.Chart(style.data(style.cut(rows, ends, style.INTERVAL))).encode(
        style.names_of(rows, 150)
    )
    bounded = base.transform_filter("isValid(datum.low)").transform_calculate(
        # An interval without an upper end runs to the edge, as one that ends beyond it does.
        end=f"isValid(datum.high) ? datum.high : {ends[1]}"
    )
    low, value = style.quantity("low", ends, axis), style.quantity("value", ends, axis)
    return alt.layer(
        bounded.mark_rule(strokeWidth=2.5, color=style.ESTIMATE).encode(low, x2="end:Q"),
        base.mark_point(filled=True, size=75, opacity=1, color=style.ESTIMATE).encode(value),
        base.mark_text().encode(text="text:N", x=style.beside(WIDTH)),
        width=WIDTH,
        height=alt.Step(style.ROW_HEIGHT),
    )


def _within(rows: list[style.Row]) -> list[float]:
    """What the axis shows: values, and bounds as long as these do not squeeze the values."""
    numbers = [[style.finite(row[end]) for row in rows] for end in ("value", *style.INTERVAL)]
    values, low, high = ([number for number in part if number is not None] for part in numbers)
    most = 2 * max(values, default=0.0)
    return [*values, *low, *(min(number, most) for number in high)]


def _worded(row: style.Row) -> str:
    """Three digits of each end: one call in a hundred may take a thousand times as long."""
    value, interval = style.finite(row.get("value")), style.interval_of(row)
    if value is None:
        return style.NOT_MEASURED
    if interval is None:
        return f"{_short(value)} (no interval)"
    return f"{_short(value)} ({_short(interval.low)} to {_short(interval.high)})"


def _short(number: float) -> str:
    return plain(number, max(decimals_for(None, number) - 1, 0))
