"""Accuracy and confidence, or the error, by level of each corruption."""

from __future__ import annotations

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale, count
from auditkit.reports.text import shorten

WIDTH, HEIGHT, COLUMNS, MOST = 200, 170, 3, 12
COLOURS = {"confidence": (style.SECOND, [5, 4])}
KNOWN = (style.ESTIMATE, [1, 0])


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A small panel for each corruption, all with the same axes, level 0 being the plain inputs."""
    scale = Scale({"unit": str(figure.data["unit"])})
    panels: dict[str, list[style.Row]] = {}
    for row in figure.data["rows"]:
        panels.setdefault(str(row["corruption"]), []).append(_row(row, scale))
    rows = [row for panel in panels.values() for row in panel]
    include = [0.0, scale.factor] if scale.suffix else [0.0]
    ends = style.domain([row[end] for row in rows for end in ("value", "low", "high")], include)
    notes = [
        f"n = {count(figure.data['n'])} of the same units in every panel; vertical lines: 90 % "
        "intervals.",
        "Level 0: the inputs as they are; 3: the strongest corruption.",
    ]
    if len(panels) > MOST:
        notes.append(f"The first {MOST} of {count(len(panels))} corruptions are drawn.")
    drawn = [_panel(name, panels[name], ends, scale) for name in list(panels)[:MOST]]
    lines = [
        alt.hconcat(*drawn[start : start + COLUMNS], spacing=4)
        for start in range(0, len(drawn), COLUMNS)
    ]
    return alt.vconcat(*lines, spacing=14, title=style.title(figure.title, notes))


def _row(row: style.Row, scale: Scale) -> style.Row:
    series = str(row["series"])
    colour, dash = COLOURS.get(series, KNOWN)
    return {
        "level": int(row["level"]),
        "series": shorten(series, 24),
        "colour": colour,
        "dash": dash,
        **style.drawn(row, scale),
    }


def _panel(
    name: str, rows: list[style.Row], ends: tuple[float, float], scale: Scale
) -> alt.LayerChart:
    axis = style.number_axis("", scale)
    axis.title = None

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=alt.Scale(domain=list(ends), nice=False), axis=axis)

    last = max((row["level"] for row in rows), default=3)
    levels = alt.Scale(domain=[-0.2, last + 0.2], nice=False)
    ticks = alt.Axis(title=None, values=list(range(last + 1)), format="d", grid=False)
    x = alt.X("level:Q", scale=levels, axis=ticks)
    layers: list[alt.Chart] = []
    for series in dict.fromkeys(row["series"] for row in rows):
        own = [row for row in rows if row["series"] == series]
        base, colour = alt.Chart(style.data(own)).encode(x), own[0]["colour"]
        known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
        layers += [
            known.mark_rule(color=colour, strokeWidth=2).encode(y("low"), y2="high"),
            base.mark_line(color=colour, strokeWidth=1.6, strokeDash=own[0]["dash"]).encode(
                y("value")
            ),
            base.mark_point(color=colour, filled=True, size=50, opacity=1).encode(y("value")),
        ]
    title = alt.TitleParams(text=shorten(name, 30), fontSize=13, fontWeight="normal", offset=4)
    return alt.layer(*layers, *_names(rows, ends), width=WIDTH, height=HEIGHT, title=title)


def _names(rows: list[style.Row], ends: tuple[float, float]) -> list[alt.Chart]:
    """The names of the lines, right of their last points, and apart from each other."""
    last = {row["series"]: row for row in rows if row["value"] is not None}
    span = ends[1] - ends[0]
    order = sorted(last.values(), key=lambda row: -row["value"])
    places: list[float] = []
    for row in order:
        # From the top of the panel in pixels; one line of text apart at least.
        at = (ends[1] - row["value"]) / span * HEIGHT
        places.append(at if not places else max(at, places[-1] + 14))
    return [
        alt.Chart(style.data([row]))
        .mark_text(color=row["colour"], dx=8)
        .encode(x=alt.value(WIDTH - 8), y=alt.value(at), text="series:N")
        for row, at in zip(order, places, strict=True)
    ]
