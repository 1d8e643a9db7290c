"""A threshold of confidence with a promise: where it lies, or why there is none, in sentences.

What the checks of abstaining share, whatever the confidence is: the units that a threshold is
chosen on, and the words for its promise, for its absence, and for its being broken elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from auditkit.checks.estimation import NoEstimateError, too_few, undefined
from auditkit.checks.percentages import percent
from auditkit.evidence.aims import Aims
from auditkit.measurement import Estimate
from auditkit.statistics import estimates
from auditkit.statistics.abstention import (
    Threshold,
    certified_threshold,
    fewest_answers,
    units_needed,
)


def promise(aims: Aims, *, clustered: bool, drawn: str = "row") -> str:
    """What a threshold is to keep, in words that follow "it".

    Args:
        aims: with the error that may be left, and the chance that it is larger nevertheless.
        clustered: whether each unit was drawn from a cluster.
        drawn: what such a unit is called.

    Example:
        >>> promise(Aims(error=0.1), clustered=True, drawn="answer")
        'keeps the error at most 10 % with confidence 90 % for one answer drawn from each cluster'
    """
    units = f"one {drawn} drawn from each cluster" if clustered else "units like these"
    return (
        f"keeps the error at most {percent(aims.error)} with confidence "
        f"{percent(1 - aims.violation)} for {units}"
    )


@dataclass(frozen=True, eq=False)
class Certifying:
    """The independent units that a threshold is chosen on, and what is asked of it.

    Attributes:
        confidences: coarse ones, higher meaning more confident, float64 of shape (n,).
        wrong: which units are wrong, bool of shape (n,).
        clustered: whether each unit was drawn from a cluster.
        aims: with the error that may be left, and the chance that it is larger nevertheless.
        drawn: what a unit is called where it was drawn from its cluster.
        probe: what the confidences are called.
    """

    confidences: np.ndarray
    wrong: np.ndarray
    clustered: bool
    aims: Aims
    drawn: str = "row"
    probe: str = "confidence"

    @property
    def promise(self) -> str:
        """What a threshold is to keep; see `promise`."""
        return promise(self.aims, clustered=self.clustered, drawn=self.drawn)

    @cached_property
    def threshold(self) -> Threshold | None:
        """The threshold; None if there is none that keeps the promise.

        Raises:
            ValueError: some confidences are not numbers.
        """
        aims = self.aims
        return certified_threshold(self.confidences, self.wrong, aims.error, aims.violation)

    def none(self) -> NoEstimateError:
        """Why there is no threshold, and about how many units would give one."""
        n, aims = len(self.confidences), self.aims
        fewest = fewest_answers(aims.error, aims.violation)
        units = "clusters" if self.clustered else "units"
        if n < fewest:
            return too_few(
                f"No threshold {self.promise}: even without a single error that takes {fewest:,} "
                f"{units} in the half that it is chosen on, which has {n:,}."
            )
        nothing = (
            f"On the {n:,} {units} of the half that it is chosen on no threshold was found that "
            f"{self.promise}."
        )
        needed = units_needed(self.confidences, self.wrong, aims.error, aims.violation)
        if needed is not None:
            return too_few(
                f"{nothing} If the errors stayed as they are, about {needed:,} {units} in that "
                "half would show one."
            )
        return undefined(
            f"{nothing} As far as these show, more of them would not do: the error is larger than "
            f"that wherever a search starts, so that the {self.probe} does not tell errors apart "
            "well enough."
        )

    def breach(self, error: Estimate) -> str:
        """That the promise is broken on the other half, in a sentence; "" if nothing shows it.

        It shows where the whole 90 % interval of the error there lies above what was promised.

        Args:
            error: among the answers of the other half.
        """
        interval = estimates.interval(error)
        if interval.low <= self.aims.error:
            return ""
        why = (
            "Every row counts there, and large clusters have more of them than the one "
            f"{self.drawn} each that the threshold was chosen on."
            if self.clustered
            else "The two halves are not alike, or this is the rare case that was allowed for."
        )
        return (
            "The promise is broken on the other half of the rows: "
            f"{percent(estimates.value(error))} of the answers there are wrong (90 % interval "
            f"{percent(interval.low)} to {percent(interval.high)}), where at most "
            f"{percent(self.aims.error)} should be. {why}"
        )


__all__ = ["Certifying", "promise"]
