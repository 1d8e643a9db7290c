"""The answers of an audit with their outcomes and all scores: what everything here is read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from auditkit.checks.answer_rows import AnswerRows, answer_rows
from auditkit.checks.check import EVALUATION
from auditkit.checks.hallucination.verifying import SCORE, untrusted, verification_accuracy
from auditkit.checks.kept_groups import KeptGroups
from auditkit.evidence.collected import Evidence
from auditkit.evidence.subject import Subject
from auditkit.generation.correctness.outcome import Outcome
from auditkit.generation.equivalence.judging import classes_of
from auditkit.generation.scores.fitted import FITTED, fitted_scores
from auditkit.generation.scores.registry import SCORES, scored
from auditkit.generation.scores.score import Material, NotScored, Values
from auditkit.measurement import Measurement

CONTROLS = frozenset(score.name for score in SCORES if score.control)
"""What is no score at all, and stands in every table to be beaten."""

TITLES = {
    **{score.name: score.title for score in SCORES},
    **{score.name: score.title for score in FITTED},
}
"""Score → what a reviewer reads."""

AnswerGroups = KeptGroups[AnswerRows]


@dataclass(frozen=True, eq=False)
class Judged:
    """The answers to all prompts.

    Attributes:
        rows: n prompts with what became of their answers.
        material: the same as scores see it.
        scores: of each prompt, by name: float64 of shape (n,), higher meaning riskier; or the
            reason why there is none.
        verification: how well the model judges its own answers.
    """

    rows: AnswerRows
    material: Material
    scores: Mapping[str, Values | NotScored]
    verification: Measurement

    @property
    def judged(self) -> np.ndarray:
        """Which answers are right, wrong or refusals, bool of shape (n,)."""
        known: np.ndarray = self.rows.outcomes != Outcome.UNJUDGED
        return known

    @property
    def compared(self) -> np.ndarray:
        """The rows that scores are compared on: held out, and right or wrong; bool (n,)."""
        chosen: np.ndarray = self.rows.held_out & self.rows.answered
        return chosen

    @property
    def fitted_on(self) -> np.ndarray:
        """The rows that whatever is fitted or chosen may see: the other half; bool (n,)."""
        chosen: np.ndarray = ~self.rows.held_out & self.rows.answered
        return chosen

    @cached_property
    def compared_rows(self) -> AnswerRows:
        """The answers that scores are compared on."""
        return self.rows.part(self.compared)


def judged(subject: Subject, evidence: Evidence) -> Judged | str:
    """The answers to the prompts of the evaluation split, or the reason why there are none."""
    rows = answer_rows(subject, evidence, EVALUATION)
    if isinstance(rows, str):
        return rows
    generations, settings = evidence[EVALUATION].generations, subject.generation
    assert generations is not None  # or there were no rows
    assert settings is not None
    material = Material(generations, classes_of(generations, settings), settings)
    fitted = fitted_scores(material, rows.wrong, rows.answered, ~rows.held_out)
    scores = {**scored(material), **fitted}
    verification = verification_accuracy(rows, scores[SCORE])
    reason = untrusted(verification, settings.verification.least)
    if reason and not isinstance(scores[SCORE], NotScored):
        scores[SCORE] = NotScored(reason)
    return Judged(rows, material, scores, verification)


__all__ = ["CONTROLS", "TITLES", "AnswerGroups", "Judged", "judged"]
