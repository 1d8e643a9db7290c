"""On how many units one of two models alone is right: the first to the right of zero."""

from __future__ import annotations

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import SMALLEST_P, count, p_value
from auditkit.reports.text import distinct

WIDTH, NAMES, MOST_ROWS = 320, 310, 24


def draw(figure: Figure) -> alt.TopLevelMixin:
    """Two bars for each pair of models, from zero to either side."""
    first, second = str(figure.data["first"]), str(figure.data["second"])
    given = list(figure.data["rows"])
    notes = [f"Left: {second} alone is right. Right: {first} alone is right."]
    if len(given) > MOST_ROWS:
        notes.append(f"The first {MOST_ROWS} of {count(len(given))} rows are drawn.")
    rows = _rows(given[:MOST_ROWS])
    most = max(max(row["won"], -row["lost"]) for row in rows) or 1
    ends = (-1.08 * most, 1.08 * most)
    axis = alt.Axis(title="units", labelExpr="format(abs(datum.value), ',')", tickCount=5)
    base = alt.Chart(style.data(rows)).encode(style.names_of(rows, NAMES))
    bars = [
        base.mark_bar(height=12, color=colour).encode(style.quantity(side, ends, axis), x2="zero")
        for side, colour in (("won", style.ESTIMATE), ("lost", style.SECOND))
    ]
    return alt.layer(
        *bars,
        base.mark_text().encode(text="text:N", x=style.beside(WIDTH)),
        width=WIDTH,
        height=alt.Step(style.ROW_HEIGHT),
        title=style.title(figure.title, notes),
    )


def _rows(given: list[style.Row]) -> list[style.Row]:
    rows = []
    for name, row in zip(distinct((str(row["name"]) for row in given), 60), given, strict=True):
        won, lost = int(row["won"]), int(row["lost"])
        p = style.finite(row.get("p"))
        said = "" if p is None else f",  p {'' if p < SMALLEST_P else '= '}{p_value(p)}"
        rows.append(
            {
                "label": name,
                "won": won,
                "lost": -lost,
                "zero": 0,
                "text": f"{count(lost)} against {count(won)},  n = {count(row['n'])}{said}",
            }
        )
    return rows
