"""The head of a run: what was audited, the outcome, and why, in a few sentences."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from auditkit.records import Signature, SignOff
from auditkit.records.record import AuditRecord
from auditkit.records.runs import NOT_JUDGED
from auditkit.reports.findings import Headline, cautions, headline
from auditkit.reports.formatting import moment
from reviewing.literal import literal
from reviewing.looks import look, signed_badge

NAME = 120


def show_banner(record: AuditRecord, signatures: Sequence[Signature], *, whole: bool) -> None:
    """Name, outcome in words, and, if `whole`, what blocks and what to bear in mind."""
    st.title(literal(record.name, NAME) or "\\(no name\\)", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_origin(record), width="content")
        signed_badge(last_decision(signatures))
    outcome = NOT_JUDGED if record.judgement is None else record.judgement.outcome.value
    with st.container(key=f"banner-{outcome.replace(' ', '-')}", border=True):
        head = headline(record)
        seen = look(outcome)
        st.markdown(f"## :{seen.badge}[{seen.icon} {seen.word}]")
        st.markdown(literal(head.lead))
        if whole:
            _show_findings(head)
            _show_cautions([*cautions(record), *record.notes])


def last_decision(signatures: Sequence[Signature]) -> str:
    """The last `approve` or `reject`; "" if there is none."""
    decisions = [entry.decision for entry in signatures if entry.decision != SignOff.COMMENT]
    return decisions[-1].value if decisions else ""


def _origin(record: AuditRecord) -> str:
    parts = [literal(moment(record.created)), f"record {record.id}"]
    judgement = record.judgement
    if judgement is not None:
        parts.append(f"policy {literal(judgement.policy, 60)}")
        parts.append(f"look {judgement.look}")
    parts.append(f"auditkit {literal(record.version, 30)}")
    return " · ".join(parts)


def _show_findings(head: Headline) -> None:
    for title, sentences in head.findings:
        st.markdown(f"**{literal(title)}**  \n{literal(sentences)}")
    if head.more:
        st.markdown(literal(head.more))


def _show_cautions(sentences: Sequence[str]) -> None:
    if sentences:
        st.markdown("**To bear in mind**")
        st.markdown("\n".join(f"- {literal(sentence)}" for sentence in sentences))
