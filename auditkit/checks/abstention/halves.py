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

from auditkit.checks.confidence.probes import confidence
from auditkit.checks.estimation import MIN_KEPT, NoEstimateError, telling, too_few, undefined
from auditkit.checks.percentages import percent
from auditkit.evidence.aims import Aims
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.evidence.row_estimates import share_of
from auditkit.measurement import Estimate
from auditkit.statistics import estimates
from auditkit.statistics.abstention import (
    Threshold,
    certified_threshold,
    fewest_answers,
    one_of_each,
    units_needed,
)
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

    @property
    def promise(self) -> str:
        """What a threshold is to keep, in words that follow "it"."""
        clustered = self.calibrated.clusters is not None
        units = "one row drawn from each cluster" if clustered else "units like these"
        return (
            f"keeps the error at most {percent(self.aims.error)} with confidence "
            f"{percent(1 - self.aims.violation)} for {units}"
        )

    @cached_property
    def _chosen_on(self) -> tuple[np.ndarray, np.ndarray]:
        """Coarse confidences of the units that the threshold is chosen on, and which are wrong."""
        return coarse_confidences(confidence(self.calibrated)), ~self.calibrated.correct

    @cached_property
    def threshold(self) -> Threshold | None:
        """The threshold found on the one half; None if there is none that keeps the promise.

        It is one of coarse confidences, so that it is no single unit's.

        Raises:
            ValueError: some confidences are not finite.
        """
        return certified_threshold(*self._chosen_on, self.aims.error, self.aims.violation)

    def found(self) -> Threshold:
        """The threshold.

        Raises:
            NoEstimateError: there is none, with the reason; or no row is held out.
            ValueError: some confidences are not finite.
        """
        threshold = self.threshold
        if threshold is None:
            raise self._none()
        if not len(self.held_out):
            raise too_few("No unit is held out to measure the threshold on.")
        return threshold

    def _none(self) -> NoEstimateError:
        """Why there is no threshold, and about how many units would give one."""
        n, aims = len(self.calibrated), self.aims
        fewest = fewest_answers(aims.error, aims.violation)
        units = "units" if self.calibrated.clusters is None else "clusters"
        if n < fewest:
            return too_few(
                f"No threshold {self.promise}: even without a single error that takes {fewest:,} "
                f"{units} in the half that it is chosen on, which has {n:,}."
            )
        nothing = (
            f"On the {n:,} {units} of the half that it is chosen on no threshold was found that "
            f"{self.promise}."
        )
        needed = units_needed(*self._chosen_on, aims.error, aims.violation)
        if needed is not None:
            return too_few(
                f"{nothing} If the errors stayed as they are, about {needed:,} {units} in that "
                "half would show one."
            )
        return undefined(
            f"{nothing} As far as these show, more of them would not do: the error is larger than "
            "that wherever a search starts, so that the confidence does not tell errors apart well "
            "enough."
        )

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
            error = self.error()
        except (NoEstimateError, ValueError):
            return ""
        interval = estimates.interval(error)
        if interval.low <= self.aims.error:
            return ""
        why = (
            "The two halves are not alike, or this is the rare case that was allowed for."
            if self.held_out.clusters is None
            else "Every row counts there, and large clusters have more of them than the one row "
            "each that the threshold was chosen on."
        )
        return (
            "The promise is broken on the other half of the rows: "
            f"{percent(estimates.value(error))} of the answers there are wrong (90 % interval "
            f"{percent(interval.low)} to {percent(interval.high)}), where at most "
            f"{percent(self.aims.error)} should be. {why}"
        )

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
