"""Conformal sets: how many classes they hold, and how often the true one, by method."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import count
from auditkit.reports.text import shorten

WIDTH, HEIGHT = 300, 120
_LEVEL = 9  # more labels of sizes than these do not fit side by side
_SIZES = "classes in the set"
_PER_CENT = "format(100 * datum.value, '.3~g') + ' %'"


def draw(figure: Figure) -> alt.TopLevelMixin:
    """For each method, the share of sets by size, and beside it the coverage of each size.

    The dashed line is the coverage aimed at for all sets together; sets of one size may lie on
    either side of it (size-stratified coverage: Angelopoulos et al., ICLR 2021).
    """
    methods = [dict(one) for one in figure.data["methods"]]
    sizes = _order(methods)
    aim = float(figure.data["aim"])
    most = max((float(bar["share"]) for one in methods for bar in one["bars"]), default=1.0)
    panels = [
        alt.hconcat(_shares(one, x, most), _coverage(one, x, aim), spacing=24)
        for one in methods
        for x in [_x(sizes, last=one is methods[-1])]
    ]
    notes = [
        f"n = {count(figure.data['n'])} held-out units, {count(figure.data['classes'])} classes; "
        "vertical lines: 90 % intervals.",
        f"Dashed: what was aimed at, {100 * aim:g} % of all sets hold the true class. No bar: "
        "no such set. Sizes of fewer than 5 sets share a bar.",
    ]
    return alt.vconcat(*panels, spacing=10, title=style.title(figure.title, notes))


def _order(methods: Sequence[Mapping[str, Any]]) -> list[str]:
    """The sizes of all methods, the smallest first, so that panels can be compared."""
    every = dict.fromkeys(str(bar["size"]) for one in methods for bar in one["bars"])
    return sorted(every, key=_smallest)


def _smallest(size: str) -> int:
    """The number that a size begins with, `6` of `6–11`; 0 of what is none."""
    found = re.match(r"\d+", size)
    return 0 if found is None else int(found.group())


def _x(sizes: list[str], *, last: bool) -> alt.X:
    """Sizes of sets; only the lowest panel, which has a title, carries the labels."""
    angle = 0 if len(sizes) <= _LEVEL else -40
    axis = alt.Axis(title=_SIZES if last else None, labels=last, ticks=last, labelAngle=angle)
    return alt.X("size:N", sort=None, scale=alt.Scale(domain=sizes, padding=0.25), axis=axis)


def _shares(method: Mapping[str, Any], x: alt.X, most: float) -> alt.Chart:
    name = shorten(str(method["method"]), 20)
    axis = alt.Axis(title=[name, "share of sets"], tickCount=4, labelExpr=_PER_CENT)
    y = alt.Y("share:Q", scale=alt.Scale(domain=[0, most]), axis=axis)
    chart = alt.Chart(style.data(_bars(method)), width=WIDTH, height=HEIGHT)
    return chart.mark_bar(color=style.QUIET).encode(x, y)


def _bars(method: Mapping[str, Any]) -> list[style.Row]:
    return [{**bar, "size": str(bar["size"])} for bar in method["bars"]]


def _coverage(method: Mapping[str, Any], x: alt.X, aim: float) -> alt.LayerChart:
    scale = alt.Scale(domain=[0, 1])
    axis = alt.Axis(title="hold the true class", tickCount=4, labelExpr=_PER_CENT)
    y = alt.Y("covered:Q", scale=scale, axis=axis)
    base = alt.Chart(style.data(_bars(method)))
    line = alt.Chart(style.data([{"covered": aim}]))
    dashed = line.mark_rule(color=style.QUIET, strokeWidth=1.2, strokeDash=[5, 4])
    known = "isValid(datum.low) && isValid(datum.high)"
    rules = base.transform_filter(known).mark_rule(color=style.ESTIMATE, strokeWidth=2)
    points = base.transform_filter("isValid(datum.covered)").mark_point(
        color=style.ESTIMATE, filled=True, size=60, opacity=1
    )
    return alt.layer(
        dashed.encode(y),
        rules.encode(x, alt.Y("low:Q", scale=scale, axis=axis), y2="high"),
        points.encode(x, y),
        width=WIDTH,
        height=HEIGHT,
    )
