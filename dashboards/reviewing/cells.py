"""The cells of a crossing on a page: as a table, with what is withheld and why."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from auditkit.reports.formatting import Scale, count
from auditkit.reports.reslicing import (
    Cell,
    Compared,
    Resliced,
    StoredTable,
    absence,
    compared_scale,
    is_group,
    rate_scale,
)
from auditkit.reports.text import distinct, visible
from reviewing.literal import literal

MOST_CELLS = 400
UNROUNDED = ("value", "low", "high")


def choose_table(tables: Sequence[StoredTable], key: str) -> StoredTable:
    """One of the tables; asked only where there are several."""
    if len(tables) == 1:
        return tables[0]
    names = distinct(map(_named, tables), 100)
    place = st.selectbox(
        "Counted together", range(len(tables)), format_func=names.__getitem__, key=f"table-{key}"
    )
    return tables[place or 0]


def _named(table: StoredTable) -> str:
    crossing = " × ".join(map(attribute_name, table.attributes))
    output = " ".join(part for part in (table.head, table.label) if part)
    return f"{table.split} data: {crossing}" + (f" ({output})" if output else "")


def attribute_name(attribute: str) -> str:
    """An attribute as a reader knows it."""
    kind, _, name = attribute.partition(":")
    return visible(name) + (" (control)" if kind == "control" else "")


def ask_crossed(place: DeltaGenerator, table: StoredTable, label: str) -> tuple[str, ...]:
    """The attributes whose levels make the cells, in the order of the table."""
    chosen = place.multiselect(
        label,
        table.attributes,
        default=table.attributes[:1],
        format_func=attribute_name,
        key=f"{label}-{table.state}",
        help="Each combination of their levels is a cell.",
    )
    return tuple(name for name in table.attributes if name in chosen)


def refusal(table: StoredTable, crossed: Sequence[str]) -> str:
    """Why a crossing is not shown; "" if it is."""
    if not crossed:
        return "Choose at least one attribute."
    cells = math.prod(len(table.levels(name)) for name in crossed)
    if cells <= MOST_CELLS:
        return ""
    return (
        f"This crossing has {count(cells)} cells, and at most {MOST_CELLS} are shown: cross fewer "
        "attributes."
    )


def show_cells(sliced: Resliced, cells: Sequence[Cell], compared: Compared | None = None) -> None:
    """The cells as a table, with unrounded numbers for sorting."""
    import pandas as pd

    # As in the chart: what is alike in the controls stands together.
    order = sorted(range(len(sliced.crossed)), key=lambda at: is_group(sliced.crossed[at]))
    names = [attribute_name(sliced.crossed[at]) for at in order]
    names += ["n", "Rate", "90 % interval"]
    names += [compared.form.capitalize(), "Its interval"] if compared else []
    others = compared.cells if compared else [None] * len(cells)
    rows = [
        [*(visible(cell.levels[at]) for at in order), *_numbers(cell, other, compared)]
        for cell, other in zip(cells, others, strict=True)
    ]
    columns = distinct([*names, *UNROUNDED, "Remark"], 40)
    number = st.column_config.NumberColumn(format="%.6g", help="Unrounded, for sorting and export")
    st.dataframe(
        pd.DataFrame(rows, columns=columns),
        hide_index=True,
        height=min((len(rows) + 1) * 35 + 3, 640),
        column_config={
            **dict.fromkeys(columns[-4:-1], number),
            columns[-1]: st.column_config.TextColumn(width=260),
        },
    )


def _numbers(cell: Cell, other: Cell | None, compared: Compared | None) -> list[str | float | None]:
    texts = ["–" if cell.n is None else count(cell.n), *_texts(cell, rate_scale())]
    if other is not None and compared is not None:
        texts += _texts(other, compared_scale(compared.form))
    reasons = dict.fromkeys(one.reason for one in (cell, other) if one and one.reason)
    interval = cell.interval
    ends = (interval.low, interval.high) if interval else (None, None)
    return [*texts, cell.value, *ends, " ".join(reasons)]


def _texts(cell: Cell, scale: Scale) -> list[str]:
    if cell.reference:
        return ["reference", ""]
    if cell.value is None:
        return [absence(cell), ""]
    return [
        scale.value(cell.value, cell.interval),
        scale.span(cell.interval, cell.value) if cell.interval else "none",
    ]


def show_remarks(table: StoredTable, sliced: Sequence[Resliced], *, clustered: bool) -> None:
    """What n is, how intervals were made, and that cells are withheld."""
    weights = " Rows count as their weights say; n is the number of rows." if table.weighted else ""
    remarks = [f"Counted on the {table.split} data.{weights}"]
    remarks.append("Intervals take the declared clusters into account." if clustered else "")
    if any(one.holds_back for one in sliced):
        remarks.append(
            "Cells of fewer than 5 are withheld, and so is what would tell about them by "
            "subtraction. Several views put together may still tell more than each alone: take "
            "care which ones you pass on."
        )
    st.caption(literal(" ".join(filter(None, remarks))))
