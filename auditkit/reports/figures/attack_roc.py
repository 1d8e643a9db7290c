"""How many members attacks find, by how many others they take for members; on logarithms."""

from __future__ import annotations

import math
from collections.abc import Iterator

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import count
from auditkit.reports.text import distinct

WIDTH, HEIGHT, MOST_ATTACKS = 420, 380, 6
_DASHES = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [1, 3])
_LOWEST = 1e-5


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A line for each attack; dashed, what chance finds."""
    attacks: dict[str, list[style.Row]] = {}
    for row in figure.data["rows"]:
        attacks.setdefault(str(row["attack"]), []).append(dict(row))
    lowest = _lowest(figure.data["rows"])
    names = list(attacks)[:MOST_ATTACKS]
    layers = [_chance(lowest)]
    for place, name in enumerate(names):
        layers.append(_curve(attacks[name], place, lowest))
    notes = [
        f"n = {count(figure.data['n_members'])} members and {count(figure.data['n_others'])} "
        "others; grey: chance.",
    ]
    if len(attacks) > len(names):
        notes.append(f"The first {len(names)} of {count(len(attacks))} attacks are drawn.")
    return alt.layer(
        *layers, *_key(names), width=WIDTH, height=HEIGHT, title=style.title(figure.title, notes)
    )


def _lowest(rows: list[style.Row]) -> float:
    """Where both axes begin: a power of ten under all shares."""
    shares = [
        number
        for row in rows
        for name in ("false_positives", "true_positives")
        if (number := style.finite(row[name])) is not None and number > 0
    ]
    return max(10.0 ** math.floor(math.log10(min([*shares, 0.1]))), _LOWEST)


def _axis(title: str, lowest: float) -> alt.Axis:
    powers = range(round(math.log10(lowest)), 1)
    ticks = [10.0**power for power in powers]
    return alt.Axis(title=title, labelExpr="format(100 * datum.value, '~r') + ' %'", values=ticks)


def _x(lowest: float) -> alt.X:
    scale = alt.Scale(type="log", domain=[lowest, 1], clamp=True)
    axis = _axis("non-members taken for members", lowest)
    return alt.X("false_positives:Q", scale=scale, axis=axis)


def _y(lowest: float) -> alt.Y:
    scale = alt.Scale(type="log", domain=[lowest, 1], clamp=True)
    return alt.Y("true_positives:Q", scale=scale, axis=_axis("members found", lowest))


def _chance(lowest: float) -> alt.Chart:
    ends = [{"false_positives": one, "true_positives": one} for one in (lowest, 1.0)]
    line = alt.Chart(style.data(ends)).mark_line(color=style.QUIET, strokeDash=[5, 4])
    return line.encode(_x(lowest), _y(lowest))


def _curve(rows: list[style.Row], place: int, lowest: float) -> alt.Chart:
    line = alt.Chart(style.data(rows)).mark_line(
        color=style.SERIES[place], strokeDash=_DASHES[place], strokeWidth=2.2, clip=True
    )
    return line.encode(_x(lowest), _y(lowest), order="false_positives:Q")


def _key(names: list[str]) -> Iterator[alt.Chart]:
    """The names beside a piece of each line, in the column to the right of the panel."""
    for place, name in enumerate(distinct(names, 40)):
        base = alt.Chart(style.data([{"text": name}]))
        y = alt.value(14 + 20 * place)
        rule = base.mark_rule(color=style.SERIES[place], strokeWidth=2.5, strokeDash=_DASHES[place])
        yield rule.encode(x=alt.value(WIDTH + 14), x2=alt.value(WIDTH + 44), y=y)
        yield base.mark_text().encode(x=alt.value(WIDTH + 52), y=y, text="text:N")
