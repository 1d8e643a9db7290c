"""The look that all figures share, and the pieces that several of them are drawn from.

Colours are told apart with every common kind of colour vision and differ in lightness, so that a
print in grey keeps the difference; nothing is said by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from auditkit.measurement import Interval
from auditkit.reports.formatting import Scale
from auditkit.reports.text import clean, shorten

Row = dict[str, Any]

INK = "#1b2530"
QUIET = "#5b6672"
GRID = "#e4e8ec"
REGION = "#cfdbe6"
BAND = "#c9ced4"
ESTIMATE = "#0b5e8a"
SECOND = "#d98a1f"
SERIES = (ESTIMATE, SECOND, "#7a4fa3", "#2f8f5b", "#b0413e", "#4a4f57")
"""Several lines or groups; told apart by dashes or shapes too."""
FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"
ROW_HEIGHT = 28
NOT_MEASURED = "not measured"
FEWEST, MOST = "#f1f4f6", "#e09a3c"


def data(rows: Sequence[Row]) -> alt.InlineData:
    """Rows inside the chart itself: nothing is fetched, and no data frame is needed."""
    return alt.InlineData(values=clean(list(rows)))


def finite(number: Any) -> float | None:
    """A number that can be drawn, else None."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    return float(number) if math.isfinite(number) else None


def interval_of(row: Mapping[str, Any]) -> Interval | None:
    """The interval of a row, None if it has none; one absent end is an infinite one."""
    low, high = finite(row.get("low")), finite(row.get("high"))
    if low is None and high is None:
        return None
    ends = (-math.inf if low is None else low, math.inf if high is None else high)
    return Interval(*ends, 0.9, "")


def worded(row: Mapping[str, Any], scale: Scale) -> str:
    """Value and interval as the direct label of a row."""
    value, interval = finite(row.get("value")), interval_of(row)
    if value is None:
        return NOT_MEASURED
    text = scale.value(value, interval)
    return f"{text} ({scale.span(interval, value)})" if interval else f"{text} (no interval)"


def drawn(row: Mapping[str, Any], scale: Scale) -> Row:
    """The numbers of a row in the unit of the axis."""
    interval, value = interval_of(row), finite(row.get("value"))
    return {
        "value": None if value is None else value * scale.factor,
        "low": None if interval is None else interval.low * scale.factor,
        "high": None if interval is None else interval.high * scale.factor,
        "text": worded(row, scale),
    }


def domain(numbers: Sequence[float | None], include: Sequence[float] = ()) -> tuple[float, float]:
    """Ends of an axis that shows all the numbers, with a little air; never empty."""
    given = [number for number in (*numbers, *include) if number is not None]
    known = [number for number in given if math.isfinite(number)] or [0.0]
    low, high = min(known), max(known)
    air = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return (low if low in include else low - air, high if high in include else high + air)


def cut(rows: Sequence[Row], ends: tuple[float, float], fields: tuple[str, str]) -> list[Row]:
    """Rows whose intervals stop where the axis does; the label beside them has the true ends."""

    def inside(number: float | None) -> float | None:
        return None if number is None else min(max(number, ends[0]), ends[1])

    return [{**row, **{field: inside(row[field]) for field in fields}} for row in rows]


INTERVAL = ("low", "high")


def title(text: str, notes: Sequence[str]) -> alt.TitleParams:
    """What the figure shows, and under it n and how to read the drawing, a line each."""
    lines = [shorten(note, 150) for note in notes if note]
    return alt.TitleParams(text=shorten(text, 110), subtitle=lines)


def label_axis(limit: int = 210) -> alt.Axis:
    """The axis of row names: no line, no ticks, no title."""
    return alt.Axis(title=None, ticks=False, domain=False, labelLimit=limit, labelPadding=8)


def number_axis(name: str, scale: Scale) -> alt.Axis:
    """The axis of values; per cent signs are on every tick."""
    suffix = " + ' %'" if scale.suffix == " %" else ""
    return alt.Axis(title=name, labelExpr=f"datum.label{suffix}", tickCount=5, labelFlush=False)


def quantity(field: str, ends: tuple[float, float], axis: alt.Axis) -> alt.X:
    """A horizontal position; every layer of a panel carries the same scale and axis."""
    return alt.X(f"{field}:Q", scale=alt.Scale(domain=list(ends), nice=False), axis=axis)


def names_of(rows: Sequence[Row], limit: int = 210) -> alt.Y:
    """The rows' labels as vertical positions, in the order given."""
    order = [row["label"] for row in rows]
    scale = alt.Scale(domain=order)
    return alt.Y("label:N", sort=None, scale=scale, axis=label_axis(limit))


def beside(width: int) -> alt.XValue:
    """The position of direct labels: a column to the right of the panel."""
    return alt.value(width + 12)


def shades(numbers: Sequence[float | None]) -> alt.Scale:
    """From hardly any colour at the smallest number to one that text is still read on."""
    known = [number for number in numbers if number is not None]
    ends = [min(known, default=0.0), max(known, default=1.0)]
    return alt.Scale(domain=ends, range=[FEWEST, MOST], interpolate="rgb")


def finished(chart: alt.TopLevelMixin) -> alt.TopLevelMixin:
    """The chart with the configuration that all figures share."""
    chart.config = configuration()  # set, since each `configure_…` copies the whole chart
    return chart


def configuration() -> alt.Config:
    """Type, colours and distances."""
    return alt.Config(
        font=FONT,
        background="white",
        aria=False,
        padding=6,
        view=alt.ViewConfig(stroke=None),
        concat=alt.CompositionConfig(spacing=24),
        text=alt.MarkConfig(color=INK, fontSize=12, align="left", baseline="middle"),
        axis=alt.AxisConfig(
            labelColor=INK,
            titleColor=QUIET,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            gridColor=GRID,
            domainColor=QUIET,
            tickColor=QUIET,
        ),
        title=alt.TitleConfig(
            anchor="start",
            frame="bounds",
            color=INK,
            fontSize=16,
            subtitleColor=QUIET,
            subtitleFontSize=12.5,
            subtitleLineHeight=17,
            subtitlePadding=5,
            offset=14,
        ),
    )
