"""The figures of a record: the same charts as in the report."""

from __future__ import annotations

import streamlit as st

from auditkit.measurement import Figure
from auditkit.records.record import AuditRecord
from auditkit.reports.figures import chart, spoken, tables
from auditkit.reports.text import distinct
from auditkit.reports.verdict_view import ordered_figures
from reviewing.charts import show_chart
from reviewing.literal import literal


def show_figures(record: AuditRecord) -> None:
    """Every figure with its caption and its numbers; what belongs to a blocking verdict first."""
    figures = ordered_figures(record)
    if not figures:
        st.info("This run drew no figures.", icon=":material/info:")
    for place, figure in enumerate(figures):
        show_figure(figure, record, f"{place}")


def show_figure(figure: Figure, record: AuditRecord, key: str) -> None:
    """A figure with its caption and its numbers.

    Args:
        key: unique on the page.
    """
    with st.container(border=True, key=f"figure-{key}"):
        show_chart(chart(figure, record.judgement), spoken(figure), f"chart-{key}")
        st.markdown(literal(figure.caption))
        _show_numbers(figure)


def _show_numbers(figure: Figure) -> None:
    import pandas as pd

    with st.expander("The numbers", icon=":material/table:"):
        for columns, rows in tables(figure):
            table = pd.DataFrame(rows, columns=distinct((name or "name" for name in columns), 40))
            st.dataframe(table, hide_index=True)
