"""What was logged while a model was trained: training against validation, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.figures.panels import in_rows, left_out
from auditkit.reports.figures.plain_table import Table, bounded, cell
from auditkit.reports.formatting import count
from auditkit.reports.text import shorten

WIDTH, HEIGHT, MOST_PANELS, COLUMNS = 330, 190, 6, 2
_PLAIN = "format(datum.value, ',.6~g')"
_LINES = {"training": (style.SECOND, [7, 3]), "validation": (style.ESTIMATE, [1, 0])}


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A panel for each quantity; the best validation loss is marked by a vertical line."""
    given = list(figure.data["panels"])
    drawn = [_panel(panel) for panel in given[:MOST_PANELS]]
    points = sum(len(panel["points"]) for panel in given)
    notes = [
        f"Dashed: training data; solid: validation data. One run; n = {count(points)} numbers.",
        "Vertical line: the lowest validation loss.",
        left_out(len(drawn), len(given), "quantities"),
    ]
    chart = in_rows(drawn, COLUMNS)
    chart.title = style.title(figure.title, notes)
    return chart


def _panel(panel: style.Row) -> alt.LayerChart:
    points = [point for point in panel["points"] if style.finite(point["value"]) is not None]
    times = [float(point["at"]) for point in points]
    span = style.domain(times) if min(times) == max(times) else (min(times), max(times))
    ends = style.domain([float(point["value"]) for point in points])
    layers = [*_best(panel, span, ends)]
    for name in _LINES:
        layers += _line(
            name, [point for point in points if point["curve"] == name], panel, span, ends
        )
    return alt.layer(*layers, width=WIDTH, height=HEIGHT, title=shorten(str(panel["quantity"]), 40))


def _x(field: str, panel: style.Row, span: tuple[float, float]) -> alt.X:
    axis = alt.Axis(title=str(panel["by"]), tickCount=6, labelExpr=_PLAIN)
    return alt.X(f"{field}:Q", scale=alt.Scale(domain=list(span), nice=False), axis=axis)


def _y(ends: tuple[float, float]) -> alt.Y:
    scale = alt.Scale(domain=list(ends), nice=False)
    return alt.Y("value:Q", scale=scale, axis=alt.Axis(title=None, tickCount=5))


def _line(
    name: str,
    points: list[style.Row],
    panel: style.Row,
    span: tuple[float, float],
    ends: tuple[float, float],
) -> Iterator[alt.Chart]:
    colour, dash = _LINES[name]
    base = alt.Chart(style.data(points))
    x, y = _x("at", panel, span), _y(ends)
    line = base.mark_line(color=colour, strokeWidth=2.2, strokeDash=dash, clip=True)
    yield line.encode(x, y)
    if len(points) == 1:
        yield base.mark_point(color=colour, filled=True, size=60).encode(x, y)


def _best(
    panel: style.Row, span: tuple[float, float], ends: tuple[float, float]
) -> Iterator[alt.Chart]:
    best = style.finite(panel.get("best"))
    if best is None:
        return
    base = alt.Chart(style.data([{"best": best, "text": f"best at {best:g}", "value": ends[1]}]))
    yield base.mark_rule(color=style.QUIET, strokeDash=[2, 2]).encode(_x("best", panel, span))
    right = best > sum(span) / 2
    words = base.mark_text(
        dx=-5 if right else 5, dy=8, align="right" if right else "left", color=style.QUIET
    )
    yield words.encode(_x("best", panel, span), _y(ends), alt.Text("text:N"))


def tables(figure: Figure) -> list[Table]:
    """The first, the lowest and the last number of each curve."""
    rows = []
    for panel in figure.data["panels"]:
        for name in _LINES:
            values = [point["value"] for point in panel["points"] if point["curve"] == name]
            if values:
                numbers = (values[0], min(values), values[-1])
                rows.append([cell(panel["quantity"]), name, *map(cell, numbers)])
    return [(["quantity", "curve", "first", "lowest", "last"], bounded(rows))]
