"""Training against evaluation, metric by metric."""

from __future__ import annotations

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale, count
from auditkit.reports.text import distinct
from auditkit.reports.wording import metric_title

WIDTH, MOST_METRICS = 460, 10
COLOURS = {"training": style.SECOND, "evaluation": style.ESTIMATE}
SHARES = ("accuracy", "balanced accuracy", "balanced_accuracy")


def draw(figure: Figure) -> alt.TopLevelMixin:
    """One small panel for each metric, each with its own axis, since their units differ."""
    metrics: dict[str, list[style.Row]] = {}
    for row in figure.data["rows"]:
        metrics.setdefault(str(row["metric"]), []).append(row)
    notes = ["Points with 90 % intervals; every panel has its own axis."]
    if len(metrics) > MOST_METRICS:
        notes.append(f"The first {MOST_METRICS} of {count(len(metrics))} metrics are drawn.")
    panels = [_panel(name, metrics[name]) for name in list(metrics)[:MOST_METRICS]]
    return alt.vconcat(*panels, spacing=10, title=style.title(figure.title, notes))


def _panel(metric: str, given: list[style.Row]) -> alt.LayerChart:
    # The figure carries the metric's id or title, "(head)" behind it, and no unit.
    name = metric.rpartition(".")[2].partition(" (")[0].lower()
    scale = Scale({"unit": "share" if name in SHARES else ""})
    rows = _rows(given, scale)
    ends = style.domain([row[end] for row in rows for end in ("value", "low", "high")])
    axis = style.number_axis(metric_title(metric), scale)
    base = alt.Chart(style.data(style.cut(rows, ends, style.INTERVAL))).encode(
        style.names_of(rows, 150)
    )
    colour = alt.Color("colour:N", scale=None)
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    low, value = style.quantity("low", ends, axis), style.quantity("value", ends, axis)
    return alt.layer(
        known.mark_rule(strokeWidth=2.5).encode(low, colour, x2="high"),
        base.mark_point(filled=True, size=75, opacity=1).encode(value, colour),
        base.mark_text().encode(text="text:N", x=style.beside(WIDTH)),
        width=WIDTH,
        height=alt.Step(style.ROW_HEIGHT),
    )


def _rows(given: list[style.Row], scale: Scale) -> list[style.Row]:
    rows = []
    for name, row in zip(distinct((str(row["split"]) for row in given), 24), given, strict=True):
        drawn = style.drawn(row, scale)
        drawn["text"] += f",  n = {count(row.get('n') or 0)}"
        rows.append({"label": name, "colour": COLOURS.get(name, style.QUIET), **drawn})
    return rows
