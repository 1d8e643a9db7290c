"""Two features against each other: where both meet, how many errors there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale, count
from auditkit.reports.text import distinct, shorten

CELL_WIDTH, CELL_HEIGHT, MOST_LEVELS, LABEL = 68, 34, 20, 22
# A colour is seen before the number under it: a cell of fewer rows gets none.
COLOURED = 30


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A coloured cell with its number and its n for each two levels; empty where too few."""
    data = figure.data
    scale = Scale({"unit": data.get("unit", "")})
    given = [dict(row) for row in data["rows"]]
    columns, lines = (_levels(given, side) for side in ("x", "y"))
    cells = [
        {**_cell(row, scale), "column": columns[row["x"]], "line": lines[row["y"]]}
        for row in given
        if row["x"] in columns and row["y"] in lines
    ]
    overall = style.finite(data.get("overall"))
    whole = "" if overall is None else f"; overall {scale.value(round(overall, 3))}"
    notes = [
        f"In each cell: {shorten(str(data['value_label']), 60)}, and n; the darker, the more "
        f"errors{whole}.",
        f"n = {count(data['n'])}, of the half that did not choose the features. "
        f"Cells of fewer than {COLOURED} rows have no colour, of fewer than five no number.",
        "The 90 % interval of each is among the numbers behind this figure.",
    ]
    left_out = max(len({row[side] for row in given}) for side in ("x", "y")) - MOST_LEVELS
    if left_out > 0:
        notes.append(f"The {MOST_LEVELS} most frequent levels of each feature are drawn.")
    return alt.layer(
        *_layers(cells, list(columns.values()), list(lines.values()), data),
        width=CELL_WIDTH * len(columns),
        height=CELL_HEIGHT * len(lines),
        title=style.title(figure.title, notes),
    )


def _levels(given: list[style.Row], side: str) -> dict[str, str]:
    """The levels to be drawn, in the order given, by their labels."""
    numbers: dict[str, float] = {}
    for row in given:
        numbers[row[side]] = numbers.get(row[side], 0) + (row["n"] or 0)
    frequent = sorted(numbers, key=lambda level: -numbers[level])[:MOST_LEVELS]
    shown = [level for level in numbers if level in frequent and numbers[level]]
    return dict(zip(shown, distinct(map(str, shown), LABEL), strict=True))


def _cell(row: style.Row, scale: Scale) -> style.Row:
    value, n = style.finite(row["value"]), style.finite(row["n"])
    if value is None or n is None:
        return {"value": None, "sure": False, "text": "", "n": ""}
    text = scale.value(value, style.interval_of(row))
    return {"value": value, "sure": n >= COLOURED, "text": text, "n": f"n {count(n)}"}


def _layers(
    cells: list[style.Row], columns: Sequence[str], lines: Sequence[str], data: Mapping[str, Any]
) -> list[alt.Chart]:
    names = {side: shorten(str(data[side]), 60) for side in ("x", "y")}
    x = alt.X(
        "column:N", sort=None, scale=alt.Scale(domain=list(columns), padding=0.03),
        axis=alt.Axis(title=names["x"], labelAngle=-35, ticks=False, domain=False, labelLimit=150),
    )  # fmt: skip
    y = alt.Y(
        "line:N", sort=None, scale=alt.Scale(domain=list(lines), padding=0.03),
        axis=alt.Axis(title=names["y"], ticks=False, domain=False, labelLimit=170),
    )  # fmt: skip
    colours = style.shades([cell["value"] for cell in cells if cell["sure"]])
    base = alt.Chart(style.data(cells)).transform_filter("isValid(datum.value)").encode(x, y)
    return [
        base.mark_rect(color="white", stroke=style.GRID),
        base.transform_filter("datum.sure")
        .mark_rect()
        .encode(color=alt.Color("value:Q", scale=colours, legend=None)),
        base.mark_text(align="center", dy=-6, fontSize=11.5).encode(text="text:N"),
        base.mark_text(align="center", dy=8, fontSize=9.5, color=style.QUIET).encode(text="n:N"),
    ]
