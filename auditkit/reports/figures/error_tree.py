"""A small tree of where the errors are: boxes from left to right, the darker the more errors."""

from __future__ import annotations

import textwrap
from typing import Any

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale, count
from auditkit.reports.text import shorten

BOX_WIDTH, BOX_HEIGHT, GAP, ROW = 218, 62, 34, 74
MOST_BOXES, LINE = 31, 34


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A box for each part of the data, its condition, its share of errors and its n inside."""
    data = figure.data
    rows = _placed([dict(row) for row in data["rows"]][:MOST_BOXES])
    scale = Scale({"unit": data.get("unit", "")})
    notes = [
        f"n = {count(data['n'])}, of the half that did not choose the divisions. In each box: "
        f"{shorten(str(data['value_label']), 60)} (90 % interval), and n.",
        "The darker a box, the more errors.",
    ]
    boxes = [_box(row, scale) for row in rows]
    width = (1 + max(row["column"] for row in rows)) * (BOX_WIDTH + GAP) - GAP
    height = ROW * (1 + max(row["line"] for row in rows))
    return alt.layer(
        *_layers(boxes, _links(rows), (width, height)),
        width=width,
        height=height,
        title=style.title(figure.title, notes),
    )


def _placed(rows: list[style.Row]) -> list[style.Row]:
    """Each box with its column, by its depth, and its line: leaves one below the other."""
    columns: dict[Any, int] = {}
    for row in rows:
        row["column"] = columns[row["id"]] = columns.get(row["parent"], -1) + 1
    lines: dict[Any, float] = {}
    leaves = 0
    # From the last: every box comes after the one that it is a part of.
    for row in reversed(rows):
        under = [lines[one["id"]] for one in rows if one["parent"] == row["id"]]
        lines[row["id"]] = sum(under) / len(under) if under else -float(leaves)
        leaves += not under
    for row in rows:
        row["line"] = lines[row["id"]] + leaves - 1
    return rows


def _box(row: style.Row, scale: Scale) -> style.Row:
    left, top = row["column"] * (BOX_WIDTH + GAP), row["line"] * ROW
    value = style.finite(row["value"])
    named = _wrapped(str(row["condition"]))
    lines = [*named, f"{style.worded(row, scale)}", f"n = {count(row['n'] or 0)}"]
    middle = top + BOX_HEIGHT / 2 - 7 * (len(lines) - 1)
    return {
        "left": left,
        "right": left + BOX_WIDTH,
        "top": top,
        "bottom": top + BOX_HEIGHT,
        "value": value,
        "lines": [
            {"x": left + 9, "y": middle + 14 * place, "text": line, "strong": line in named}
            for place, line in enumerate(lines)
        ],
    }


def _wrapped(condition: str) -> list[str]:
    text = shorten(condition, 2 * LINE - 4)
    return textwrap.wrap(text, LINE, max_lines=2, placeholder=" …", break_on_hyphens=False)


def _links(rows: list[style.Row]) -> list[style.Row]:
    """From the right edge of a box to the left edges of those it divides into."""
    at = {row["id"]: row for row in rows}
    links = []
    for row in rows:
        if row["parent"] is not None:
            parent = at[row["parent"]]
            links.append(
                {
                    "x": parent["column"] * (BOX_WIDTH + GAP) + BOX_WIDTH,
                    "x2": row["column"] * (BOX_WIDTH + GAP),
                    "y": parent["line"] * ROW + BOX_HEIGHT / 2,
                    "y2": row["line"] * ROW + BOX_HEIGHT / 2,
                }
            )
    return links


def _layers(
    boxes: list[style.Row], links: list[style.Row], size: tuple[float, float]
) -> list[alt.Chart]:
    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=alt.Scale(domain=[0, size[0]], nice=False), axis=None)

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=alt.Scale(domain=[size[1], 0], nice=False), axis=None)

    colours = style.shades([box["value"] for box in boxes])
    flat = [{key: box[key] for key in box if key != "lines"} for box in boxes]
    lines = [line for box in boxes for line in box["lines"]]
    text = alt.Chart(style.data(lines)).encode(x("x"), y("y"), alt.Text("text:N"))
    layers = [
        alt.Chart(style.data(flat))
        .mark_rect(stroke=style.QUIET, strokeWidth=0.8)
        .encode(
            x("left"), y("top"), x2="right", y2="bottom",
            color=alt.Color("value:Q", scale=colours, legend=None),
        ),
        text.transform_filter("datum.strong").mark_text(fontWeight="bold", fontSize=11.5),
        text.transform_filter("!datum.strong").mark_text(fontSize=11.5),
    ]  # fmt: skip
    if links:
        rules = alt.Chart(style.data(links)).mark_rule(color=style.QUIET)
        layers.insert(0, rules.encode(x("x"), y("y"), x2="x2", y2="y2"))
    return layers
