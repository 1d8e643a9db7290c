"""Groups, sliced again by the reviewer: rates of any crossing that was counted."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from auditkit.records import Store
from auditkit.records.record import AuditRecord
from auditkit.reports.reslicing import (
    Compared,
    Question,
    Resliced,
    StoredTable,
    rate_chart,
)
from auditkit.reports.text import distinct, visible
from auditkit.statistics.group_rates import GROUP_RATES
from reviewing.cells import (
    ask_crossed,
    attribute_name,
    choose_table,
    refusal,
    show_cells,
    show_remarks,
)
from reviewing.charts import show_chart
from reviewing.literal import literal
from reviewing.source import counted_tables, mishaps
from reviewing.thresholds import show_thresholds

COMPARISONS = ("nothing", "ratio", "difference")


def show_groups(opened: Store, record: AuditRecord) -> None:
    """What may be asked, the answer as chart and table, and what another threshold would do."""
    with mishaps():
        decisions, scores = counted_tables(opened, record.id)
        if not decisions and not scores:
            st.info(
                "This run keeps no counts by group: no group is declared, no decision is made, or "
                "its states were not stored.",
                icon=":material/info:",
            )
            return
        st.info(
            "**Exploration.** Read from the stored counts; no verdict rests on it. Of many "
            "comparisons some look striking by chance: one that is chosen after seeing the data "
            "proves nothing until other data confirm it.",
            icon=":material/travel_explore:",
        )
        clustered = bool(record.data.get("cluster"))
        if decisions:
            _show_crossing(decisions, record, clustered=clustered)
        if scores:
            show_thresholds(scores, record, clustered=clustered)


def _show_crossing(tables: Sequence[StoredTable], record: AuditRecord, *, clustered: bool) -> None:
    table = choose_table(tables, "counts")
    left, right = st.columns([2, 3])
    rate = left.selectbox(
        "Rate",
        table.rates,
        format_func=lambda name: GROUP_RATES[name].title,
        key=f"rate-{table.state}",
    )
    crossed = ask_crossed(right, table, "Crossed")
    if refused := refusal(table, crossed):
        st.info(refused, icon=":material/grid_off:")
        return
    others = [name for name in table.attributes if name not in crossed]
    *places, form_place, reference_place = st.columns(len(others) + 2)
    held = _ask_held(places, table, others)
    sliced = Resliced.of(table, Question(rate, crossed, held), clustered=clustered)
    cells = sliced.cells()
    if not cells:
        st.info("Nobody is in these cells.", icon=":material/person_off:")
        return
    compared = _ask_comparison(form_place, reference_place, table, sliced, record)
    show_chart(rate_chart(sliced, cells, compared), GROUP_RATES[rate].title, "resliced")
    show_cells(sliced, cells, compared)
    show_remarks(table, [sliced], clustered=clustered)


def _ask_held(
    places: Sequence[DeltaGenerator], table: StoredTable, attributes: Sequence[str]
) -> dict[str, str]:
    """The level of each attribute that alone is looked at, where one is chosen."""
    held = {}
    for place, name in zip(places, attributes, strict=True):
        level = place.selectbox(
            literal(f"Only {attribute_name(name)}", 40),
            (None, *table.levels(name)),
            format_func=lambda level: "all" if level is None else visible(level),
            key=f"held-{table.state}-{name}",
        )
        if level is not None:
            held[name] = level
    return held


# Five parameters: two places on the page, and what is compared.
def _ask_comparison(
    form_place: DeltaGenerator,
    reference_place: DeltaGenerator,
    table: StoredTable,
    sliced: Resliced,
    record: AuditRecord,
) -> Compared | None:
    references = sliced.references()
    if len(references) < 2:
        return None
    form = form_place.selectbox(
        "Compared by", COMPARISONS, format_func=str.capitalize, key=f"form-{table.state}"
    )
    if form == COMPARISONS[0]:
        return None
    names = distinct((", ".join(levels) for levels in references), 80)
    place = reference_place.selectbox(
        "Reference",
        range(len(references)),
        index=_declared(sliced, references, record),
        format_func=names.__getitem__,
        key=f"reference-{table.state}-{'-'.join(sliced.anchored)}",
        help="Cells are compared with the reference at the same level of every control.",
    )
    return Compared.of(sliced, references[place], form)


def _declared(sliced: Resliced, references: Sequence[tuple[str, ...]], record: AuditRecord) -> int:
    """Where the declared reference is; the first where none is declared, or it does not occur."""
    groups = record.data.get("groups") or {}
    declared = tuple(
        (groups.get(name.partition(":")[2]) or {}).get("reference") for name in sliced.anchored
    )
    return references.index(declared) if declared in references else 0
