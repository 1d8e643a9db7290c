"""Verdicts: a table of all, what blocks first, and the reasons in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from auditkit.policy.verdict import VerdictStatus
from auditkit.records.record import AuditRecord
from auditkit.reports.verdict_view import Requirement, VerdictRow, requirements
from auditkit.reports.wording import SEVERITIES, VERDICTS
from reviewing.charts import show_chart
from reviewing.literal import literal
from reviewing.looks import LOOKS, badge, look, worded
from reviewing.strips import strip_chart, wanting

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

MOST_ROWS = 8
"""Verdicts of one requirement whose reasons are shown; the table has all."""

ROW_HEIGHT, MOST_HEIGHT = 35, 600
_SEVERITY = {words: name for name, words in SEVERITIES.items()}
COLUMNS = {
    "Verdict": 155, "Requirement": 180, "On": 185, "Value": 95, "Interval": 125, "Required": 145,
    "n": 65, "Severity": 70, "Clause": 105, "Basis": 90, "p": 65,
}  # fmt: skip
"""Columns of the table with their widths in pixels, which together fill a page of 1280."""


def show_verdicts(record: AuditRecord) -> None:
    """The table, and under it a card for each requirement that is not simply met."""
    if record.judgement is None:
        st.info(
            "No policy was asked, so nothing was judged. Judge this record with "
            "`auditkit gate RECORD --policy baseline`.",
            icon=":material/info:",
        )
        return
    found = requirements(record)
    if not found:
        st.info("The policy has no requirement for this model.", icon=":material/info:")
        return
    chosen = _filter(found)
    _show_table([line for line in _lines(found) if not chosen or line["status"] in chosen])
    st.caption(
        "p: how likely such data are if the requirement were met, corrected for all comparisons "
        "that block (Holm). Intervals are at the level that the verdict was judged at."
    )
    unmet = [item for item in found if item.blocks or item.status != VerdictStatus.PASS]
    if unmet:
        st.subheader("Why", anchor=False)
    for place, item in enumerate(unmet):
        if not chosen or any(row.status in chosen for row in item.rows):
            _show_card(item, record, place)


def _filter(found: Sequence[Requirement]) -> list[str]:
    tally = Counter(line["status"] for line in _lines(found))
    present = [name for name in LOOKS if name in tally]
    return st.pills(
        "Show only",
        present,
        selection_mode="multi",
        format_func=lambda name: f"{worded(name)} ({tally[name]})",
        key="verdict",
    )


def _lines(found: Sequence[Requirement]) -> Iterator[dict[str, str]]:
    """All verdicts as lines of the table: those that block first, then the worst first."""
    order = [status.value for status in VERDICTS]
    pairs = [(item, row) for item in found for row in (*item.rows, *item.folded)]
    pairs.sort(key=lambda pair: (not pair[1].blocks, order.index(pair[1].status)))
    for item, row in pairs:
        values = (
            worded(row.status) + (", blocks" if row.blocks else ""), item.title, row.subject,
            row.value, row.span, item.region, row.n, _SEVERITY.get(item.severity, item.severity),
            item.clause, item.basis, row.p,
        )  # fmt: skip
        yield {"status": row.status, **dict(zip(COLUMNS, values, strict=True))}


def _show_table(lines: list[dict[str, str]]) -> None:
    import pandas as pd

    table = pd.DataFrame(lines, columns=["status", *COLUMNS])
    st.dataframe(
        _coloured(table),
        column_order=list(COLUMNS),
        hide_index=True,
        height=min((len(lines) + 1) * ROW_HEIGHT + 3, MOST_HEIGHT),
        column_config={
            name: st.column_config.TextColumn(width=width) for name, width in COLUMNS.items()
        },
        key="verdict_table",
    )


def _coloured(table: Any) -> Styler:
    """The table with the verdict in its colour; word and sign say the same."""

    def rules(row: Any) -> list[str]:
        style = f"color: {look(row['status']).colour}; font-weight: 600"
        return [style if name == "Verdict" else "" for name in row.index]

    styled: Styler = table.style.apply(rules, axis=1)
    return styled


def _show_card(item: Requirement, record: AuditRecord, place: int) -> None:
    with st.container(key=f"card-{item.status}-{place}", border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            badge(item.status, more=", blocks" if item.blocks else "")
            st.markdown(f"**{literal(item.title)}**", width="content")
        st.caption(_origin(item))
        if item.explanation:
            st.markdown(literal(item.explanation))
        rows = [row for row in item.rows if row.status != VerdictStatus.PASS] or item.rows
        drawn = strip_chart(wanting(record, item.id, MOST_ROWS), record)
        if drawn is not None:
            show_chart(drawn, f"Intervals against: {item.region}", f"strip-{place}")
        for row in rows[:MOST_ROWS]:
            _show_reason(row)
        more = len(item.rows) + len(item.folded) - len(rows[:MOST_ROWS])
        if more:
            st.caption(f"{more} more in the table.")


def _origin(item: Requirement) -> str:
    required = f"required: {literal(item.region)}" if item.region else ""
    basis = f"basis: {literal(item.basis)}. {literal(item.basis_words)}" if item.basis else ""
    parts = [literal(item.severity), required, literal(item.clause), basis.strip()]
    return " · ".join(part for part in parts if part)


def _show_reason(row: VerdictRow) -> None:
    seen = look(row.status)
    heading = f":{seen.badge}[{seen.icon} **{seen.word}**] {literal(row.subject)}"
    rates = f"  \n{literal(row.rates)}" if row.rates else ""
    waiver = f"  \nWaiver: {literal(row.waiver)}" if row.waiver else ""
    st.markdown(f"{heading}{rates}  \n{literal(row.reason)}{waiver}")
