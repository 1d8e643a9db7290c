"""Wrong answers to read: the question, what was answered, what was expected, and the scores."""

from __future__ import annotations

from typing import Any

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import panels, style
from auditkit.reports.figures.plain_table import Table, bounded, cell
from auditkit.reports.figures.sheet import PLAIN, SMALL, STRONG, Sheet, wrapped
from auditkit.reports.formatting import count
from auditkit.reports.text import shorten

WIDTH, INDENT, GAP, LINES = 760, 84, 14, 3
LONGEST = 400
"""Characters of a text in a table."""
_TEXTS = (("answer", "answered"), ("reference", "expected"))


def draw(figure: Figure) -> alt.TopLevelMixin:
    """One answer below the other, in the order given: it is the order in which to read them."""
    rows = [dict(row) for row in figure.data["rows"]]
    drawn = rows[: panels.MOST]
    notes = [
        f"n = {count(figure.data['n'])} of {count(figure.data['wrong'])} wrong answers.",
        panels.left_out(len(drawn), len(rows), "answers"),
    ]
    sheet, y = Sheet(), 0.0
    sheet.line((0, y), (WIDTH, y))
    for row in drawn:
        y = _answer(sheet, row, y + GAP / 2) + GAP / 2
        sheet.line((0, y), (WIDTH, y))
    return sheet.chart(style.title(figure.title, notes))


def _answer(sheet: Sheet, row: dict[str, Any], y: float) -> float:
    """One answer from a height on; returns where it ends."""
    y = sheet.paragraph((0, y), wrapped(str(row["prompt"]), WIDTH, STRONG.size, LINES), STRONG)
    for name, word in _TEXTS:
        text = str(row[name])
        if not text and name == "reference":
            continue
        sheet.paragraph((0, y), [word], SMALL)
        y = sheet.paragraph((INDENT, y), wrapped(text, WIDTH - INDENT, PLAIN.size, LINES), PLAIN)
    told = " · ".join(f"{name}: {cell(value)}" for name, value in row["scores"].items())
    return sheet.paragraph((INDENT, y), wrapped(told, WIDTH - INDENT, SMALL.size, 2), SMALL)


def tables(figure: Figure) -> list[Table]:
    """A line for each answer, with a column for each score."""
    rows = [dict(row) for row in figure.data["rows"]]
    scores = list(dict.fromkeys(name for row in rows for name in row["scores"]))
    lines = [
        [
            cell(row["row"]),
            *(shorten(str(row[name]), LONGEST) for name in ("prompt", "answer", "reference")),
            *(cell(row["scores"].get(name)) for name in scores),
        ]
        for row in rows
    ]
    return [(["row", "question", "answer", "reference", *scores], bounded(lines))]


__all__ = ["draw", "tables"]
