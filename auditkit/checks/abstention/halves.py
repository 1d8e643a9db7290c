"""One half of the rows to choose a threshold of confidence on, the other to see what it does.

Where a cluster is declared, no cluster is in both halves, and the threshold is chosen on one row of
each: what the rows of a cluster have in common would break its promise. What is promised is then
about one row drawn from each cluster; the other half shows what becomes of all rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from auditkit.checks.certifying import Certifying, promise
from auditkit.checks.confidence.probes import confidence
from auditkit.checks.estimation import MIN_KEPT, NoEstimateError, telling, too_few, undefined
from auditkit.evidence.aims import Aims
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.evidence.row_estimates import share_of
from auditkit.measurement import Estimate
from auditkit.statistics.abstention import Threshold, one_of_each
from auditkit.statistics.rounding import coarse_confidences

_DIGITS = 12  # as many as a coarse confidence can have


@dataclass(frozen=True, eq=False)
class AbstentionHalves:
    """The rows of one output in both halves, and what is asked for.

    Attributes:
        calibrated: the units that the threshold is chosen on: rows, or one of each cluster that has
            any among the rows kept.
        held_out: the rows that it is measured on.
        aims: with the error that may be left, and the chance that it is larger nevertheless.
    """

    calibrated: OutcomeRows
    held_out: OutcomeRows
    aims: Aims

    @classmethod
    def of(cls, rows: OutcomeRows, aims: Aims) -> AbstentionHalves:
        """All rows of an output, cut in two."""
        chosen, held_out = rows.part(~rows.held_out), rows.part(rows.held_out)
        if chosen.clusters is not None:
            chosen = chosen.part(one_of_each(chosen.clusters, chosen.keys))
        return cls(chosen, held_out, aims)

    @cached_property
    def _certifying(self) -> Certifying:
        """The units that the threshold is chosen on, with coarse confidences.

        So the threshold is no single unit's.

        Raises:
            ValueError: some confidences are not finite.
        """
        rows = self.calibrated
        coarse = coarse_confidences(confidence(rows))
        return Certifying(coarse, ~rows.correct, rows.clusters is not None, self.aims)

    @property
    def promise(self) -> str:
        """What a threshold is to keep, in words that follow "it"."""
        return promise(self.aims, clustered=self.calibrated.clusters is not None)

    @cached_property
    def threshold(self) -> Threshold | None:
        """The threshold found on the one half; None if there is none that keeps the promise.

        Raises:
            ValueError: some confidences are not finite.
        """
        return self._certifying.threshold

    def found(self) -> Threshold:
        """The threshold.

        Raises:
            NoEstimateError: there is none, with the reason; or no row is held out.
            ValueError: some confidences are not finite.
        """
        threshold = self.threshold
        if threshold is None:
            raise self._certifying.none()
        if not len(self.held_out):
            raise too_few("No unit is held out to measure the threshold on.")
        return threshold

    @cached_property
    def usable(self) -> bool:
        """Whether there is a threshold, and a unit to measure it on."""
        try:
            self.found()
        except (NoEstimateError, ValueError):
            return False
        return True

    @cached_property
    def answered(self) -> np.ndarray:
        """Which held-out rows are answered, bool of shape (n,).

        Raises:
            NoEstimateError, ValueError: as `found`.
        """
        chosen: np.ndarray = coarse_confidences(confidence(self.held_out)) > self.found().above
        return chosen

    def error(self) -> Estimate:
        """The share of wrong ones among the held-out rows that are answered.

        Raises:
            NoEstimateError: as `found`; or no or too few of them are answered.
            ValueError: as `found`; or clusters are declared, and too few hold answers.
        """
        answered = self.held_out.part(self.answered)
        if not len(answered):
            raise undefined("None of the held-out units is answered.")
        if len(answered) < MIN_KEPT:
            raise telling("Too few of the held-out units are answered")
        return share_of(~answered.correct, answered)

    @cached_property
    def breach(self) -> str:
        """That the promise is broken on the other half, in a sentence; "" if nothing shows it.

        It shows where the whole 90 % interval of the error there lies above what was promised.
        """
        if not self.usable or self.held_out.part(self.answered).sample.lack:
            return ""
        try:
            return self._certifying.breach(self.error())
        except (NoEstimateError, ValueError):
            return ""

    @property
    def value(self) -> float:
        """The confidence above which is answered; 0 where all units are."""
        above = self.found().above
        return 0.0 if math.isinf(above) else float(f"{above:.{_DIGITS}g}")

    @property
    def shown(self) -> str:
        """The threshold with all digits that it has."""
        return f"{self.value:.{_DIGITS}g}"

    @property
    def basis(self) -> str:
        """On what the threshold was chosen, whether it held, and which rows these are."""
        if not self.usable:
            return self.held_out.drawn
        found = self.found()
        one = "units" if self.calibrated.clusters is None else "rows, one of each cluster,"
        told = (
            f"The threshold was chosen on {len(self.calibrated):,} {one} of the other half, of "
            f"which {found.answered:,} are answered and {found.errors:,} of these wrong; there it "
            f"{self.promise}."
        )
        return " ".join(part for part in (self.breach, told, self.held_out.drawn) if part)
