"""What this run says nothing about: not tested, not measurable, too small to judge."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from auditkit.records.record import AuditRecord
from auditkit.reports.measurement_view import absent_by_reason
from reviewing.literal import literal

MOST_SUBJECTS = 12


def show_gaps(record: AuditRecord) -> None:
    """Everything that a reviewer might believe was looked at, and was not."""
    judgement = record.judgement
    _show_list(
        "Not tested",
        record.not_tested,
        "No check named anything that it did not test; that is all this says.",
    )
    if judgement is not None:
        _show_list("Groups listed instead of judged", judgement.small_groups)
        _show_list("Requirements that do not apply", judgement.not_applicable)
    absent = absent_by_reason(record)
    if absent:
        st.subheader("Not measured", anchor=False)
    for status, reason, subjects in absent:
        listed = "; ".join(subjects[:MOST_SUBJECTS])
        more = len(subjects) - MOST_SUBJECTS
        ending = f" and {more} more" if more > 0 else ""
        st.markdown(f"**{literal(status)}**: {literal(reason)}  \n{literal(listed + ending)}")


def _show_list(title: str, sentences: Iterable[str], otherwise: str = "") -> None:
    listed = [f"- {literal(sentence)}" for sentence in sentences]
    if listed or otherwise:
        st.subheader(title, anchor=False)
        st.markdown("\n".join(listed) or otherwise)
