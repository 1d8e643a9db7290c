"""What parity costs: accuracy under a limit that grows stricter."""

from __future__ import annotations

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import count, plain
from auditkit.reports.text import distinct, shorten

WIDTH, HEIGHT = 620, 210
COLOURS = (style.ESTIMATE, style.SECOND, style.QUIET)
# Room for the names of what is marked, as a share of the height on either side.
_AIR = 0.12


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A panel for each way to choose thresholds, since one may cost fifty times the other.

    A line of accuracies by limit with its band of 90 % intervals, the limit asked for, and what no
    limit was asked of: today's decision, and the most accurate one.
    """
    points = [dict(row) for row in figure.data["points"]]
    marks = [dict(row) for row in figure.data["marks"]]
    options = list(dict.fromkeys(str(row["option"]) for row in points))
    panels = []
    for place, option in enumerate(options):
        rows = [row for row in points if str(row["option"]) == option]
        last = option == options[-1]
        axes = _Axes([*rows, *marks], points, str(figure.data["axis"]) if last else "")
        layers = [*_limit(figure, axes), *_curve(rows, COLOURS[place % len(COLOURS)], axes)]
        name = alt.TitleParams(shorten(option), fontSize=13, offset=4)
        layers += _marks(marks, axes)
        panels.append(alt.layer(*layers, width=WIDTH, height=HEIGHT, title=name))
    notes = [
        f"n = {count(figure.data['n'])} on the held-out half; bands and bars: 90 % intervals.",
        "Every panel has its own axis of accuracy.",
    ]
    return alt.vconcat(*panels, spacing=14, title=style.title(figure.title, notes))


class _Axes:
    """The two scales of a panel, which every layer of it carries."""

    def __init__(self, rows: list[style.Row], points: list[style.Row], title: str) -> None:
        self._x = style.domain([style.finite(row.get("asked")) for row in (*rows, *points)])
        ends = [style.finite(row.get(end)) for row in rows for end in ("value", "low", "high")]
        low, high = style.domain(ends)
        self._y = [low - _AIR * (high - low), high + _AIR * (high - low)]
        named = shorten(title, 100)
        self._title = f"{named[:1].upper()}{named[1:]}" or None

    def x(self) -> alt.X:
        axis = alt.Axis(title=self._title, tickCount=6)
        return alt.X("asked:Q", scale=alt.Scale(domain=list(self._x), nice=False), axis=axis)

    def y(self, field: str = "value") -> alt.Y:
        digits = 0 if self._y[1] - self._y[0] > 0.1 else 1
        label = f"format(100 * datum.value, '.{digits}f') + ' %'"
        axis = alt.Axis(title="accuracy", tickCount=5, labelExpr=label)
        return alt.Y(f"{field}:Q", scale=alt.Scale(domain=self._y, nice=False), axis=axis)


def _limit(figure: Figure, axes: _Axes) -> list[alt.Chart]:
    asked = style.finite(figure.data.get("asked"))
    if asked is None:
        return []
    digits = plain(asked, 3).rstrip("0").rstrip(".")
    base = alt.Chart(style.data([{"asked": asked, "text": f"asked for: {digits}"}]))
    text = base.mark_text(align="right", dx=-6, fontStyle="italic")
    return [
        base.mark_rule(color=style.INK, strokeDash=[5, 4]).encode(axes.x()),
        text.encode(axes.x(), alt.Text("text:N"), y=alt.value(HEIGHT - 10)),
    ]


def _curve(rows: list[style.Row], colour: str, axes: _Axes) -> list[alt.Chart]:
    base = alt.Chart(style.data(rows)).transform_filter("isValid(datum.value)")
    band = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    points = base.mark_point(color=colour, filled=True, size=36, opacity=1)
    return [
        band.mark_area(color=colour, opacity=0.18).encode(axes.x(), axes.y("low"), y2="high"),
        base.mark_line(color=colour, strokeWidth=2).encode(axes.x(), axes.y()),
        points.encode(axes.x(), axes.y()),
    ]


def _marks(marks: list[style.Row], axes: _Axes) -> list[alt.Chart]:
    """What no limit was asked of, each with its interval, named below and above in turn."""
    names = distinct((str(row["option"]) for row in marks), 40)
    layers = []
    for place, (row, name) in enumerate(zip(marks, names, strict=True)):
        base = alt.Chart(style.data([{**row, "text": name}])).transform_filter(
            "isValid(datum.asked) && isValid(datum.value)"
        )
        known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
        point = base.mark_point(color=style.INK, shape="diamond", filled=True, size=110, opacity=1)
        field, dy = (("low", 10), ("high", -10))[place % 2]
        layers += [
            known.mark_rule(color=style.INK).encode(axes.x(), axes.y("low"), y2="high"),
            point.encode(axes.x(), axes.y()),
            known.mark_text(dx=-4, dy=dy).encode(axes.x(), axes.y(field), alt.Text("text:N")),
        ]
    return layers
