"""Can the model's probabilities be taken at their word?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.estimation import Sample, absent, by_blocks, estimated
from auditkit.checks.reading import Reading, beside_labels
from auditkit.checks.scores import NO_PROBABILITIES
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import CORRECT, SCORE_CELL, TARGET, CountNeed, SplitNeed, SumNeed
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import (
    Direction,
    Estimate,
    Figure,
    Measurement,
    MeasurementKey,
    Metric,
    Status,
)
from auditkit.models.head import Task
from auditkit.statistics import calibration

METRICS = (
    Metric(
        id="calibration.squared_error",
        title="Squared calibration error",
        definition="Mean over 15 bins of equal size of the squared distance between mean "
        "probability and observed share, less what chance alone would add; its root is in units "
        "of probability.",
        unit="squared share",
        direction=Direction.LOWER,
        high=1,
        source="Bröcker 2012; Kumar, Liang and Ma 2019",
    ),
    Metric(
        id="calibration.confidence_gap",
        title="Confidence gap",
        definition="Mean probability minus observed share: above zero is over-confident.",
        unit="share",
        direction=Direction.ZERO,
        low=-1,
        high=1,
        source="calibration in the large, Cox 1958",
    ),
    Metric(
        id="calibration.ece",
        title="Expected calibration error",
        definition="Mean over 15 bins of equal width of the distance between mean probability and "
        "observed share; above zero even for a perfect model, so it is shown and never judged.",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source="Naeini, Cooper and Hauskrecht 2015",
        gateable=False,
    ),
)
_FEWEST = 2 * calibration.BINS


def _views(subject: Subject) -> tuple[View, ...]:
    return tuple(view for view in subject.main_views if view.classifies)


def _unmet(subject: Subject) -> str:
    views = _views(subject)
    if not views:
        return "No output gives the probability of a class."
    if not any(view.probabilistic for view in views):
        return NO_PROBABILITIES
    return subject.unlabelled


def _outcome(view: View) -> CountNeed:
    """Units by cell and by what the probability is of: the positive class, or being right."""
    return CountNeed(view.key, (SCORE_CELL, TARGET if view.task is Task.BINARY else CORRECT))


def _scores(subject: Subject, view: View) -> SumNeed:
    return SumNeed(view.key, beside_labels(subject, "score"), (SCORE_CELL,))


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for view in _views(subject):
        if view.probabilistic:
            yield SplitNeed(EVALUATION, _outcome(view))
            yield SplitNeed(EVALUATION, _scores(subject, view))


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    reading = Reading(subject, evidence, EVALUATION)
    return Findings.together(_of_view(view, reading, subject.seed) for view in _views(subject))


def _of_view(view: View, reading: Reading, seed: int) -> Findings:
    sample = reading.labelled_sample
    if not view.probabilistic:
        return _absent(view, Status.NOT_APPLICABLE, NO_PROBABILITIES, sample)
    if sample.rows < _FEWEST:
        reason = f"Calibration needs at least {_FEWEST} units, two for each bin."
        return _absent(view, Status.TOO_FEW, reason, sample)
    cells = _Cells(view, reading)
    found = (
        estimated(_key("squared_error", view), partial(cells.squared_error, seed), sample),
        estimated(_key("confidence_gap", view), cells.confidence_gap, sample),
        _ece(view, cells, sample),
    )
    return Findings(found, (_figure(view, cells, clustered=reading.clustered),))


def _absent(view: View, status: Status, reason: str, sample: Sample) -> Findings:
    names = ("squared_error", "confidence_gap", "ece")
    return Findings(tuple(absent(_key(name, view), status, reason, sample) for name in names))


class _Cells:
    """Units and probabilities of one view by block and cell.

    Attributes:
        states: negatives, positives and sums of probabilities, each of shape (blocks, cells).
        total: the same, summed over the blocks.
    """

    def __init__(self, view: View, reading: Reading) -> None:
        outcome = reading.counts(_outcome(view))
        _, scores, _ = reading.sums(_scores(reading.subject, view))
        self.states = outcome[..., 0], outcome[..., 1], scores
        self.total = self.states[0].sum(axis=0), self.states[1].sum(axis=0), scores.sum(axis=0)
        self._clustered = reading.clustered

    def squared_error(self, seed: int) -> Estimate:
        if self._clustered:
            return calibration.clustered_squared_error(*self.states)
        return calibration.squared_error(*self.total, seed=seed)

    def confidence_gap(self) -> Estimate:
        if self._clustered:
            return by_blocks(_gap, np.stack([part.sum(axis=1) for part in self.states], axis=1))
        return calibration.confidence_gap(*self.total)


def _gap(totals: np.ndarray) -> float:
    """Mean score minus share of positives, from (negatives, positives, sum of scores)."""
    negatives, positives, scores = totals
    return float((scores - positives) / (negatives + positives))


def _key(name: str, view: View) -> MeasurementKey:
    return MeasurementKey(
        f"calibration.{name}", split=EVALUATION, head=view.key.head, label=view.key.label
    )


def _ece(view: View, cells: _Cells, sample: Sample) -> Measurement:
    ece = calibration.expected_calibration_error(*cells.total)
    return Measurement(
        _key("ece", view),
        Status.MEASURED,
        value=ece.value,
        units=sample.units,
        rows=sample.rows,
        sampled=sample.sampled,
        reason=(
            "Its bias depends on n, so that no interval is honest; a perfectly calibrated model "
            f"would show about {ece.perfect:.4f} at this n."
        ),
    )


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
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Calibration was measured over all units together; that of groups is measured where groups "
        "are declared, and no further slices were looked at.",
    ),
)
