"""When, and at which frequencies, a model listens: a signal on its heat, band by band.

The panels of one signal share its time; a spectrogram has time across and frequency upwards.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

import altair as alt
import numpy as np

from auditkit.measurement import Figure
from auditkit.reports.figures import panels, style, tiles, trust
from auditkit.reports.figures.heat import Heat, cells, numbers
from auditkit.reports.figures.plain_table import Table, bounded, cell
from auditkit.reports.formatting import Scale, count
from auditkit.reports.text import shorten

WIDTH, TALL, LOW, COLUMNS = 400, 84, 52, 2
MOST_STEPS, MOST_TIMES, MOST_FREQUENCIES, MOST_EDGES, HOTTEST = 160, 64, 32, 12, 10
MOST_BANDS = 128
UNITS = {"s": ("time (s)", "frequency (Hz)"), "steps": ("step", "frequency (cycles per step)")}
SCALE = Scale({})


def draw(figure: Figure) -> alt.TopLevelMixin:
    """For each signal its course on colours of its heat, the heat itself, its bands, and a map."""
    items = [dict(item) for item in figure.data["items"]]
    drawn = items[: panels.MOST]
    notes = [
        f"n = {count(figure.data['n'])}. {_meaning(drawn)}",
        "Colours are full at the strongest heat of each panel.",
        _resolution(drawn),
        panels.left_out(len(drawn), len(items), "signals"),
    ]
    shown = [_item(item) for item in drawn]
    return panels.in_rows(shown, COLUMNS).properties(title=style.title(figure.title, notes))


def _meaning(items: list[dict[str, Any]]) -> str:
    if any(_signed(item) for item in items):
        return "Orange, and above the line: towards the output. Blue, and below it: against."
    return "The darker and the higher, the more heat; without direction."


def _signed(item: dict[str, Any]) -> bool:
    """Whether the heat has two directions: as the item says, or else as its numbers do."""
    said = item.get("signed")
    parts = [item["heat"], (item.get("bands") or {}).get("heat") or []]
    known = [style.finite(value) or 0.0 for part in parts for value in part]
    return said if isinstance(said, bool) else any(value < 0 for value in known)


def _resolution(items: list[dict[str, Any]]) -> str:
    longest = max((len(item["times"]) for item in items), default=0)
    if longest <= MOST_STEPS:
        return ""
    return f"Drawn in {MOST_STEPS} stretches: the mean heat of each, its lowest and highest signal."


def _item(item: dict[str, Any]) -> alt.TopLevelMixin:
    label = trust.trust_of(item)
    title = trust.panel_title(str(item["title"]), label, WIDTH, f"n = {count(item['n'])}")
    if label.withheld:
        return trust.panel_instead((WIDTH, TALL + LOW), label, title)
    time, frequency = UNITS.get(str(item["unit"]), (shorten(str(item["unit"]), 20), "frequency"))
    rows, signed = _stretches(item), _signed(item)
    parts = [] if item.get("signal") is None else [_course(rows, signed)]
    parts.append(_heat(rows, _across(rows, "start", time), signed))
    if item.get("bands") is not None:
        parts.append(_bands(dict(item["bands"]), frequency, signed))
    if item.get("spectrogram") is not None:
        parts.append(_spectrogram(dict(item["spectrogram"]), (time, frequency), signed))
    return alt.vconcat(*parts, spacing=6, title=title)


def _stretches(item: dict[str, Any]) -> list[style.Row]:
    """A row for each stretch of time: its ends, its mean heat, and the ends of the signal in it.

    Raises:
        ValueError: the lists differ in length.
    """
    times, heat = numbers(item["times"]), numbers(item["heat"])
    signal = heat if item.get("signal") is None else numbers(item["signal"])
    if not len(times) == len(heat) == len(signal):
        raise ValueError(f"{len(times)} times, {len(heat)} heats, {len(signal)} values of a signal")
    if not np.isfinite(times).all():
        raise ValueError("a time is absent")
    step = _step(times)
    parts = np.array_split(np.arange(len(times)), min(len(times), MOST_STEPS))
    starts = [float(times[part[0]]) for part in parts] + [float(times[-1]) + step]
    known = np.nan_to_num(heat)
    return [
        {
            "start": starts[place],
            "end": starts[place + 1],
            "heat": float(known[part].mean()),
            "zero": 0.0,
            "low": style.finite(float(signal[part].min())),
            "high": style.finite(float(signal[part].max())),
        }
        for place, part in enumerate(parts)
    ]


def _step(values: tiles.Array) -> float:
    """How long the last stretch is, which no further time ends: as long as most others."""
    return float(np.median(np.diff(values))) if len(values) > 1 else 1.0


def _across(rows: list[style.Row], field: str, title: str | None) -> alt.X:
    ends = [rows[0]["start"], rows[-1]["end"]]
    shown = title is not None
    axis = alt.Axis(title=title, labels=shown, ticks=shown, grid=False, tickCount=5)
    return alt.X(f"{field}:Q", scale=alt.Scale(domain=ends, nice=False), axis=axis)


def _coloured(rows: list[style.Row], strength: float, signed: bool) -> list[style.Row]:
    heat = np.array([row["heat"] for row in rows])
    scale = Heat(float(np.abs(heat).max(initial=0.0)) / strength, signed)
    return [
        {**row, "colour": colour}
        for row, colour in zip(rows, scale.hexes(heat.tolist()), strict=True)
    ]


def _joined(rows: list[style.Row]) -> list[style.Row]:
    """Neighbours of one colour as one stretch, and none where there is no heat to be seen."""
    runs = [list(run) for _, run in groupby(rows, key=lambda row: row["colour"])]
    ends = [{**run[0], "end": run[-1]["end"]} for run in runs]
    return [row for row in ends if row["colour"] != "#ffffff"]


def _course(rows: list[style.Row], signed: bool) -> alt.LayerChart:
    """The signal in ink on a pale ground of its heat."""
    ends = style.domain([row[end] for row in rows for end in style.INTERVAL])
    axis = alt.Axis(title="signal", tickCount=3, grid=False)
    scale = alt.Scale(domain=list(ends), nice=False)
    x = _across(rows, "start", None)
    pale = _coloured(rows, 0.6, signed)
    base = alt.Chart(style.data(pale))
    colour = alt.Fill("colour:N", scale=None)
    ground = alt.Chart(style.data(_joined(pale))).mark_rect()
    ground = ground.encode(x, colour, x2="end", y=alt.value(0), y2=alt.value(TALL))
    known = base.transform_filter("isValid(datum.low)")
    low, high = (alt.Y(f"{end}:Q", scale=scale, axis=axis) for end in style.INTERVAL)
    line = known.mark_line(color=style.INK, strokeWidth=1)
    marks = [line.encode(x, low)]
    if any(row["low"] != row["high"] for row in rows):
        # A sound that is drawn in stretches: what lies between its ends, so pale that heat shows.
        between = known.mark_area(color=style.INK, opacity=0.25)
        marks += [line.encode(x, high), between.encode(x, low, y2="high")]
    return alt.layer(ground, *marks, width=WIDTH, height=TALL)


def _heat(rows: list[style.Row], x: alt.X, signed: bool) -> alt.Chart:
    """The heat as bars about zero: what colours alone would say in grey to nobody."""
    ends = style.domain([row["heat"] for row in rows], [0.0])
    axis = alt.Axis(title="heat", tickCount=3)
    y = alt.Y("heat:Q", scale=alt.Scale(domain=list(ends), nice=False), axis=axis)
    base = alt.Chart(style.data(_coloured(rows, 1.0, signed)), width=WIDTH, height=LOW)
    marks = base.mark_rect(stroke=style.QUIET, strokeWidth=0.3)
    return marks.encode(x, y, alt.Fill("colour:N", scale=None), x2="end", y2="zero")


def _bands(bands: dict[str, Any], title: str, signed: bool) -> alt.Chart:
    """The heat of each band of frequencies: all as wide, so that octaves can be read."""
    edges, heat = numbers(bands["edges"]), numbers(bands["heat"])
    if len(edges) != len(heat) + 1:
        raise ValueError(f"{len(edges)} edges of bands, but {len(heat)} bands")
    if len(heat) > MOST_BANDS:
        raise ValueError(f"{len(heat)} bands are more than can be told apart")
    rows = [
        {"start": i, "end": i + 1, "heat": float(value), "zero": 0.0}
        for i, value in enumerate(np.nan_to_num(heat))
    ]
    names = [SCALE.value(float(f"{edge:.3g}")) for edge in edges]
    axis = alt.Axis(
        title=title,
        values=list(range(0, len(edges), 1 + len(edges) // MOST_EDGES)),
        labelExpr=f"{json.dumps(names)}[datum.value]",
        grid=False,
    )
    scale = alt.Scale(domain=[0, len(heat)], nice=False)
    return _heat(rows, alt.X("start:Q", scale=scale, axis=axis), signed)


def _spectrogram(data: dict[str, Any], titles: tuple[str, str], signed: bool) -> alt.LayerChart:
    """A map of time across and frequency upwards; its rows are frequencies, the lowest first."""
    times, frequencies = numbers(data["times"]), numbers(data["frequencies"])
    heat = cells(data["heat"])
    if heat.shape != (len(frequencies), len(times)):
        heat = heat.T
    if heat.shape != (len(frequencies), len(times)):
        raise ValueError(f"{heat.shape} cells, {len(frequencies)} frequencies, {len(times)} times")
    small = tiles.pooled(heat, (MOST_FREQUENCIES, MOST_TIMES))[::-1]
    colours = Heat.of(small, signed).colours(small)
    frame = alt.Chart(style.data([{"x": float(times[0]), "y": float(frequencies[0])}]))
    ends = [
        [float(values[0]), float(values[-1]) + _step(values)] for values in (times, frequencies)
    ]
    x, y = (
        {"scale": alt.Scale(domain=domain, nice=False), "axis": _axis(title)}
        for domain, title in zip(ends, titles, strict=True)
    )
    return alt.layer(
        tiles.panel(colours, WIDTH, TALL),
        frame.mark_point(opacity=0).encode(alt.X("x:Q", **x), alt.Y("y:Q", **y)),
        width=WIDTH,
        height=TALL,
    )


def _axis(title: str) -> alt.Axis:
    return alt.Axis(title=title, grid=False, tickCount=4)


def tables(figure: Figure) -> list[Table]:
    """The signals with their labels; then the hottest times of each, and its bands."""
    items = [dict(item) for item in figure.data["items"]]
    found = [trust.table(items, ("title", "n"))]
    seen = [item for item in items if not trust.trust_of(item).withheld]
    times = [row for item in seen for row in _hottest(item)]
    bands = [row for item in seen if item.get("bands") for row in _band_rows(item)]
    if times:
        found.append((["hottest times of", "from", "to", "heat"], bounded(times)))
    if bands:
        found.append((["bands of", "from", "to", "heat"], bounded(bands)))
    return found


def _hottest(item: dict[str, Any]) -> list[list[str]]:
    rows = sorted(_stretches(item), key=lambda row: -abs(row["heat"]))[:HOTTEST]
    return [
        [cell(item["title"]), *(cell(row[f]) for f in ("start", "end", "heat"))] for row in rows
    ]


def _band_rows(item: dict[str, Any]) -> list[list[str]]:
    edges, heat = list(item["bands"]["edges"]), list(item["bands"]["heat"])
    return [
        [cell(item["title"]), cell(low), cell(high), cell(value)]
        for low, high, value in zip(edges, edges[1:], heat, strict=False)
    ]
