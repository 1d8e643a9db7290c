"""Do the evaluation data look like the training data? The distance of each stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from auditkit.checks.check import BETWEEN, EVALUATION, TRAINING, Check, Findings
from auditkit.checks.estimation import absent, both, estimated, whole
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import (
    SCORE_CELL,
    CountNeed,
    SplitNeed,
    feature,
    group,
)
from auditkit.evidence.subject import Subject
from auditkit.measurement import (
    Direction,
    Figure,
    Measurement,
    MeasurementKey,
    Metric,
    Status,
)
from auditkit.models.head import Task
from auditkit.statistics.counts import Counts
from auditkit.statistics.distances import total_variation

METRICS = (
    Metric(
        "drift.total_variation",
        "Total variation",
        "Half the summed distance between the shares of the bins of a stream on training and on "
        "evaluation data: the share of units that would have to move. Bins are fixed by the "
        "training data.",
        "share",
        Direction.LOWER,
        0,
        1,
        "Levin, Peres and Wilmer 2009, chapter 4",
        comparison=True,
    ),
)
# Few enough that chance alone does not look like drift, many enough to see a shift of .1 sd.
_SCORE_BINS = 16
_SHOWN = 6


@dataclass(frozen=True)
class _Stream:
    """One thing that is counted in both splits."""

    name: str
    need: CountNeed
    scores: bool = False


def _streams(subject: Subject) -> Iterator[_Stream]:
    for name in subject.streams:
        yield _Stream(name, CountNeed(None, (feature(name),)))
    for declared in subject.columns.groups:
        if declared.column not in subject.streams:
            yield _Stream(declared.name, CountNeed(None, (group(declared.name),)))
    for view in subject.main_views:
        if view.task in (Task.BINARY, Task.MULTICLASS):
            of = " ".join(part for part in (view.key.head, view.key.label) if part)
            name = f"score of {of}" if of else "score"
            yield _Stream(name, CountNeed(view.key, (SCORE_CELL,)), scores=True)


def _unmet(subject: Subject) -> str:
    if TRAINING not in subject.splits:
        return (
            "No training data are given, so there is nothing to compare the evaluation data "
            "with; declare data.training to measure drift."
        )
    return "" if any(_streams(subject)) else "No stream has bins that both splits share."


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for stream in _streams(subject):
        yield SplitNeed(TRAINING, stream.need)
        yield SplitNeed(EVALUATION, stream.need)


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    seen, unseen = whole(evidence[TRAINING]), whole(evidence[EVALUATION])
    sample = both(seen, unseen)
    # The rows of a cluster may be all alike: only the clusters are surely independent.
    sizes = (float(seen.units), float(unseen.units)) if subject.clustered else None
    found: list[tuple[Measurement, Figure | None]] = []
    for stream in _streams(subject):
        key = MeasurementKey("drift.total_variation", split=BETWEEN, label=stream.name)
        labels, training, evaluation = _binned(stream, evidence)
        if min(training.sum(), evaluation.sum()) < 2 * _SCORE_BINS:
            reason = f"A distance of shares needs at least {2 * _SCORE_BINS} units on each side."
            found.append((absent(key, Status.TOO_FEW, reason, sample), None))
            continue
        estimate = partial(total_variation, training, evaluation, sizes)
        measurement = estimated(key, estimate, sample)
        found.append((measurement, _figure(stream, measurement, labels, training, evaluation)))
    figures = [(m.value or 0.0, figure) for m, figure in found if figure is not None]
    figures.sort(key=lambda pair: -pair[0])
    return Findings(
        tuple(measurement for measurement, _ in found),
        tuple(figure for _, figure in figures[:_SHOWN]),
    )


def _binned(stream: _Stream, evidence: Evidence) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Labels and counts of the bins, levels that only one split has counted as 0 in the other."""
    training = evidence[TRAINING].count(stream.need)
    evaluation = evidence[EVALUATION].count(stream.need)
    # Merging with nothing gives both the union of the levels, in one order.
    levels = Counts.zeros((training + evaluation).axes)
    shares = (levels + training).values, (levels + evaluation).values
    return _regrouped(*shares) if stream.scores else (list(levels.axes[0].labels), *shares)


def _regrouped(
    training: np.ndarray, evaluation: np.ndarray
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Score cells grouped into bins that hold equal shares of the training data."""
    before = np.cumsum(training) - training / 2
    bins = np.minimum(before * _SCORE_BINS // max(training.sum(), 1), _SCORE_BINS - 1).astype(int)
    _, bins = np.unique(bins, return_inverse=True)
    ends = np.append(np.flatnonzero(np.diff(bins)) + 1, len(bins))
    starts = np.append(0, ends[:-1])
    labels = [
        f"{low / len(bins):.3f} to {high / len(bins):.3f}"
        for low, high in zip(starts, ends, strict=True)
    ]
    training, evaluation = (
        np.bincount(bins, state).astype(np.int64) for state in (training, evaluation)
    )
    return labels, training, evaluation


def _figure(
    stream: _Stream,
    measurement: Measurement,
    labels: list[str],
    training: np.ndarray,
    evaluation: np.ndarray,
) -> Figure:
    interval = measurement.interval
    shares = zip(
        labels,
        (training / training.sum()).tolist(),
        (evaluation / evaluation.sum()).tolist(),
        strict=True,
    )
    return Figure(
        kind="distribution_shift",
        title=f"{stream.name} in training and evaluation data",
        caption="Share of units in each bin; where the bars differ, the data have shifted.",
        check="drift",
        data={
            "stream": stream.name,
            "n_training": int(training.sum()),
            "n_evaluation": int(evaluation.sum()),
            "value": measurement.value,
            "low": None if interval is None else interval.low,
            "high": None if interval is None else interval.high,
            "rows": [{"bin": b, "training": t, "evaluation": e} for b, t, e in shares],
        },
    )


CHECK = Check(
    name="drift",
    question="Do the evaluation data look like the training data?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Only one stream at a time was compared: a change of how columns go together was not "
        "looked for, nor was drift after deployment.",
    ),
)
