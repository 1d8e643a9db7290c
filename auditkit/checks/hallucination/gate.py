"""Which answers to give: a threshold of one score, with a promise about the errors among them.

The score is fixed before anybody looks at the half that it is judged on: the one that the settings
name, or else the first of `ORDER` that the evidence holds. Never is it the best of this sample.
The threshold is chosen on one half of the answers, one of each cluster, and measured on the other.
Answers of equal scores are given together or not at all: a discrete score has most of them at 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from auditkit.checks.answer_rows import AnswerRows
from auditkit.checks.certifying import Certifying
from auditkit.checks.estimation import MIN_KEPT, NoEstimateError, telling, too_few, undefined
from auditkit.checks.hallucination.judged import TITLES, Judged
from auditkit.evidence.aims import Aims
from auditkit.evidence.row_estimates import share_of
from auditkit.generation.scores.registry import SCORES
from auditkit.generation.scores.score import NotScored, Values
from auditkit.measurement import Estimate
from auditkit.statistics.abstention import Threshold, one_of_each
from auditkit.statistics.rounding import rounded_up

ORDER = (
    "semantic_entropy",
    "self_consistency",
    "mean_token_entropy",
    "perplexity",
    "lexical_dissimilarity",
)
"""Which score decides where the settings name none: the first that there is. What asks for several
samples comes first, then what the numbers of a single answer tell, then what texts alone do."""

_UNFITTED = tuple(score.name for score in SCORES if not score.control)
_DIGITS = 12  # as many as a coarse score can have


@dataclass(frozen=True, eq=False)
class Gate:
    """A score with a threshold, and the prompts that show what it does.

    Attributes:
        score: its name.
        certifying: the answers that the threshold is chosen on.
        held_out: the prompts that it is measured on: right, wrong or refused.
        confidences: of these, coarse, higher meaning less risky, float64 of shape (n,).
    """

    score: str
    certifying: Certifying
    held_out: AnswerRows
    confidences: np.ndarray

    @classmethod
    def of(cls, found: Judged, aims: Aims) -> Gate | str:
        """The gate of an audit, or the reason why there is none."""
        name, values = decided_by(found)
        if isinstance(values, NotScored):
            return values.reason
        rows = found.rows
        # Coarse, so that a threshold is no single answer's score.
        confidences = rounded_up(-values)
        chosen = np.flatnonzero(found.fitted_on)
        if rows.clusters is not None:
            chosen = chosen[one_of_each(rows.clusters[chosen], rows.keys[chosen])]
        held_out = found.judged & rows.held_out
        certifying = Certifying(
            confidences[chosen],
            rows.wrong[chosen],
            rows.clusters is not None,
            aims,
            drawn="answer",
            probe="score",
        )
        return cls(name, certifying, rows.part(held_out), confidences[held_out])

    @property
    def title(self) -> str:
        """The score as a reviewer reads it."""
        return TITLES[self.score]

    def found(self) -> Threshold:
        """The threshold.

        Raises:
            NoEstimateError: there is none, with the reason; or nothing is held out.
        """
        threshold = self.certifying.threshold
        if threshold is None:
            raise self.certifying.none()
        if len(self.held_out) < MIN_KEPT:
            raise too_few("Too few judged prompts are held out to measure the threshold on.")
        return threshold

    @cached_property
    def usable(self) -> bool:
        """Whether there is a threshold, and something to measure it on."""
        try:
            self.found()
        except NoEstimateError:
            return False
        return True

    @cached_property
    def accepted(self) -> np.ndarray:
        """Which held-out prompts get an answer, bool of shape (n,): not refused, nor held back.

        Raises:
            NoEstimateError: as `found`.
        """
        given: np.ndarray = self.held_out.answered & (self.confidences > self.found().above)
        return given

    def coverage(self) -> Estimate:
        """The share of held-out prompts that get an answer.

        Raises:
            NoEstimateError: as `found`.
            ValueError: clusters are declared, and too few hold prompts.
        """
        return share_of(self.accepted, self.held_out)

    def error(self) -> Estimate:
        """The share of wrong ones among the held-out answers that are given.

        Raises:
            NoEstimateError: as `found`; or no or too few answers are given.
            ValueError: clusters are declared, and too few hold answers.
        """
        given = self.held_out.part(self.accepted)
        if not len(given):
            raise undefined("None of the held-out prompts is answered.")
        if len(given) < MIN_KEPT:
            raise telling("Too few of the held-out prompts are answered")
        return share_of(given.wrong, given)

    @cached_property
    def breach(self) -> str:
        """That the promise is broken on the other half, in a sentence; "" if nothing shows it."""
        if not self.usable or self.held_out.part(self.accepted).sample.lack:
            return ""
        try:
            return self.certifying.breach(self.error())
        except (NoEstimateError, ValueError):
            return ""

    @property
    def below(self) -> float | None:
        """The score below which answers are given; None where all are."""
        above = self.found().above
        return None if math.isinf(above) else float(f"{-above:.{_DIGITS}g}")

    @property
    def rule(self) -> str:
        """Which answers are given, in words that follow "an answer is given"."""
        if self.below is None:
            return "whatever its score is"
        return f"where {self.title[:1].lower()}{self.title[1:]} is below {self.below:.{_DIGITS}g}"

    @property
    def basis(self) -> str:
        """On what the threshold was chosen, and whether it held."""
        if not self.usable:
            return ""
        found = self.found()
        one = "answers, one of each cluster," if self.certifying.clustered else "answers"
        told = (
            f"An answer is given {self.rule}. That was chosen on {len(self.certifying.wrong):,} "
            f"{one} of the other half, of which {found.answered:,} are given and {found.errors:,} "
            f"of these wrong; there it {self.certifying.promise}."
        )
        return f"{self.breach} {told}".strip()


def decided_by(found: Judged) -> tuple[str, Values | NotScored]:
    """The score that decides which answers are given, fixed before any outcome is looked at."""
    wanted = found.material.settings.score
    if wanted:
        return wanted, _named(found, wanted)
    for name in ORDER:
        values = found.scores[name]
        if not isinstance(values, NotScored):
            return name, values
    first = found.scores[ORDER[0]]
    assert isinstance(first, NotScored)  # or it would have been taken
    return ORDER[0], replace(
        first, reason=f"There is no score to decide by, out of {', '.join(ORDER)}. {first.reason}"
    )


def _named(found: Judged, name: str) -> Values | NotScored:
    if name in _UNFITTED:
        return found.scores[name]
    known = ", ".join(_UNFITTED)
    return NotScored(
        f"generation.score names {name!r}; a threshold is found for one of {known}. Of a score "
        "that is fitted to right and wrong answers itself the half it is fitted on shows too "
        "little."
    )


__all__ = ["ORDER", "Gate", "decided_by"]
