"""Reliability curve: what was predicted against what happened."""

from __future__ import annotations

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import count
from auditkit.reports.text import shorten

WIDTH, HEIGHT, COUNTS_HEIGHT = 560, 300, 60


def draw(figure: Figure) -> alt.TopLevelMixin:
    """Observed share by predicted probability, and below it how many predictions lie where.

    The grey band shows where a perfectly calibrated model would lie with this n, so that noise is
    not read as miscalibration (Bröcker and Smith, "Increasing the reliability of reliability
    diagrams", Weather and Forecasting 22, 2007).
    """
    outcome = shorten(str(figure.data["outcome"]), 40)
    rows = [dict(row) for row in figure.data["bins"]]
    notes = [
        f"Outcome: {outcome}. n = {count(figure.data['n'])}, in {len(rows)} bins; "
        "vertical lines: 90 % intervals.",
        "Grey band: where the points of a perfectly calibrated model would lie with this n.",
    ]
    layers = (*_band(figure), *_directions(), *_points(rows))
    curve = alt.layer(*layers, width=WIDTH, height=HEIGHT)
    title = style.title(figure.title, notes)
    return alt.vconcat(curve, _counts(rows), spacing=8, title=title)


def _x(title: str | None = None) -> alt.X:
    """Predicted probability; only the lower panel, which has a title, carries the labels."""
    axis = alt.Axis(title=title, tickCount=6, labels=bool(title), ticks=bool(title))
    return alt.X("score:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)


def _y(field: str) -> alt.Y:
    axis = alt.Axis(title="share in which it happened", tickCount=6)
    return alt.Y(f"{field}:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)


def _band(figure: Figure) -> list[alt.Chart]:
    band = [dict(row) for row in figure.data.get("band") or ()]
    ends = style.data([{"score": 0, "observed": 0}, {"score": 1, "observed": 1}])
    ideal = alt.Chart(ends).mark_line(color=style.QUIET, strokeWidth=1.2, strokeDash=[5, 4])
    area = alt.Chart(style.data(band)).mark_area(color=style.BAND, opacity=0.8)
    layers = [area.encode(_x(), _y("low"), y2="high")] if band else []
    return [*layers, ideal.encode(_x(), _y("observed"))]


def _directions() -> list[alt.Chart]:
    """Two sentences in the corners that a curve leaves empty."""
    sides = (
        (0.02, 0.95, "left", "above the line: happens more often than predicted"),
        (0.98, 0.05, "right", "below the line: happens less often than predicted"),
    )
    return [
        alt.Chart(style.data([{"score": x, "observed": y, "text": text}]))
        .mark_text(align=align, color=style.QUIET, fontStyle="italic")
        .encode(_x(), _y("observed"), alt.Text("text:N"))
        for x, y, align, text in sides
    ]


def _points(rows: list[style.Row]) -> list[alt.Chart]:
    base = alt.Chart(style.data(rows))
    known = "isValid(datum.low) && isValid(datum.high)"
    bars = base.transform_filter(known).mark_rule(color=style.ESTIMATE, strokeWidth=2)
    points = base.mark_point(color=style.ESTIMATE, filled=True, size=60, opacity=1)
    return [
        bars.encode(_x(), _y("low"), y2="high"),
        points.encode(_x(), _y("observed")),
    ]


def _counts(rows: list[style.Row]) -> alt.Chart:
    axis = alt.Axis(title="n", tickCount=2, format=",d")
    rows = [{**row, "zero": 0} for row in rows]
    return (
        alt.Chart(style.data(rows), width=WIDTH, height=COUNTS_HEIGHT)
        .mark_rule(color=style.QUIET, strokeWidth=9)
        .encode(_x("predicted probability"), alt.Y("zero:Q", axis=axis), y2="n")
    )
