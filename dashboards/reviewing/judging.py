"""One answer at a time for a person to judge, blind to scores and to what others said."""

from __future__ import annotations

import streamlit as st

from auditkit.generation.labelling.judgements import Judgements
from auditkit.generation.labelling.labels import LabelFile, Said
from auditkit.generation.labelling.shown_answers import ShownAnswer
from auditkit.reports.formatting import count
from reviewing.answers import in_order_of
from reviewing.literal import literal

BUTTONS = {
    Said.RIGHT: ("Right", ":material/check:", "1"),
    Said.WRONG: ("Wrong", ":material/close:", "2"),
    Said.UNCLEAR: ("Cannot tell", ":material/question_mark:", "3"),
}
AGAIN = "answer to judge again"


def show_judging(judgements: Judgements, labels: LabelFile, rater: str) -> None:
    """The next answer without a label of this rater, with what to judge it by."""
    mine = judgements.by(rater)
    shown = in_order_of(rater, judgements.answers)
    if judgements.disputed - mine.keys() and st.toggle(
        "Only answers that others have not agreed on",
        help="How they were judged is not shown.",
        key="disputed",
    ):
        shown = [one for one in shown if one.id in judgements.disputed]
    done = [one for one in shown if one.id in mine]
    if shown:
        st.progress(
            len(done) / len(shown), f"{count(len(done))} of {count(len(shown))} judged by you"
        )
    again = st.session_state.get(AGAIN)
    waiting = [one for one in shown if one.id == again or (not again and one.id not in mine)]
    if waiting:
        _show_answer(waiting[0])
        _show_buttons(waiting[0], labels, rater, mine.get(waiting[0].id))
    else:
        st.success("You have judged every answer.", icon=":material/done_all:")
    _show_back(judgements, labels, rater)


def _show_answer(one: ShownAnswer) -> None:
    with st.container(border=True, key="answer"):
        st.caption("Question")
        st.markdown(literal(one.prompt) or "\\(spoken\\)")
        if one.context:
            with st.expander(f"Context · passages: {count(len(one.context))}"):
                for passage in one.context:
                    st.markdown(literal(passage))
        st.caption("Right answers, as far as they are known")
        for reference in one.references:
            st.markdown(literal(reference) or "\\(none: the question has no answer\\)")
        if not one.references:
            st.markdown("\\(not given\\)")
        st.divider()
        st.caption("Answer of the model")
        st.markdown(literal(one.answer) or "\\(empty\\)")


def _show_buttons(one: ShownAnswer, labels: LabelFile, rater: str, before: Said | None) -> None:
    if before is not None:
        st.caption(f"You said: {BUTTONS[before][0].lower()}. What you say now replaces it.")
    with st.container(horizontal=True):
        for said, (word, icon, key) in BUTTONS.items():
            # The id is in the key: a second click cannot judge the next answer unread.
            if st.button(word, icon=icon, shortcut=key, key=f"{said}-{one.digest}-{one.id}"):
                labels.add(one, rater, said)
                st.session_state.pop(AGAIN, None)
                st.rerun()


def _show_back(judgements: Judgements, labels: LabelFile, rater: str) -> None:
    """Back to the answer that this rater judged last, or on to the next."""
    if AGAIN in st.session_state:
        if st.button("Leave it as it is", icon=":material/arrow_forward:", type="tertiary"):
            st.session_state.pop(AGAIN)
            st.rerun()
        return
    mine = judgements.by(rater)
    given, _ = labels.read()
    own = [one.id for one in given if one.rater.casefold() == rater.casefold() and one.id in mine]
    if own and st.button(
        "Judge the last one again", icon=":material/undo:", type="tertiary", key="back"
    ):
        st.session_state[AGAIN] = own[-1]
        st.rerun()
