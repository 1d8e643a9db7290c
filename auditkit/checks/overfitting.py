"""Is the model better on the data it was trained on? The gap of every performance metric."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.check import BETWEEN, EVALUATION, TRAINING, Check, Findings
from auditkit.checks.estimation import UndefinedError, absent, both, measured, whole
from auditkit.checks.scores import SCORES, Score
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import (
    Direction,
    Estimate,
    Figure,
    MeasurementKey,
    Metric,
    Status,
)
from auditkit.statistics import estimates


def _gap_metric(score: Score) -> Metric:
    metric = score.metric
    lower = metric.direction is Direction.LOWER
    order = "evaluation minus training data" if lower else "training minus evaluation data"
    return Metric(
        f"overfitting.{score.name}_gap",
        f"{metric.title}: gap",
        f"{metric.title} on {order}: how much better the model is on what it has seen.",
        metric.unit,
        Direction.ZERO,
        source="difference of independent estimates by MOVER, Zou and Donner 2008",
        comparison=True,
    )


def _unmet(subject: Subject) -> str:
    if TRAINING not in subject.splits:
        return (
            "No training data are given, so how much better the model is on what it has seen "
            "cannot be measured; declare data.training to measure it."
        )
    return ""


def _scores(subject: Subject) -> Iterator[tuple[View, Score]]:
    for view in subject.main_views:
        for score in SCORES:
            if score.unmet(view) == "":
                yield view, score


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for view, score in _scores(subject):
        for need in score.needs(view):
            yield SplitNeed(TRAINING, need)
            yield SplitNeed(EVALUATION, need)


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    measurements, rows = [], []
    training, evaluation = whole(evidence[TRAINING]), whole(evidence[EVALUATION])
    sample = both(training, evaluation)
    for view, score in _scores(subject):
        key = MeasurementKey(
            f"overfitting.{score.name}_gap",
            split=BETWEEN,
            head=view.key.head,
            label=view.key.label,
        )
        try:
            seen = score.estimate(view, evidence[TRAINING], subject.clustered)
            unseen = score.estimate(view, evidence[EVALUATION], subject.clustered)
        except (UndefinedError, ValueError) as undefined:
            measurements.append(absent(key, Status.UNDEFINED, str(undefined), sample))
            continue
        measurements.append(measured(key, _gap(score, seen, unseen), sample))
        rows += [
            _row(view, score, TRAINING, seen, training.rows),
            _row(view, score, EVALUATION, unseen, evaluation.rows),
        ]
    return Findings(tuple(measurements), _figures(rows))


def _gap(score: Score, seen: Estimate, unseen: Estimate) -> Estimate:
    if score.metric.direction is Direction.LOWER:
        return estimates.independent_difference(unseen, seen)
    return estimates.independent_difference(seen, unseen)


def _row(view: View, score: Score, split: str, estimate: Estimate, n: int) -> dict[str, object]:
    interval = estimates.interval(estimate)
    of = " ".join(part for part in (view.key.head, view.key.label) if part)
    return {
        "metric": f"{score.metric.title} ({of})" if of else score.metric.title,
        "split": split,
        "value": estimates.value(estimate),
        "low": interval.low,
        "high": interval.high,
        "n": n,
    }


def _figures(rows: list[dict[str, object]]) -> tuple[Figure, ...]:
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
    metrics=tuple(_gap_metric(score) for score in SCORES),
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "A small gap does not show that nothing was memorised, nor that training and evaluation "
        "data have no units in common.",
    ),
)
