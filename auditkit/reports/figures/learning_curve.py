"""What models err by the number of units that they were trained on, and where that may lead."""

from __future__ import annotations

from collections.abc import Iterator

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale, count
from auditkit.reports.text import shorten

WIDTH, HEIGHT = 520, 290
_DASH = [6, 4]


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A point with its interval for each size, the curve through them, and a fan beyond.

    What lies beyond the largest size is dashed and called an extrapolation; how far such a curve
    missed the largest size, when it was fitted without, is said.
    """
    scale = Scale({"unit": str(figure.data["unit"])})
    axes = _Axes(figure, scale)
    points = [_row(row, scale) for row in figure.data["points"]]
    curve = [_row(row, scale) for row in figure.data.get("curve") or ()]
    fan = [_row(row, scale) for row in figure.data.get("extrapolation") or ()]
    layers = [*_fan(fan, axes), *_line(curve, axes, []), *_points(points, axes)]
    notes = list(_notes(figure, extrapolated=bool(fan)))
    return alt.layer(*layers, width=WIDTH, height=HEIGHT, title=style.title(figure.title, notes))


def _row(row: style.Row, scale: Scale) -> style.Row:
    return {"size": float(row["size"]), **style.drawn(row, scale)}


class _Axes:
    """The two scales, which every layer carries."""

    def __init__(self, figure: Figure, scale: Scale) -> None:
        rows = [
            row
            for part in ("points", "curve", "extrapolation")
            for row in figure.data.get(part) or ()
        ]
        sizes = [size for row in rows if (size := style.finite(row["size"])) and size > 0]
        if not sizes:
            raise ValueError("a learning curve has no sizes")
        self._sizes = [min(sizes) / 1.15, max(sizes) * 1.15]
        taught = {float(row["size"]) for row in figure.data["points"]}
        # Twice the largest size is the end of the extrapolation, and its last tick.
        self._ticks = sorted({*taught, *([max(sizes)] if max(sizes) > max(taught) else [])})
        numbers = [style.drawn(row, scale) for row in rows]
        self._ends = style.domain([n[end] for n in numbers for end in ("value", "low", "high")])
        self._name = shorten(str(figure.data["value_label"]), 60)
        self._scale = scale

    def x(self) -> alt.X:
        axis = alt.Axis(title="training units", values=self._ticks, format=",.0f", grid=False)
        return alt.X("size:Q", scale=alt.Scale(type="log", domain=self._sizes), axis=axis)

    def y(self, field: str) -> alt.Y:
        axis = style.number_axis(self._name, self._scale)
        return alt.Y(f"{field}:Q", scale=alt.Scale(domain=list(self._ends), nice=False), axis=axis)


def _notes(figure: Figure, *, extrapolated: bool) -> Iterator[str]:
    whose = "the last layer alone, on frozen features; " if figure.data.get("frozen") else ""
    yield (
        f"n = {count(figure.data['n'])} evaluation units, {count(figure.data['draws'])} draws of "
        f"each size; {whose}vertical lines: 90 % intervals."
    )
    missed = style.finite(figure.data.get("back_test"))
    if extrapolated and missed is not None:
        points = Scale({"unit": str(figure.data["unit"]), "comparison": True})
        yield (
            "Dashed: an extrapolation, no measurement. Without the largest size, the curve missed "
            f"it by {points.value(abs(missed))}."
        )
    elif not extrapolated:
        yield "Too few sizes for a curve that could be tried on one it has not seen."
    else:
        yield "Dashed: an extrapolation, no measurement."


def _fan(rows: list[style.Row], axes: _Axes) -> Iterator[alt.Chart]:
    if not rows:
        return
    base = alt.Chart(style.data(rows)).encode(axes.x())
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    yield known.mark_area(color=style.SECOND, opacity=0.16).encode(axes.y("low"), y2="high")
    yield from _line(rows, axes, _DASH)
    words = alt.Chart(style.data([{**rows[-1], "text": "extrapolation"}]))
    yield words.mark_text(dx=12, fontStyle="italic", color=style.QUIET).encode(
        axes.x(), axes.y("value"), alt.Text("text:N")
    )


def _line(rows: list[style.Row], axes: _Axes, dash: list[int]) -> Iterator[alt.Chart]:
    if rows:
        colour = style.SECOND if dash else style.QUIET
        line = alt.Chart(style.data(rows)).mark_line(
            color=colour, strokeWidth=1.8, strokeDash=dash or [1, 0]
        )
        yield line.encode(axes.x(), axes.y("value"))


def _points(rows: list[style.Row], axes: _Axes) -> Iterator[alt.Chart]:
    base = alt.Chart(style.data(rows)).encode(axes.x())
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    rule = known.mark_rule(color=style.ESTIMATE, strokeWidth=2.5)
    yield rule.encode(axes.y("low"), y2="high")
    point = base.mark_point(color=style.ESTIMATE, filled=True, size=75, opacity=1)
    yield point.encode(axes.y("value"))
