"""Errors among the answers, by how many of the units are answered."""

from __future__ import annotations

from collections.abc import Iterator

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import count
from auditkit.reports.text import distinct, shorten

WIDTH, HEIGHT, MOST_CURVES = 560, 300, 6
_AIR = 1.08
# Told apart by the dashes too; the first is the confidence itself, with its band.
_DASHES = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [1, 3])


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A line for each probe, from all units on the right to the most confident ones on the left.

    For reference the flat line of an order that says nothing and the best possible order; where
    given, the error aimed at, and the threshold that was chosen.
    """
    curves = [dict(curve) for curve in figure.data["curves"]]
    drawn = curves[:MOST_CURVES]
    axes = _Axes(figure, drawn)
    layers = [*_references(figure, axes), *_limit(figure, axes)]
    layers += [layer for place, curve in enumerate(drawn) for layer in _curve(curve, place, axes)]
    layers += [*_key(drawn), *_mark(figure, axes)]
    notes = [
        f"n = {count(figure.data['n'])}; band: 90 % interval at each share by itself; "
        "points are at least 5 units apart.",
        "Grey: the best possible order (below), and one that says nothing (flat).",
    ]
    if len(curves) > len(drawn):
        notes.append(f"The first {len(drawn)} of {count(len(curves))} curves are drawn.")
    return alt.layer(*layers, width=WIDTH, height=HEIGHT, title=style.title(figure.title, notes))


class _Axes:
    """The two scales, which every layer carries."""

    def __init__(self, figure: Figure, curves: list[style.Row]) -> None:
        points = [point for curve in curves for point in curve["points"]]
        given = [figure.data["error"], figure.data.get("limit"), *_ends(figure.data.get("mark"))]
        given += [number for point in points for number in _ends(point)]
        known = [number for number in map(style.finite, given) if number is not None]
        self.top = min(max([*known, 0.01]) * _AIR, 1.0)

    def x(self, field: str = "coverage") -> alt.X:
        label = "format(100 * datum.value, '.0f') + ' %'"
        axis = alt.Axis(title="share of the units that are answered", labelExpr=label, tickCount=6)
        return alt.X(f"{field}:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)

    def y(self, field: str = "risk") -> alt.Y:
        digits = 0 if self.top > 0.06 else 1
        label = f"format(100 * datum.value, '.{digits}f') + ' %'"
        axis = alt.Axis(title="error among the answers", labelExpr=label, tickCount=6)
        scale = alt.Scale(domain=[0, self.top], nice=False, clamp=True)
        return alt.Y(f"{field}:Q", scale=scale, axis=axis)


def _ends(row: object) -> list[object]:
    return [row.get(end) for end in ("risk", "low", "high")] if isinstance(row, dict) else []


def _references(figure: Figure, axes: _Axes) -> Iterator[alt.Chart]:
    best = [dict(row) for row in figure.data.get("best") or ()]
    error = figure.data["error"]
    flat = [{"coverage": 0, "risk": error}, {"coverage": 1, "risk": error}]
    for rows, dash in ((best, [5, 4]), (flat, [5, 4])):
        base = alt.Chart(style.data(rows))
        line = base.mark_line(color=style.QUIET, strokeWidth=1.2, strokeDash=dash, clip=True)
        yield line.encode(axes.x(), axes.y())


def _limit(figure: Figure, axes: _Axes) -> Iterator[alt.Chart]:
    limit = style.finite(figure.data.get("limit"))
    if limit is None:
        return
    text = f"at most {100 * limit:.3g} % errors"
    base = alt.Chart(style.data([{"coverage": 0.01, "risk": limit, "text": text}]))
    yield base.mark_rule(color=style.INK, strokeWidth=1).encode(axes.y())
    words = base.mark_text(dy=-8, fontStyle="italic")
    yield words.encode(axes.x(), axes.y(), alt.Text("text:N"))


def _curve(curve: style.Row, place: int, axes: _Axes) -> Iterator[alt.Chart]:
    base = alt.Chart(style.data([dict(point) for point in curve["points"]]))
    colour, dash = style.SERIES[place], _DASHES[place]
    if any(style.finite(point.get("low")) is not None for point in curve["points"]):
        known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
        band = known.mark_area(color=colour, opacity=0.18, clip=True)
        yield band.encode(axes.x(), axes.y("low"), y2="high")
    width = 2.5 if place == 0 else 1.8
    line = base.mark_line(color=colour, strokeWidth=width, strokeDash=dash, clip=True)
    yield line.encode(axes.x(), axes.y())


def _key(curves: list[style.Row]) -> Iterator[alt.Chart]:
    """The names beside a piece of each line, in the column to the right of the panel."""
    names = distinct((_named(curve) for curve in curves), 40)
    for place, name in enumerate(names):
        base = alt.Chart(style.data([{"text": name}]))
        y = alt.value(14 + 20 * place)
        rule = base.mark_rule(
            color=style.SERIES[place], strokeWidth=2.5, strokeDash=_DASHES[place], clip=False
        )
        yield rule.encode(x=alt.value(WIDTH + 14), x2=alt.value(WIDTH + 44), y=y)
        yield base.mark_text().encode(x=alt.value(WIDTH + 52), y=y, text="text:N")


def _named(curve: style.Row) -> str:
    return shorten(str(curve["probe"]).replace("max_softmax", "confidence").replace("_", " "), 40)


def _mark(figure: Figure, axes: _Axes) -> Iterator[alt.Chart]:
    """The chosen threshold: its coverage and error, with the interval of the error."""
    mark = figure.data.get("mark")
    if not isinstance(mark, dict):
        return
    right = (style.finite(mark.get("coverage")) or 0) > 0.7
    base = alt.Chart(style.data([mark])).transform_filter("isValid(datum.risk)")
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    yield known.mark_rule(color=style.INK, strokeWidth=2).encode(axes.x(), axes.y("low"), y2="high")
    point = base.mark_point(color=style.INK, shape="diamond", filled=True, size=110, opacity=1)
    yield point.encode(axes.x(), axes.y())
    words = base.mark_text(dx=-12 if right else 12, dy=12, align="right" if right else "left")
    yield words.encode(axes.x(), axes.y(), alt.Text("text:N"))
