"""Units to look at, each with its label, the model's class, and the probability of both."""

from __future__ import annotations

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale, count
from auditkit.reports.text import distinct, shorten

WIDTH, MOST_ROWS = 420, 25
ENDS = ("p_given", "p_predicted")


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A line for each unit, in the order given: from what its label got to what won."""
    given = list(figure.data["rows"])
    rows = _rows(given)
    notes = [
        "Ring: probability of the label. Dot: of the class that the model holds most probable."
    ]
    notes.append(f"n = {count(figure.data['n'])} units listed.")
    if len(given) > MOST_ROWS:
        notes.append(f"The first {MOST_ROWS} of {count(len(given))} are drawn.")
    return alt.layer(
        *_layers(rows),
        width=WIDTH,
        height=alt.Step(style.ROW_HEIGHT),
        title=style.title(figure.title, notes),
    )


def _rows(given: list[style.Row]) -> list[style.Row]:
    names = distinct((str(row["row"]) for row in given[:MOST_ROWS]), 32)
    return [
        {
            "label": name,
            **{end: style.finite(row[end]) for end in ENDS},
            "text": f"{shorten(str(row['given']), 18)} → {shorten(str(row['predicted']), 18)}",
        }
        for name, row in zip(names, given, strict=False)
    ]


def _layers(rows: list[style.Row]) -> list[alt.Chart]:
    ends = (0.0, 1.0)
    axis = style.number_axis("probability", Scale({}))
    base = alt.Chart(style.data(rows)).encode(style.names_of(rows, 240))
    given, predicted = (style.quantity(end, ends, axis) for end in ENDS)
    return [
        base.mark_rule(color="#8fb4cc", strokeWidth=3).encode(given, x2="p_predicted"),
        base.mark_point(filled=False, color=style.INK, size=50).encode(given),
        base.mark_point(filled=True, color=style.INK, size=50).encode(predicted),
        base.mark_text().encode(text="text:N", x=style.beside(WIDTH)),
    ]
