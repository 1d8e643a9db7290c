"""Does a feature that matters much say who somebody is? Importance beside association."""

from __future__ import annotations

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import panels, style
from auditkit.reports.formatting import Scale, count
from auditkit.reports.text import distinct, shorten

LEFT, RIGHT, MOST_ROWS = 190, 260, 25
SCALE = Scale({})


def draw(figure: Figure) -> alt.TopLevelMixin:
    """The top features in order: on the left how much each matters, on the right its association.

    A long bar with a dot far from zero is what to look for: a feature that may stand in for the
    attribute itself.
    """
    given = [dict(row) for row in figure.data["rows"]]
    rows = _rows(given[:MOST_ROWS])
    notes = [
        f"n = {count(figure.data['n'])}; lines: 90 % intervals.",
        "A long bar beside a dot far to the right: a feature that may stand in for the attribute.",
        panels.left_out(len(rows), len(given), "rows"),
    ]
    return alt.hconcat(
        _importance(rows), _association(rows), spacing=20, title=style.title(figure.title, notes)
    )


def _rows(given: list[style.Row]) -> list[style.Row]:
    names = [f"{count(row['rank'])}. {row['feature']} · {row['attribute']}" for row in given]
    return [
        {
            "label": name,
            "zero": 0.0,
            "attribution": style.finite(row["attribution"]),
            "amount": _rounded(style.finite(row["attribution"])),
            **style.drawn({**row, "value": row["association"]}, SCALE),
            "attribute": shorten(str(row["attribute"]), 24),
        }
        for name, row in zip(distinct(names, 46), given, strict=True)
    ]


def _rounded(value: float | None) -> str:
    return style.NOT_MEASURED if value is None else SCALE.value(float(f"{value:.3g}"))


def _importance(rows: list[style.Row]) -> alt.LayerChart:
    ends = style.domain([row["attribution"] for row in rows], [0.0])
    axis = style.number_axis("attribution", SCALE)
    base = alt.Chart(style.data(rows)).encode(style.names_of(rows, 320))
    bars = base.transform_filter("isValid(datum.attribution)").mark_bar(height=14, color="#8fb4cc")
    return alt.layer(
        bars.encode(style.quantity("zero", ends, axis), x2="attribution"),
        base.mark_text().encode(text="amount:N", x=style.beside(LEFT)),
        width=LEFT,
        height=alt.Step(style.ROW_HEIGHT),
    )


def _association(rows: list[style.Row]) -> alt.LayerChart:
    ends = style.domain([row[end] for row in rows for end in ("value", "low", "high")], [0.0])
    axis = style.number_axis("association with the attribute", SCALE)
    order = [row["label"] for row in rows]
    y = alt.Y("label:N", sort=None, scale=alt.Scale(domain=order), axis=None)
    base = alt.Chart(style.data(style.cut(rows, ends, style.INTERVAL))).encode(y)
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    points = base.transform_filter("isValid(datum.value)")
    return alt.layer(
        known.mark_rule(color=style.ESTIMATE, strokeWidth=2.5).encode(
            style.quantity("low", ends, axis), x2="high"
        ),
        points.mark_point(color=style.ESTIMATE, filled=True, size=75, opacity=1).encode(
            style.quantity("value", ends, axis)
        ),
        base.mark_text().encode(text="text:N", x=style.beside(RIGHT)),
        width=RIGHT,
        height=alt.Step(style.ROW_HEIGHT),
    )
