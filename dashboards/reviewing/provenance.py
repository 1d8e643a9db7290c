"""Where a run came from: model, data, digests, settings, versions, the policy's own text."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from auditkit.records.record import AuditRecord
from auditkit.reports.facts import audited, flattened
from auditkit.reports.text import visible
from reviewing.literal import literal


def show_provenance(record: AuditRecord) -> None:
    """Everything needed to repeat the run, and to tell whether another one was the same."""
    st.subheader("What was audited", anchor=False)
    _show_facts(audited(record))
    st.subheader("Digests", anchor=False)
    _show_facts(record.digests.items())
    left, right = st.columns(2)
    with left:
        st.subheader("Settings", anchor=False)
        _show_facts(flattened(record.settings))
        st.subheader("Seconds by stage", anchor=False)
        _show_facts((name, f"{seconds:.2f}") for name, seconds in record.timing.items())
    with right:
        st.subheader("Environment", anchor=False)
        _show_facts(flattened(record.environment))
    for title, description in (("Model in full", record.model), ("Data in full", record.data)):
        with st.expander(title):
            _show_facts(flattened(description))
    if record.policy_text:
        with st.expander("The policy as judged"):
            st.code(visible(record.policy_text), language="yaml")


def _show_facts(facts: Iterable[tuple[str, str]]) -> None:
    import pandas as pd

    rows = [(literal(term), literal(text)) for term, text in facts]
    if not rows:
        st.markdown("–")
        return
    table = pd.DataFrame(rows, columns=["what", "value"])
    st.table(table, border="horizontal", hide_index=True, hide_header=True)
