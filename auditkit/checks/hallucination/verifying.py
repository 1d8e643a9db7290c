"""Whether the model's word on its own answers is worth anything: P(True)'s own test."""

from __future__ import annotations

from functools import partial

import numpy as np

from auditkit.checks.answer_rows import AnswerRows
from auditkit.checks.estimation import estimated
from auditkit.checks.hallucination.keys import NOT_JUDGED, key_of, not_applicable
from auditkit.checks.hallucination.ranking import auroc
from auditkit.checks.percentages import percent
from auditkit.generation.scores.score import NotScored, Values
from auditkit.measurement import Measurement

SCORE = "p_true"


def verification_accuracy(rows: AnswerRows, doubt: Values | NotScored) -> Measurement:
    """How well the model calls its right answers true, and its wrong ones false.

    It is measured on the half that may be fitted on, so that none of the rows that scores are
    compared on decides whether this one is among them.

    Args:
        rows: all answers.
        doubt: 1 − the probability of yes of each, shape (n,); or why there is none.
    """
    key = key_of("verification_accuracy")
    if isinstance(doubt, NotScored):
        return not_applicable(key, doubt.reason, rows)
    if not rows.answered.any():
        return not_applicable(key, NOT_JUDGED, rows)
    chosen = ~rows.held_out & rows.answered
    part = rows.part(chosen)
    # The AUC of a yes or no is the balanced accuracy, (verified + rejected) / 2.
    rejects = (doubt[chosen] >= 0.5).astype(np.float64)
    return estimated(key, partial(auroc, rejects, part), part.sample)


def untrusted(accuracy: Measurement, least: float) -> str:
    """Why the model's word counts for nothing; "" if it passed its test.

    Args:
        accuracy: as `verification_accuracy` measured it.
        least: that the settings ask for.
    """
    if accuracy.value is None:
        return f"The model's word on its own answers could not be tested. {accuracy.reason}"
    if accuracy.value >= least:
        return ""
    return (
        "The model cannot verify its own answers: its balanced accuracy on right and wrong ones is "
        f"{percent(round(accuracy.value, 3))}, where generation.verification.least asks for "
        f"{percent(least)}."
    )


__all__ = ["SCORE", "untrusted", "verification_accuracy"]
