"""Can the model's probabilities be taken at their word?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.estimation import Sample, absent, by_blocks, estimated, whole
from auditkit.checks.reading import counts, sums
from auditkit.checks.scores import NO_PROBABILITIES, probabilistic
from auditkit.evidence.collected import Evidence, SplitEvidence
from auditkit.evidence.needs import CORRECT, SCORE_CELL, TARGET, CountNeed, SplitNeed, SumNeed
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import (
    Direction,
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
        "calibration.squared_error",
        "Squared calibration error",
        "Mean over 15 bins of equal size of the squared distance between mean probability and "
        "observed share, less what chance alone would add; its root is in units of probability.",
        "squared share",
        Direction.LOWER,
        None,
        1,
        "Bröcker 2012; Kumar, Liang and Ma 2019",
    ),
    Metric(
        "calibration.confidence_gap",
        "Confidence gap",
        "Mean probability minus observed share: above zero is over-confident.",
        "share",
        Direction.ZERO,
        -1,
        1,
        "calibration in the large, Cox 1958",
    ),
    Metric(
        "calibration.ece",
        "Expected calibration error",
        "Mean over 15 bins of equal width of the distance between mean probability and observed "
        "share; above zero even for a perfect model, so it is shown and never judged.",
        "share",
        Direction.LOWER,
        0,
        1,
        "Naeini, Cooper and Hauskrecht 2015",
        gateable=False,
    ),
)


def _judged(subject: Subject) -> tuple[View, ...]:
    return tuple(
        view
        for view in subject.main_views
        if view.task in (Task.BINARY, Task.MULTICLASS) and probabilistic(view)
    )


def _unmet(subject: Subject) -> str:
    if not any(view.task in (Task.BINARY, Task.MULTICLASS) for view in subject.main_views):
        return "No output gives the probability of a class."
    return "" if _judged(subject) else NO_PROBABILITIES


def _outcome(view: View) -> CountNeed:
    """Units by cell and by what the probability is of: the positive class, or being right."""
    return CountNeed(view.key, (SCORE_CELL, TARGET if view.task is Task.BINARY else CORRECT))


def _scores(view: View) -> SumNeed:
    return SumNeed(view.key, "score", (SCORE_CELL,))


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for view in _judged(subject):
        yield SplitNeed(EVALUATION, _outcome(view))
        yield SplitNeed(EVALUATION, _scores(view))


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    measurements: list[Measurement] = []
    figures: list[Figure] = []
    sample = whole(evidence[EVALUATION])
    for view in _judged(subject):
        states = _states(view, evidence[EVALUATION], subject.clustered)
        if states[:, :2].sum() < 2 * calibration.BINS:
            measurements += _absent(view, sample)
            continue
        measurements += _measured(view, states, sample, subject.seed)
        figures.append(_figure(view, states.sum(axis=0)))
    return Findings(tuple(measurements), tuple(figures))


def _states(view: View, evidence: SplitEvidence, clustered: bool) -> np.ndarray:
    """Negatives, positives and the sum of scores by block and cell, shape (blocks, 3, cells)."""
    outcome = counts(evidence, _outcome(view), clustered=clustered)
    _, totals, _ = sums(evidence, _scores(view), clustered=clustered)
    return np.stack([outcome[..., 0], outcome[..., 1], totals], axis=1)


def _key(name: str, view: View) -> MeasurementKey:
    return MeasurementKey(
        f"calibration.{name}", split=EVALUATION, head=view.key.head, label=view.key.label
    )


def _absent(view: View, sample: Sample) -> list[Measurement]:
    reason = f"Calibration needs at least {2 * calibration.BINS} units, two for each bin."
    names = ("squared_error", "confidence_gap", "ece")
    return [absent(_key(name, view), Status.TOO_FEW, reason, sample) for name in names]


def _measured(view: View, states: np.ndarray, sample: Sample, seed: int) -> list[Measurement]:
    total = _cells(states.sum(axis=0))
    if sample.clusters is None:
        squared = partial(calibration.squared_error, *total, seed=seed)
        gap = partial(calibration.confidence_gap, *total)
    else:
        squared = partial(calibration.clustered_squared_error, *_cells(states.swapaxes(0, 1)))
        gap = partial(by_blocks, _gap, states.sum(axis=2))
    ece = calibration.expected_calibration_error(*total)
    shown = Measurement(
        _key("ece", view),
        Status.MEASURED,
        value=ece.value,
        units=sample.units,
        rows=sample.rows,
        sampled=sample.sampled,
        reason=(
            f"Its bias depends on n, so that no interval is honest; a perfectly calibrated model "
            f"would show about {ece.perfect:.4f} at this n."
        ),
    )
    return [
        estimated(_key("squared_error", view), squared, sample),
        estimated(_key("confidence_gap", view), gap, sample),
        shown,
    ]


def _cells(states: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Negatives, positives (counts) and sums of scores, from an array with these in front."""
    return states[0].astype(np.int64), states[1].astype(np.int64), states[2]


def _gap(totals: np.ndarray) -> float:
    """Mean score minus share of positives, from (negatives, positives, sum of scores)."""
    negatives, positives, scores = totals
    return float((scores - positives) / (negatives + positives))


def _figure(view: View, total: np.ndarray) -> Figure:
    points = calibration.reliability(*_cells(total))
    outcome = view.classes[1] if view.task is Task.BINARY else "the predicted class"
    of = f" of {view.key.head}" if view.key.head else ""
    n = int(total[:2].sum())
    bins = [
        {"score": p.score, "observed": p.observed, "low": p.low, "high": p.high, "n": p.n}
        for p in points
    ]
    band = [{"score": p.score, "low": p.band_low, "high": p.band_high} for p in points]
    return Figure(
        kind="reliability",
        title=f"Calibration{of}: probability given and share observed",
        caption=(
            f"Each point is about a fifteenth of the {n:,} units. The points of a calibrated model "
            "lie on the diagonal; the band is where chance alone would put them. Bars are 90 % "
            "intervals."
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
        "Calibration was measured over all units together; a group may be calibrated worse.",
    ),
)
