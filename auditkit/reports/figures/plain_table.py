"""Any figure as a table: for kinds that nothing draws, and for whoever wants the numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import ABSENT, plain
from auditkit.reports.text import distinct, shorten

MOST_ROWS, MOST_COLUMNS, CELL = 40, 8, 32
COLUMN_WIDTH, ROW_HEIGHT = 150, 22
LONGEST = 300

Table = tuple[list[str], list[list[str]]]


def cell(value: Any) -> str:
    """One value in a few characters."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ABSENT
    if isinstance(value, bool) or not isinstance(value, int | float):
        return shorten(str(value), CELL)
    return f"{value:,}" if isinstance(value, int) else _number(value)


def _number(value: float) -> str:
    if not math.isfinite(value) or value == 0 or 1e-4 <= abs(value) < 1e7:
        text = plain(value, _decimals(abs(value)))
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.3g}"


def _decimals(size: float) -> int:
    """Four; more of small numbers, which would all look alike, and fewer of large ones.

    >>> [_decimals(size) for size in (0.00125, 0.5, 30.0, 14999.6874)]
    [5, 4, 4, 0]
    """
    if not math.isfinite(size) or size == 0 or 0.01 <= size < 100:
        return 4
    place = math.floor(math.log10(size))
    return 2 - place if place < 0 else max(4 - place, 0)


def bounded(rows: list[list[str]]) -> list[list[str]]:
    """At most so many rows as a page takes; a last one says how many are left out."""
    if len(rows) <= LONGEST:
        return rows
    note = f"… and {len(rows) - LONGEST:,} more rows"
    return [*rows[:LONGEST], [note, *[""] * (len(rows[0]) - 1)]]


def tables(figure: Figure) -> list[Table]:
    """The figure's numbers: first its single values, then a table for each list of rows.

    What is longer than a page takes ends in a row that says how many are left out.
    """
    single = [[str(name), cell(value)] for name, value in figure.data.items() if _is_single(value)]
    found: list[Table] = [(["", "value"], single)] if single else []
    for name, value in figure.data.items():
        rows = [row for row in value if isinstance(row, Mapping)] if _is_list(value) else []
        if rows:
            found.append(_of_rows(rows))
        elif not _is_single(value):
            found.append(([str(name)], bounded([[cell(item)] for item in _items(value)])))
    return found


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _is_single(value: Any) -> bool:
    return not isinstance(value, list | tuple | Mapping)


def _items(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [f"{key}: {item}" for key, item in value.items()]
    return list(value)


def _of_rows(rows: list[Mapping[str, Any]]) -> Table:
    columns = list(dict.fromkeys(str(name) for row in rows for name in row))
    return columns, bounded([[cell(row.get(name)) for name in columns] for row in rows])


def draw(figure: Figure) -> alt.TopLevelMixin:
    """The largest table of the figure as text, for places that take nothing but a chart."""
    columns, rows = max(reversed(tables(figure)), key=_cells, default=([], []))
    columns, shown = columns[:MOST_COLUMNS] or ["value"], rows[:MOST_ROWS]
    notes = [] if len(rows) <= MOST_ROWS else [f"The first {MOST_ROWS} of {len(rows)} rows."]
    headings = distinct((name or "name" for name in columns), 24)
    cells = [
        {"row": place, "column": heading, "text": text}
        for place, row in enumerate(shown)
        for heading, text in zip(headings, row, strict=False)
    ] or [{"row": 0, "column": headings[0], "text": style.NOT_MEASURED}]
    return _text(cells, headings).properties(
        width=COLUMN_WIDTH * len(headings),
        height=ROW_HEIGHT * max(len(shown), 1),
        title=style.title(figure.title, notes),
    )


def _cells(table: Table) -> int:
    columns, rows = table
    return len(columns) * len(rows)


def _text(cells: list[style.Row], headings: list[str]) -> alt.Chart:
    top = alt.Axis(orient="top", title=None, labelAngle=0, ticks=False, labelAlign="left")
    return (
        alt.Chart(style.data(cells))
        .mark_text()
        .encode(
            alt.X("column:N", sort=None, scale=alt.Scale(domain=headings), axis=top),
            alt.Y("row:O", axis=None),
            alt.Text("text:N"),
        )
    )
