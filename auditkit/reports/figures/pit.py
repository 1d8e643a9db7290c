"""PIT histogram: how many targets fall between predicted quantiles, against how many should."""

from __future__ import annotations

from typing import Any

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import count

WIDTH, HEIGHT = 560, 260
SHARES = ("observed", "low", "high", "band_low", "band_high")
MOST_TICKS = 15


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A bar between each two neighbouring quantiles: the share found over the share promised.

    As wide as the share promised, so that its area is the share found, and each bar of a model
    whose quantiles hold reaches 1. The grey boxes show where chance would put it with this n, so
    that noise is not read as a fault (Gneiting, Balabdaoui and Raftery, JRSS B 69, 2007).
    """
    rows = [_over_promise(dict(bar)) for bar in figure.data["bars"]]
    notes = [
        f"n = {count(figure.data['n'])}; vertical lines: 90 % intervals.",
        "Grey boxes: where the bars would end with this n if the quantiles held.",
    ]
    highest = max(row[share] for row in rows for share in SHARES)
    y = _Heights(1.08 * max(highest, 1.1))
    layers = [_bars(rows, y), _bands(rows, y), _even(y), _intervals(rows, y)]
    title = style.title(figure.title, notes)
    return alt.layer(*layers, width=WIDTH, height=HEIGHT, title=title)


def _over_promise(bar: style.Row) -> style.Row:
    """The shares of a bar in units of the share promised; raises where that is none."""
    heights: dict[str, Any] = {share: bar[share] / bar["expected"] for share in SHARES}
    middle = (bar["low_level"] + bar["high_level"]) / 2
    return {**bar, **heights, "middle": middle, "zero": 0}


class _Heights:
    """The vertical scale, which all layers share."""

    def __init__(self, top: float) -> None:
        self.scale = alt.Scale(domain=[0, top], nice=False)

    def of(self, field: str) -> alt.Y:
        axis = alt.Axis(title="share found / share promised", tickCount=5)
        return alt.Y(f"{field}:Q", scale=self.scale, axis=axis)


def _x(field: str, rows: list[style.Row]) -> alt.X:
    """Levels on an axis whose ticks are the declared ones, as far as they can be read."""
    levels = [row["high_level"] for row in rows[:-1]]
    ticks = {"values": [0, *levels, 1]} if len(levels) <= MOST_TICKS else {}
    axis = alt.Axis(
        title="level of the predicted quantiles (share of targets promised below)",
        format=".4~g",
        labelOverlap="greedy",
        grid=False,
        **ticks,
    )
    return alt.X(f"{field}:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)


def _bars(rows: list[style.Row], y: _Heights) -> alt.Chart:
    return (
        alt.Chart(style.data(rows))
        .mark_rect(color=style.ESTIMATE, opacity=0.35, stroke=style.ESTIMATE, strokeWidth=1)
        .encode(_x("low_level", rows), y.of("zero"), x2="high_level", y2="observed")
    )


def _bands(rows: list[style.Row], y: _Heights) -> alt.Chart:
    return (
        alt.Chart(style.data(rows))
        .mark_rect(color=style.BAND, opacity=0.75)
        .encode(_x("low_level", rows), y.of("band_low"), x2="high_level", y2="band_high")
    )


def _even(y: _Heights) -> alt.Chart:
    return (
        alt.Chart(style.data([{"one": 1}]))
        .mark_rule(color=style.QUIET, strokeWidth=1.2, strokeDash=[5, 4])
        .encode(y.of("one"))
    )


def _intervals(rows: list[style.Row], y: _Heights) -> alt.Chart:
    return (
        alt.Chart(style.data(rows))
        .mark_rule(color=style.ESTIMATE, strokeWidth=2)
        .encode(_x("middle", rows), y.of("low"), y2="high")
    )
