"""What the rates of groups would be with another threshold: a question, and no advice."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from auditkit.records.record import AuditRecord
from auditkit.reports.formatting import count
from auditkit.reports.reslicing import (
    Scoring,
    StoredTable,
    at_threshold,
    rate_chart,
    score_range,
    scoring_of,
)
from auditkit.reports.text import visible
from auditkit.statistics.group_rates import GROUP_RATES
from reviewing.cells import ask_crossed, choose_table, refusal, show_cells, show_remarks
from reviewing.charts import show_chart
from reviewing.literal import literal


def show_thresholds(tables: Sequence[StoredTable], record: AuditRecord, *, clustered: bool) -> None:
    """A slider for the threshold, and the rates of every group at it."""
    known = [table for table in tables if scoring_of(record.model, table) is not None]
    if not known:
        return
    st.subheader("Another threshold", anchor=False)
    table = choose_table(known, "scores")
    scoring = scoring_of(record.model, table)
    assert scoring is not None
    st.markdown(literal(_explained(scoring)))
    left, right = st.columns([2, 3])
    threshold = _ask_threshold(left, table, scoring)
    crossed = ask_crossed(right, table, "By")
    if refused := refusal(table, crossed):
        st.info(refused, icon=":material/grid_off:")
        return
    found = at_threshold(table, scoring, threshold, crossed, clustered=clustered)
    for name, sliced in found.rates.items():
        show_chart(rate_chart(sliced, sliced.cells()), GROUP_RATES[name].title, f"at-{name}")
    with st.expander("The numbers", icon=":material/table:"):
        for name, sliced in found.rates.items():
            st.markdown(f"**{GROUP_RATES[name].title}**")
            show_cells(sliced, sliced.cells())
    if found.undecided:
        st.caption(literal(_undecided(found.undecided)))
    show_remarks(table, list(found.rates.values()), clustered=clustered)


def _explained(scoring: Scoring) -> str:
    side = "from the threshold on" if scoring.selects_above else "below the threshold"
    favourable = "" if scoring.declared else " (no outcome is declared favourable)"
    return (
        f"What if the decision were made elsewhere: {visible(scoring.favourable)} {side}"
        f"{favourable}. Nothing is changed and nothing is advised by this; a threshold chosen on "
        "these data has to be tried on others."
    )


def _ask_threshold(place: DeltaGenerator, table: StoredTable, scoring: Scoring) -> float:
    low, high = score_range(table, scoring)
    step = 0.01 if scoring.probabilistic else (high - low) / 200
    used = (low + high) / 2 if scoring.threshold is None else scoring.threshold
    words = "none in use" if scoring.threshold is None else f"in use: {scoring.threshold:g}"
    return float(
        place.slider(
            f"Threshold ({words})", low, high, min(max(used, low), high), step,
            key=f"threshold-{table.state}",
        )
    )  # fmt: skip


def _undecided(rows: int) -> str:
    unit, stand = ("row stands", "counts") if rows == 1 else ("rows stand", "count")
    return (
        f"Scores are kept in narrow cells: {count(rows)} {unit} in the one that this threshold "
        f"cuts, and {stand} as below it."
    )
