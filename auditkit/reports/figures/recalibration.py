"""Reliability of the same rows today and under each way to recalibrate."""

from __future__ import annotations

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import count
from auditkit.reports.text import shorten

SIDE, COLUMNS = 260, 2
_DOMAIN = (0.0, 1.0)


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A square panel for each option, all with one scale: points, their intervals and the diagonal.

    The grey band is the consistency band of each option's own bins, so that noise is not read as
    miscalibration that is left.
    """
    rows = [dict(row) for row in figure.data["points"]]
    options = list(dict.fromkeys(str(row["option"]) for row in rows))
    panels = []
    for place, option in enumerate(options):
        own = [row for row in rows if str(row["option"]) == option]
        last = place >= len(options) - COLUMNS
        axes = _Axes(bottom=last, left=place % COLUMNS == 0)
        name = alt.TitleParams(shorten(option), fontSize=13, offset=4)
        panels.append(alt.layer(*_layers(own, axes), width=SIDE, height=SIDE, title=name))
    outcome = shorten(str(figure.data["outcome"]), 40)
    notes = [
        f"Outcome: {outcome}. n = {count(figure.data['n'])} on the held-out half; vertical lines: "
        "90 % intervals.",
        "Grey band: where the points of calibrated probabilities would lie with this n.",
    ]
    return alt.concat(*panels, columns=COLUMNS, spacing=18, title=style.title(figure.title, notes))


class _Axes:
    """The scales of a panel; only the outer panels carry titles."""

    def __init__(self, *, bottom: bool, left: bool) -> None:
        self._bottom = "predicted probability" if bottom else None
        self._left = "share in which it happened" if left else None

    def x(self) -> alt.X:
        axis = alt.Axis(title=self._bottom, tickCount=6)
        return alt.X("score:Q", scale=alt.Scale(domain=list(_DOMAIN)), axis=axis)

    def y(self, field: str) -> alt.Y:
        axis = alt.Axis(title=self._left, tickCount=6)
        return alt.Y(f"{field}:Q", scale=alt.Scale(domain=list(_DOMAIN)), axis=axis)


def _layers(rows: list[style.Row], axes: _Axes) -> list[alt.Chart]:
    base = alt.Chart(style.data(rows)).transform_filter("isValid(datum.observed)")
    band = base.transform_filter("isValid(datum.band_low) && isValid(datum.band_high)")
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    ends = alt.Chart(style.data([{"score": end, "observed": end} for end in _DOMAIN]))
    ideal = ends.mark_line(color=style.QUIET, strokeWidth=1.2, strokeDash=[5, 4])
    area = band.mark_area(color=style.BAND, opacity=0.8)
    bars = known.mark_rule(color=style.ESTIMATE, strokeWidth=2)
    points = base.mark_point(color=style.ESTIMATE, filled=True, size=48, opacity=1)
    return [
        area.encode(axes.x(), axes.y("band_low"), y2="band_high"),
        ideal.encode(axes.x(), axes.y("observed")),
        bars.encode(axes.x(), axes.y("low"), y2="high"),
        points.encode(axes.x(), axes.y("observed")),
    ]
