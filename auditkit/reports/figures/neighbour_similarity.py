"""How near the nearest training row is: to evaluation rows, and to other training rows."""

from __future__ import annotations

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale, count

WIDTH, HEIGHT = 560, 120
_SHARE = Scale({"unit": "share"})
_COPY = style.INK
_SIDES = (
    ("between", style.ESTIMATE, "evaluation rows: their nearest training row"),
    ("within", style.SECOND, "training rows: their nearest other training row"),
)


def draw(figure: Figure) -> alt.TopLevelMixin:
    """Two histograms on one axis, one above the other; what counts as a copy is drawn apart."""
    rows = [dict(row) for row in figure.data["rows"]]
    notes = [
        f"n = {count(figure.data['n_between'])} evaluation rows and "
        f"{count(figure.data['n_within'])} training rows.",
        "Dark: rows that are a copy, exact or near, of a training row.",
        "What is less similar than the axis shows is counted in its first bin.",
    ]
    panels = [_panel(rows, *side, last=side is _SIDES[-1]) for side in _SIDES]
    return alt.vconcat(*panels, spacing=8, title=style.title(figure.title, notes))


def _panel(
    rows: list[style.Row], field: str, colour: str, name: str, *, last: bool
) -> alt.LayerChart:
    drawn = [{**row, "share": row[field] * _SHARE.factor, "zero": 0} for row in rows]
    ends = style.domain([row["share"] for row in drawn], [0.0])
    axis = style.number_axis("share", _SHARE)
    y = alt.Y("share:Q", scale=alt.Scale(domain=list(ends), nice=False), axis=axis)
    bars = alt.Chart(style.data(drawn)).mark_bar(color=colour, binSpacing=1)
    layers = [bars.encode(_x(rows, "low", last=last), y, x2="high", y2="zero")]
    if field == "between":
        copied = [{**row, "share": row["copies"] * _SHARE.factor} for row in drawn]
        found = alt.Chart(style.data(copied)).mark_bar(color=_COPY, binSpacing=1)
        layers.append(found.encode(_x(rows, "low", last=last), y, x2="high", y2="zero"))
    title = alt.TitleParams(text=name, color=colour, fontSize=13, fontWeight="normal", offset=4)
    return alt.layer(*layers, width=WIDTH, height=HEIGHT, title=title)


def _x(rows: list[style.Row], field: str, *, last: bool) -> alt.X:
    """The similarity; only the lower panel carries the labels."""
    axis = alt.Axis(
        title="similarity of the contents (cosine)" if last else None,
        tickCount=6,
        labels=last,
        ticks=last,
        grid=False,
    )
    ends = [rows[0]["low"], rows[-1]["high"]]
    return alt.X(f"{field}:Q", scale=alt.Scale(domain=ends, nice=False), axis=axis)
