"""What would mend a finding, and what that would cost: shown, and never applied."""

from __future__ import annotations

import streamlit as st

from auditkit.records.record import AuditRecord
from auditkit.reports.advice_view import AdviceView, Cell, advice_views
from auditkit.reports.text import distinct, visible
from reviewing.figures import show_figure
from reviewing.literal import literal


def show_advice(record: AuditRecord) -> None:
    """Each advice with its options side by side, its figure and its limits; the caution first."""
    views = advice_views(record)
    if not views:
        st.info(
            "Nothing was advised: nothing that an adviser could mend lies outside what is asked.",
            icon=":material/info:",
        )
    for caution in dict.fromkeys(view.caution for view in views if view.caution):
        st.warning(f"**Advice, never applied.** {literal(caution)}", icon=":material/gavel:")
    for place, view in enumerate(views):
        _show(view, record, place)


def _show(view: AdviceView, record: AuditRecord, place: int) -> None:
    st.subheader(literal(view.title), anchor=False)
    for sentence in view.sentences:
        st.markdown(literal(sentence))
    for number, sentence in enumerate(view.cost):
        st.markdown(f"**{literal(sentence)}**" if number == 0 else literal(sentence))
    if view.rows:
        _show_options(view)
    if view.figure is not None:
        show_figure(view.figure, record, f"advice-{place}")
    st.markdown("\n".join(f"- {literal(sentence)}" for sentence in view.limits))


def _show_options(view: AdviceView) -> None:
    import pandas as pd

    columns = distinct(("", *view.options, "n"), 60)
    rows = [[visible(row.name), *(_text(cell) for cell in row.cells), row.n] for row in view.rows]
    columns[0] = " "
    st.dataframe(
        pd.DataFrame(rows, columns=columns),
        hide_index=True,
        height=min((len(rows) + 1) * 35 + 3, 640),
    )
    st.caption("In parentheses: 90 % intervals.")


def _text(cell: Cell) -> str:
    span = f" ({cell.span})" if cell.span else ""
    note = f": {visible(cell.note)}" if cell.note else ""
    return f"{cell.value}{span}{note}"
