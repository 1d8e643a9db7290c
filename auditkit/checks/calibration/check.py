"""Can the model's probabilities be taken at their word?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, partial

import numpy as np

from auditkit.checks.calibration.classes import by_class, class_need, of_classes
from auditkit.checks.calibration.metrics import BRIER, BY_CLASS, GATED, METRICS, OF_TWO, SHOWN
from auditkit.checks.calibration.shown import shown, view_key
from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.classifying import classifying, without_probabilities
from auditkit.checks.estimation import Sample, absent, estimated
from auditkit.checks.reading import Reading, beside_labels
from auditkit.checks.scores import NO_PROBABILITIES
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import CORRECT, SCORE_CELL, TARGET, CountNeed, SplitNeed, SumNeed
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Estimate, Figure, Measurement, Status
from auditkit.models.head import Task
from auditkit.statistics import brier, calibration
from auditkit.statistics.bounded_means import bounded_mean
from auditkit.statistics.clustered_means import clustered_mean
from auditkit.statistics.smooth_calibration import smooth_calibration_error


def _outcome(view: View) -> CountNeed:
    """Units by cell and by what the probability is of: the positive class, or being right."""
    return CountNeed(view.key, (SCORE_CELL, TARGET if view.task is Task.BINARY else CORRECT))


def _scores(subject: Subject, view: View) -> SumNeed:
    return SumNeed(view.key, beside_labels(subject, "score"), (SCORE_CELL,))


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for view in classifying(subject):
        if view.probabilistic:
            yield SplitNeed(EVALUATION, _outcome(view))
            yield SplitNeed(EVALUATION, _scores(subject, view))
            if of_classes(view):
                yield SplitNeed(EVALUATION, class_need(view))


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    reading = Reading(subject, evidence, EVALUATION)
    return Findings.together(_of_view(view, reading, subject.seed) for view in classifying(subject))


def _of_view(view: View, reading: Reading, seed: int) -> Findings:
    sample = reading.labelled_sample
    if not view.probabilistic:
        return _absent(view, Status.NOT_APPLICABLE, NO_PROBABILITIES, sample)
    if sample.rows < calibration.FEWEST:
        reason = f"Calibration needs at least {calibration.FEWEST} units, two for each bin."
        return _absent(view, Status.TOO_FEW, reason, sample)
    cells = _Cells(view, reading, seed)
    found = (
        estimated(view_key("squared_error", view), partial(cells.part, brier.RELIABILITY), sample),
        estimated(view_key("confidence_gap", view), cells.confidence_gap, sample),
        *_overconfidence(view, cells, sample),
        *_shown(view, cells, sample),
        *_brier(view, cells, sample),
    )
    whole = Findings(found, (_figure(view, cells, clustered=reading.clustered),))
    if not of_classes(view):
        return whole
    return Findings.together([whole, by_class(view, reading, sample, seed)])


def _absent(view: View, status: Status, reason: str, sample: Sample) -> Findings:
    names = (*GATED, *SHOWN, *BRIER, *(BY_CLASS if of_classes(view) else OF_TWO))
    return Findings(tuple(absent(view_key(name, view), status, reason, sample) for name in names))


class _Cells:
    """Units and probabilities of one view by block and cell.

    Attributes:
        states: negatives, positives and sums of probabilities, each of shape (blocks, cells).
        total: the same, summed over the blocks.
        seed: of all that is drawn.
    """

    def __init__(self, view: View, reading: Reading, seed: int) -> None:
        outcome = reading.counts(_outcome(view))
        _, scores, _ = reading.sums(_scores(reading.subject, view))
        self.states = outcome[..., 0], outcome[..., 1], scores
        self.total = self.states[0].sum(axis=0), self.states[1].sum(axis=0), scores.sum(axis=0)
        self.seed = seed
        self._clustered = reading.clustered
        self._clusters = reading.labelled_sample.clusters

    def part(self, name: str) -> Estimate:
        """A part of the Brier score; its reliability is the squared calibration error."""
        return self._parts[name]

    @cached_property
    def _parts(self) -> Mapping[str, Estimate]:
        if self._clustered:
            return brier.clustered_brier_parts(*self.states)
        return brier.brier_parts(*self.total, seed=self.seed)

    def confidence_gap(self) -> Estimate:
        return self._gap_of(*self.states)

    def overconfidence(self) -> Estimate:
        """The gap of the more probable of two classes, whichever it is."""
        return self._gap_of(*calibration.of_the_likelier(*self.states))

    def _gap_of(self, *states: np.ndarray) -> Estimate:
        if self._clustered:
            negatives, positives, scores = (part.sum(axis=1) for part in states)
            units = negatives + positives
            level = float(scores.sum() / units.sum())
            found = clustered_mean(units, scores - positives)
            return bounded_mean(found, self._clusters or 0, level - 1, level)
        return calibration.confidence_gap(*(part.sum(axis=0) for part in states))


def _overconfidence(view: View, cells: _Cells, sample: Sample) -> Iterator[Measurement]:
    """Of several classes the confidence gap is this number already."""
    if view.task is Task.BINARY:
        yield estimated(view_key("overconfidence", view), cells.overconfidence, sample)


def _shown(view: View, cells: _Cells, sample: Sample) -> Iterator[Measurement]:
    errors = (
        calibration.expected_calibration_error(*cells.total),
        calibration.adaptive_calibration_error(*cells.total, seed=cells.seed),
        smooth_calibration_error(*cells.total, seed=cells.seed),
    )
    for name, error in zip(SHOWN, errors, strict=True):
        yield shown(name, view, error, sample)


def _brier(view: View, cells: _Cells, sample: Sample) -> Iterator[Measurement]:
    parts = (brier.RELIABILITY, brier.RESOLUTION, brier.UNCERTAINTY)
    for name, part in zip(BRIER, parts, strict=True):
        yield estimated(view_key(name, view), partial(cells.part, part), sample)


def _figure(view: View, cells: _Cells, *, clustered: bool) -> Figure:
    points = calibration.reliability(*cells.total)
    outcome = view.classes[1] if view.task is Task.BINARY else "the predicted class"
    of = f" of {view.key}" if str(view.key) else ""
    n = int(sum(point.n for point in points))
    bins = [
        {"score": p.score, "observed": p.observed, "low": p.low, "high": p.high, "n": p.n}
        for p in points
    ]
    band = [{"score": p.score, "low": p.band_low, "high": p.band_high} for p in points]
    narrow = (
        " Bars and band take rows as independent; those of one cluster are not, so they are too "
        "narrow."
    )
    return Figure(
        kind="reliability",
        title=f"Calibration{of}: probability given and share observed",
        caption=(
            f"Each point is about a fifteenth of the {n:,} units. The points of a calibrated model "
            "lie on the diagonal; the band is where chance alone would put them. Bars are 90 % "
            f"intervals.{narrow if clustered else ''}"
        ),
        check="calibration",
        data={"outcome": outcome, "n": n, "bins": bins, "band": band},
    )


CHECK = Check(
    name="calibration",
    question="Can the model's probabilities be taken at their word?",
    metrics=METRICS,
    unmet=without_probabilities,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Calibration was measured over all units together; that of groups is measured where groups "
        "are declared, and no further slices were looked at.",
        "The errors of classes take each probability by itself; whether all probabilities of a "
        "unit are right together was not tested.",
    ),
)
