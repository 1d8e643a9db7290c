"""The losses of single units of both splits, as the share that loses at most so much."""

from __future__ import annotations

from collections.abc import Iterator

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import count
from auditkit.reports.text import shorten

WIDTH, HEIGHT = 560, 280
SPLITS = {"training": (style.SECOND, [7, 3]), "evaluation": (style.ESTIMATE, [1, 0])}


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A line for each split over a logarithmic axis of the loss."""
    rows = [row for row in figure.data["rows"] if (style.finite(row["loss"]) or 0) > 0]
    losses = [float(row["loss"]) for row in rows]
    sizes = ", ".join(f"{split} n = {count(figure.data['n'][split])}" for split in SPLITS)
    scale = alt.Scale(type="log", domain=[min(losses), max(losses)], nice=False)
    decades = [10.0**power for power in range(-15, 16)]
    axis = alt.Axis(title=shorten(str(figure.data["loss"]), 40), values=decades, format="~g")
    layers = [layer for split in SPLITS for layer in _line(split, rows, scale, axis)]
    notes = [f"{sizes}; steps are at least 5 units apart."]
    return alt.layer(
        *layers,
        *_key(),
        width=WIDTH,
        height=HEIGHT,
        title=style.title(figure.title, notes),
    )


def _line(
    split: str, rows: list[style.Row], scale: alt.Scale, axis: alt.Axis
) -> Iterator[alt.Chart]:
    colour, dash = SPLITS[split]
    points = [{"loss": row["loss"], "share": row[split]} for row in rows]
    label = "format(100 * datum.value, '.0f') + ' %'"
    y = alt.Y(
        "share:Q",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(title="share of the units that lose at most so much", labelExpr=label),
    )
    line = alt.Chart(style.data(points)).mark_line(
        color=colour, strokeWidth=2.5, strokeDash=dash, interpolate="step-after", clip=True
    )
    yield line.encode(alt.X("loss:Q", scale=scale, axis=axis), y)


def _key() -> Iterator[alt.Chart]:
    """The names beside a piece of each line, in the column to the right of the panel."""
    for place, (split, (colour, dash)) in enumerate(SPLITS.items()):
        base = alt.Chart(style.data([{"text": f"{split} data"}]))
        y = alt.value(14 + 20 * place)
        rule = base.mark_rule(color=colour, strokeWidth=2.5, strokeDash=dash)
        yield rule.encode(x=alt.value(WIDTH + 14), x2=alt.value(WIDTH + 44), y=y)
        yield base.mark_text().encode(x=alt.value(WIDTH + 52), y=y, text="text:N")
