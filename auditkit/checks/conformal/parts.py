"""Whether sets hold the truth as often within a class or a group as they do on average."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np

from auditkit.checks.conformal.halves import Halves, Trial
from auditkit.checks.estimation import (
    MIN_KEPT,
    NoEstimateError,
    absent,
    concealed,
    estimated,
    telling,
    too_few,
)
from auditkit.checks.outcome_groups import OutcomeGroups
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.evidence.row_estimates import share_of
from auditkit.evidence.subject import Subject
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Slice, Status
from auditkit.statistics.conformal_thresholds import fewest_units, thresholds

MAX_CLASSES = 50


def class_coverage(trial: Trial) -> Iterator[Measurement]:
    """The coverage of LAC sets with a threshold for each class, of the classes most often true."""
    halves = trial.halves
    truth = halves.held_out.rows.target
    number = len(halves.view.classes)
    limits = thresholds(trial.calibrated, halves.calibrated.rows.target, number, halves.coverage)
    counts = np.bincount(truth, minlength=number)
    most = np.argsort(-counts, kind="stable")[:MAX_CLASSES]
    for place in np.sort(most):
        yield _of_class(trial, int(place), float(limits[place]), truth == place)


def _of_class(trial: Trial, place: int, limit: float, members: np.ndarray) -> Measurement:
    halves = trial.halves
    rows = halves.held_out.rows.part(members)
    name = halves.view.classes[place]

    def estimate() -> Estimate:
        if len(rows) < MIN_KEPT:
            raise telling(f"The class {name} has too few held-out units")
        if math.isinf(limit):
            raise _endless(f"the class {name}", "every set holds it", halves)
        return share_of(trial.scores[members] <= limit, rows)

    key = halves.key("class_coverage", trial.method, name)
    return estimated(key, estimate, rows.sample, halves.basis(f"class {name}"))


def _endless(whose: str, consequence: str, halves: Halves) -> NoEstimateError:
    """An error to raise where a threshold of its own rests on too few units."""
    return too_few(
        f"Fewer than {fewest_units(halves.coverage)} units of {whose} are in the half that is "
        f"calibrated on, which a threshold of its own needs, so that {consequence}."
    )


class GroupTrial:
    """A method measured within the groups of one attribute or intersection.

    Args:
        trial: the method, calibrated on all rows together.
        subject: what is audited.
        evidence: of the split; holds `groups_need` of the attributes.
        attributes: of the groups.
    """

    def __init__(
        self, trial: Trial, subject: Subject, evidence: SplitEvidence, attributes: tuple[str, ...]
    ) -> None:
        self.trial = trial
        self.halves = trial.halves
        self.calibrated, self.held_out = (
            OutcomeGroups(half.rows, subject, evidence, attributes, noun="held-out row")
            for half in (self.halves.calibrated, self.halves.held_out)
        )
        self.groups = self.held_out.groups

    def _rows(self, where: Slice) -> OutcomeRows:
        return self.halves.held_out.rows.part(self.held_out.members(where))

    def measurements(self) -> Iterator[Measurement]:
        """The coverage in each group, of sets calibrated on all units and on its own."""
        own = thresholds(
            self.trial.calibrated,
            self.calibrated.places,
            self.calibrated.cells,
            self.halves.coverage,
        )
        for where in self.groups.samples:
            basis = self.halves.basis()
            yield self._of("group_coverage", where, self.trial.threshold, basis)
            limit, basis = float(own[self.held_out.place(where)]), self.halves.basis(str(where))
            yield self._of("group_conditional_coverage", where, limit, basis)

    def _of(self, name: str, where: Slice, limit: float, basis: str) -> Measurement:
        sample = self.groups.sample(where)
        key = self.halves.key(name, self.trial.method, where=where)
        if self.halves.lack:
            return _lacking(key, self.halves, sample)
        return estimated(key, partial(self._share, where, limit), sample, basis)

    def _share(self, where: Slice, limit: float) -> Estimate:
        self.groups.refuse_few(where)
        if math.isinf(limit):
            raise _endless(str(where), "its sets hold everything", self.halves)
        inside = self.trial.scores[self.held_out.members(where)] <= limit
        return share_of(inside, self._rows(where))


def _lacking(key: MeasurementKey, halves: Halves, sample: Sample) -> Measurement:
    few = 0 < sample.rows < MIN_KEPT
    return absent(key, Status.TOO_FEW, halves.lack, concealed(sample) if few else sample)


__all__ = ["MAX_CLASSES", "GroupTrial", "class_coverage"]
