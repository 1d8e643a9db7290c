"""One half of the rows to calibrate sets on, the other to see how often they hold the truth.

Where a cluster is declared, no cluster is in both halves: what is promised then rests on clusters
that are exchangeable, and the intervals know how alike the rows of a cluster are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.conformal.methods import Drawn, Method
from auditkit.checks.percentages import percent
from auditkit.evidence.basis import Sample
from auditkit.evidence.subject import View
from auditkit.measurement import MeasurementKey, Slice
from auditkit.models.head import Task
from auditkit.statistics.conformal_thresholds import fewest_units, threshold
from auditkit.statistics.rounding import rounded_up


@dataclass(frozen=True, eq=False)
class Halves:
    """The rows of one output in both halves, and what is aimed at.

    Attributes:
        view: the output.
        calibrated: the half that thresholds are set on.
        held_out: the half that they are measured on.
        coverage: share of units whose set should hold the truth.
    """

    view: View
    calibrated: Drawn
    held_out: Drawn
    coverage: float

    @classmethod
    def of(cls, rows: Drawn, coverage: float) -> Halves:
        """All rows of an output, cut in two."""
        held = rows.rows.held_out
        return cls(rows.rows.view, rows.part(~held), rows.part(held), coverage)

    @property
    def sample(self) -> Sample:
        """What a number about all held-out rows rests on."""
        return self.held_out.rows.sample

    @property
    def lack(self) -> str:
        """Why no set can be measured; "" if some can."""
        fewest, found = fewest_units(self.coverage), len(self.calibrated.rows)
        if found < fewest:
            return (
                f"To hold the truth with {percent(self.coverage)} probability, sets need at least "
                f"{fewest} units to be calibrated on; that half of the rows has {found}."
            )
        return "" if len(self.held_out.rows) else "No unit is held out to measure sets on."

    def basis(self, whose: str = "") -> str:
        """What qualifies a coverage: on what its sets were calibrated, and which rows these are.

        Args:
            whose: the class or group whose own units alone set the threshold; "" for all units.
        """
        rows = self.calibrated.rows
        # How many units of a class or group there are in that half may be too few to be told.
        units = f"the units of {whose}" if whose else f"{len(rows):,} units"
        sentences = [f"Calibrated on {units} in the other half of the rows."]
        if rows.clusters is not None:
            sentences.append(
                "No cluster is in both halves, so that the promise rests on exchangeable clusters."
            )
        return " ".join((*sentences, rows.drawn)).strip()

    def key(
        self, name: str, method: Method, class_name: str = "", where: Slice | None = None
    ) -> MeasurementKey:
        """The key of a number of a method; labels are those of the output, method and class."""
        parts = (self.view.key.label, method.name, class_name)
        return MeasurementKey(
            f"conformal.{name}",
            where or Slice(),
            split=EVALUATION,
            head=self.view.key.head,
            label=" · ".join(part for part in parts if part),
        )


@dataclass(frozen=True, eq=False)
class Trial:
    """A method, calibrated on one half and measured on the other.

    Attributes:
        method: which.
        halves: the rows.
    """

    method: Method
    halves: Halves

    @cached_property
    def calibrated(self) -> np.ndarray:
        """The scores of the true outcomes that thresholds are set on."""
        return self.method.scores(self.halves.calibrated)

    @cached_property
    def scores(self) -> np.ndarray:
        """The scores of the true outcomes of the held-out rows."""
        return self.method.scores(self.halves.held_out)

    @cached_property
    def threshold(self) -> float:
        """Up to which score an outcome is in the set; infinite where units are too few.

        That of numbers is rounded up to three digits, since the width of intervals tells it and it
        is how far off one unit was; intervals that are wider hold no less often.
        """
        found = threshold(self.calibrated, self.halves.coverage)
        numbers = self.halves.view.task is Task.REGRESSION
        return float(rounded_up(found)) if numbers else found

    @cached_property
    def covered(self) -> np.ndarray:
        """Whether the set of each held-out row holds the truth."""
        inside: np.ndarray = self.scores <= self.threshold
        return inside

    @cached_property
    def extents(self) -> np.ndarray:
        """How large the set, or wide the interval, of each held-out row is."""
        return self.method.extents(self.halves.held_out, self.threshold)
