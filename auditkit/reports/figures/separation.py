"""Where the scores of familiar inputs lie, and where those of others."""

from __future__ import annotations

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale, count
from auditkit.reports.text import shorten

WIDTH, HEIGHT = 560, 130
SHARE = Scale({"unit": "share"})
FAMILIAR = "evaluation data"


def draw(figure: Figure) -> alt.TopLevelMixin:
    """Two histograms on one axis, one above the other, and the threshold that keeps 95 % inside."""
    others = shorten(str(figure.data["outside"]), 50)
    familiar = shorten(str(figure.data.get("inside", FAMILIAR)), 50)
    limit = style.finite(figure.data.get("threshold"))
    notes = [
        f"n = {count(figure.data['n_inside'])} ({familiar}) and "
        f"{count(figure.data['n_outside'])} ({others}).",
        "" if limit is None else f"Line: the threshold that lets 95 % of the {familiar} pass.",
        "What lies further out is counted in the bins at the ends.",
    ]
    sides = (("inside", style.ESTIMATE, familiar), ("outside", style.SECOND, others))
    rows = [dict(row) for row in figure.data["rows"]]
    score = shorten(str(figure.data["score"]), 40)
    panels = [
        _panel(rows, side, limit, f"score: {score}" if side[0] == "outside" else None)
        for side in sides
    ]
    return alt.vconcat(*panels, spacing=8, title=style.title(figure.title, notes))


def _panel(
    rows: list[style.Row], side: tuple[str, str, str], limit: float | None, title: str | None
) -> alt.LayerChart:
    field, colour, name = side
    # A bin of too few to be told has no bar.
    known = [row for row in rows if row[field] is not None]
    drawn = [{**row, "share": row[field] * SHARE.factor, "zero": 0} for row in known]
    highest = max((row[one] or 0 for row in rows for one in ("inside", "outside")), default=1.0)
    ends = style.domain([highest * SHARE.factor], [0.0])
    axis = style.number_axis("share", SHARE)
    y = alt.Y("share:Q", scale=alt.Scale(domain=list(ends), nice=False), axis=axis)
    x = _x(rows, "low", title)
    bars = alt.Chart(style.data(drawn)).mark_bar(color=colour, binSpacing=1)
    named = alt.Chart(style.data([{"text": name}])).mark_text(color=colour, fontSize=13)
    layers = [
        bars.encode(x, y, x2="high", y2="zero"),
        named.encode(x=alt.value(8), y=alt.value(8), text="text:N"),
    ]
    if limit is not None and rows[0]["low"] <= limit <= rows[-1]["high"]:
        line = alt.Chart(style.data([{"limit": limit}])).mark_rule(
            color=style.INK, strokeDash=[5, 4], strokeWidth=1.4
        )
        layers.append(line.encode(_x(rows, "limit", title)))
    return alt.layer(*layers, width=WIDTH, height=HEIGHT)


def _x(rows: list[style.Row], field: str, title: str | None) -> alt.X:
    """The score; only the lower panel, which has a title, carries the labels."""
    axis = alt.Axis(title=title, tickCount=6, labels=bool(title), ticks=bool(title), grid=False)
    ends = [rows[0]["low"], rows[-1]["high"]]
    return alt.X(f"{field}:Q", scale=alt.Scale(domain=ends, nice=False), axis=axis)
