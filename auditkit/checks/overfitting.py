"""Is the model better on the data it was trained on? The gap of every performance metric."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from auditkit.checks.check import BETWEEN, EVALUATION, TRAINING, Check, Findings
from auditkit.checks.estimation import absent, both, drawn_ends, estimated
from auditkit.checks.reading import Reading
from auditkit.checks.scores import SCORES, UNIT_METRIC, Score, scores_of
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
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
from auditkit.statistics import estimates


def _gap_metric(metric: Metric) -> Metric:
    lower = metric.direction is Direction.LOWER
    order = "evaluation minus training data" if lower else "training minus evaluation data"
    sign = "" if metric.direction is Direction.NONE else ": how much better on what it has seen"
    return Metric(
        id=_gap_id(metric),
        title=f"{metric.title}: gap",
        definition=f"{metric.title} on {order}{sign}.",
        unit=metric.unit,
        direction=Direction.ZERO,
        source="difference of independent estimates by MOVER, Zou and Donner 2008",
        comparison=True,
    )


def _gap_id(metric: Metric) -> str:
    return f"overfitting.{metric.id.partition('.')[2]}_gap"


def _unmet(subject: Subject) -> str:
    if TRAINING not in subject.splits:
        return (
            "No training data are given, so how much better the model is on what it has seen "
            "cannot be measured; declare data.training to measure it."
        )
    return subject.unlabelled


def _scores(subject: Subject) -> Iterator[tuple[View, Score, str]]:
    for view in subject.main_views:
        yield from ((view, score, label) for score, label in scores_of(view))


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for view, score, _ in _scores(subject):
        if not score.unmet(view):
            for need in score.needs(view):
                yield SplitNeed(TRAINING, need)
                yield SplitNeed(EVALUATION, need)


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    seen, unseen = (Reading(subject, evidence, split) for split in (TRAINING, EVALUATION))
    sample = both(seen.labelled_sample, unseen.labelled_sample)
    measurements: list[Measurement] = []
    rows: list[dict[str, Any]] = []
    for view, score, label in _scores(subject):
        key = MeasurementKey(_gap_id(score.metric), split=BETWEEN, head=view.key.head, label=label)
        if unmet := score.unmet(view):
            measurements.append(absent(key, Status.NOT_APPLICABLE, unmet, sample))
            continue
        gap = estimated(key, partial(_gap, view, score, seen, unseen), sample)
        measurements.append(gap)
        if gap.status is Status.MEASURED:
            rows += [_row(view, score, label, reading) for reading in (seen, unseen)]
    return Findings(tuple(measurements), _figures(rows))


def _gap(view: View, score: Score, seen: Reading, unseen: Reading) -> Estimate:
    on_seen, on_unseen = score.estimate(view, seen), score.estimate(view, unseen)
    if score.metric.direction is Direction.LOWER:
        return estimates.independent_difference(on_unseen, on_seen)
    return estimates.independent_difference(on_seen, on_unseen)


def _row(view: View, score: Score, label: str, reading: Reading) -> dict[str, Any]:
    estimate = score.estimate(view, reading)
    of = " ".join(part for part in (view.key.head, label) if part)
    return {
        "metric": f"{score.metric.title} ({of})" if of else score.metric.title,
        "split": reading.split,
        "value": estimates.value(estimate),
        **drawn_ends(estimates.interval(estimate)),
        "n": reading.labelled_sample.rows,
    }


def _figures(rows: list[dict[str, Any]]) -> tuple[Figure, ...]:
    if not rows:
        return ()
    return (
        Figure(
            kind="gap",
            title="Performance on training and evaluation data",
            caption=(
                "A model that has learnt its examples by heart is much better on the training "
                "data. Bars are 90 % intervals."
            ),
            check="overfitting",
            data={"rows": rows},
        ),
    )


CHECK = Check(
    name="overfitting",
    question="Is the model better on the data it was trained on?",
    metrics=(
        *(_gap_metric(score.metric) for score in SCORES),
        _gap_metric(UNIT_METRIC),
    ),
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "A small gap does not show that nothing was memorised, nor that training and evaluation "
        "data have no units in common.",
    ),
)
