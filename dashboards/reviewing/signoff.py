"""The sign-off log of a record: who decided what, and whether the log is whole."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from auditkit.records import Signature, Store
from auditkit.reports.formatting import digest, moment
from reviewing.literal import literal
from reviewing.looks import signed_badge


def show_signoff(opened: Store, record_id: str, signatures: Sequence[Signature]) -> None:
    """The entries, oldest first, how to add one, and a button that looks for tampering."""
    if not signatures:
        st.info("Nobody has signed this record yet.", icon=":material/edit_off:")
    for entry in signatures:
        _show_entry(entry)
    st.markdown("To decide on this record:")
    st.code(
        f'auditkit sign {record_id} --decision approve --reason "…" --store {opened.folder}',
        language="bash",
    )
    st.caption(
        "Decisions: approve, reject, comment. Entries are only ever appended; each carries the "
        "digest of the one before it. Names are as people gave them: nothing here proves them."
    )
    if st.button("Check the store for changes", icon=":material/verified_user:"):
        _show_check(opened)


def _show_entry(entry: Signature) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            signed_badge(entry.decision.value)
            st.markdown(f"**{literal(entry.who, 120)}**", width="content")
            st.caption(literal(moment(entry.at)), width="content")
        st.markdown(literal(entry.reason))
        st.caption(f"entry {entry.number} · {literal(digest(entry.digest))}")


def _show_check(opened: Store) -> None:
    problems = opened.verify()
    if problems:
        st.error("\n".join(f"- {literal(problem)}" for problem in problems))
    else:
        st.success(
            "Every file has the digest it was stored with, and the log of signatures is unbroken.",
            icon=":material/check_circle:",
        )
