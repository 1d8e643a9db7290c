"""People judge answers: one at a time, each for themselves, and then how far they agree."""

from __future__ import annotations

import streamlit as st
from reviewing.agreeing import show_agreement
from reviewing.answers import answers, answers_path, labels
from reviewing.judging import show_judging
from reviewing.source import mishaps

from auditkit.generation.labelling.judgements import Judgements
from auditkit.generation.labelling.labels import LONGEST_NAME, rater_name

st.title("Judge answers", anchor=False)
with mishaps():
    read, damaged = labels().read()
    judgements = Judgements.of(answers(), read)
    if damaged or judgements.stale:
        st.warning(
            f"{damaged} lines of labels are damaged, and {judgements.stale} labels are of answers "
            "that are no longer in the file, or no longer the same. They do not count.",
            icon=":material/warning:",
        )
    judging, agreeing = st.tabs(["Judge", "Agreement"])
    with judging:
        given = st.text_input(
            "Your name",
            key="rater",
            max_chars=LONGEST_NAME,
            placeholder="by which your labels are kept apart from those of others",
        )
        if given.strip():
            show_judging(judgements, labels(), rater_name(given))
        else:
            st.info(
                "Two people judge each answer, each for themselves: neither sees what the other "
                "said, nor any score. A third may judge those on which they differ. Labels are "
                "kept beside the file of answers, as soon as they are given.",
                icon=":material/group:",
            )
    with agreeing:
        show_agreement(judgements, answers_path())
