"""One half of the rows to choose a threshold of confidence on, the other to see what it does.

Where a cluster is declared, no cluster is in both halves, and the threshold is chosen on one row of
each: what the rows of a cluster have in common would break its promise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from auditkit.checks.confidence_probes import confidence
from auditkit.checks.estimation import NoEstimateError, too_few, undefined
from auditkit.checks.kept_rows import percent
from auditkit.evidence.aims import Aims
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.statistics.abstention import (
    Threshold,
    certified_threshold,
    fewest_answers,
    one_of_each,
    units_needed,
)


@dataclass(frozen=True, eq=False)
class AbstentionHalves:
    """The rows of one output in both halves, and what is asked for.

    Attributes:
        calibrated: the units that the threshold is chosen on: rows, or one of each cluster.
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
        return (
            f"keeps the error at most {percent(self.aims.error)} with confidence "
            f"{percent(1 - self.aims.violation)} for units like these"
        )

    @cached_property
    def threshold(self) -> Threshold | None:
        """The threshold found on the one half; None if there is none that keeps the promise.

        Raises:
            ValueError: some confidences are not finite.
        """
        wrong = ~self.calibrated.correct
        scores = confidence(self.calibrated)
        return certified_threshold(scores, wrong, self.aims.error, self.aims.violation)

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
        wrong = ~self.calibrated.correct
        needed = units_needed(confidence(self.calibrated), wrong, aims.error, aims.violation)
        if needed is None:
            more = (
                "The error is larger at every threshold tried among these units too, so that more "
                "of them would not do: the confidence does not tell errors apart well enough."
            )
        else:
            more = (
                f"If the errors stayed as they are, about {needed:,} {units} in that half would "
                "show one."
            )
        chosen = f"the {n:,} {units} of the half that it is chosen on"
        return undefined(f"On {chosen} no threshold was found that {self.promise}. {more}")

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
        chosen: np.ndarray = confidence(self.held_out) > self.found().above
        return chosen

    @property
    def value(self) -> float:
        """The confidence above which is answered; 0 where all units are."""
        above = self.found().above
        return 0.0 if math.isinf(above) else above

    @property
    def basis(self) -> str:
        """On what the threshold was chosen, and which rows these are."""
        if not self.usable:
            return self.held_out.drawn
        found = self.found()
        one = "units" if self.calibrated.clusters is None else "rows, one of each cluster,"
        told = (
            f"The threshold was chosen on {len(self.calibrated):,} {one} of the other half, of "
            f"which {found.answered:,} are answered and {found.errors:,} of these wrong; it "
            f"{self.promise}."
        )
        return f"{told} {self.held_out.drawn}".strip()
