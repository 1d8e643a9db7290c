"""How far the raters agree, and the table of what they agreed on."""

from __future__ import annotations

import json
from pathlib import Path

import streamlit as st

from auditkit.generation.labelling.judgements import Judgements
from auditkit.reports.formatting import count
from auditkit.reports.write import write_text
from reviewing.literal import literal


def show_agreement(judgements: Judgements, answers: Path) -> None:
    """Progress of each rater by number, not by name; alpha with its interval; the table."""
    judged = [
        sum(row[place] is not None for row in judgements.said)
        for place in range(len(judgements.raters))
    ]
    total = count(len(judgements.answers))
    for number, done in enumerate(judged, start=1):
        st.markdown(f"Rater {number}: {count(done)} of {total} answers judged")
    found = judgements.agreement
    if isinstance(found, str):
        st.info(literal(found), icon=":material/group:")
    else:
        low, high = found.interval()
        st.metric("Krippendorff's alpha", _signed(found.alpha))
        st.markdown(
            f"95 % interval {_signed(low)} to {_signed(high)}, over {count(found.units)} answers "
            f"that at least two people judged; on {count(found.split)} of them they differ."
        )
        st.caption(
            "1: they agree on everything; 0: as chance would have it. Under .67 the labels carry "
            "no conclusion, under .80 only a tentative one (Krippendorff 2004). “Cannot tell” is a "
            "label of its own."
        )
    if judgements.disputed:
        st.markdown(
            f"{count(len(judgements.disputed))} answers are judged differently and have no label "
            "until one more person judges them."
        )
    _show_writing(judgements, answers)


def _show_writing(judgements: Judgements, answers: Path) -> None:
    table, notes = answers.with_suffix(".labelled.csv"), answers.with_suffix(".agreement.json")
    agreed = sum(one is not None for one in judgements.agreed)
    words = f"Write {count(agreed)} agreed labels"
    if st.button(words, icon=":material/save:", disabled=not agreed):
        write_text(table, judgements.table())
        write_text(notes, json.dumps(judgements.notes(), indent=2) + "\n")
        st.success(
            f"{literal(str(table))}: its column label is what generation.columns.label names. "
            f"{literal(str(notes))} says how far the raters agree.",
            icon=":material/check_circle:",
        )


def _signed(number: float) -> str:
    return f"{number:.2f}".replace("-", "−")
