"""How good are the predictions? Every performance metric, for every output and split."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from auditkit.checks.check import EVALUATION, TRAINING, Check, Findings
from auditkit.checks.estimation import absent, estimated, measured, whole
from auditkit.checks.scores import (
    SCORES,
    UNIT_METRIC,
    UNITS,
    mean_estimate,
)
from auditkit.evidence.collected import Evidence, SplitEvidence
from auditkit.evidence.needs import BLOCK, CountNeed, SplitNeed, SumNeed
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Measurement, MeasurementKey, Status
from auditkit.models.head import Task
from auditkit.statistics import estimates


def needs_of(view: View) -> Iterator[CountNeed | SumNeed]:
    """What all performance metrics of a view need."""
    for score in SCORES:
        if score.unmet(view) == "":
            yield from score.needs(view)
    if view.task is Task.CUSTOM:
        yield from (SumNeed(view.key, name) for name in view.values)


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for split in (EVALUATION, TRAINING):
        if split in subject.splits:
            yield SplitNeed(split, CountNeed(None, (BLOCK,)))
            for view in subject.views:
                yield from (SplitNeed(split, need) for need in needs_of(view))


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    measurements = []
    for split in (EVALUATION, TRAINING):
        if split in subject.splits:
            measurements += list(_of_split(subject, evidence[split], split))
    return Findings(tuple(measurements))


def _of_split(subject: Subject, evidence: SplitEvidence, split: str) -> Iterator[Measurement]:
    sample = whole(evidence)
    units = estimates.exact(sample.units)
    yield measured(
        MeasurementKey(UNITS.id, split=split), units, sample, "A count; it has no interval."
    )
    for view in subject.views:
        for score in SCORES:
            if (unmet := score.unmet(view)) is None:
                continue
            key = MeasurementKey(
                score.metric.id, split=split, head=view.key.head, label=view.key.label
            )
            if unmet:
                yield absent(key, Status.NOT_APPLICABLE, unmet, sample)
            else:
                estimate = partial(score.estimate, view, evidence, subject.clustered)
                yield estimated(key, estimate, sample)
        for name in view.values:
            key = MeasurementKey(UNIT_METRIC.id, split=split, head=view.key.head, label=name)
            need = SumNeed(view.key, name)
            estimate = partial(mean_estimate, evidence, need, subject.clustered)
            yield estimated(key, estimate, sample)


CHECK = Check(
    name="performance",
    question="How good are the predictions?",
    metrics=(UNITS, *(score.metric for score in SCORES), UNIT_METRIC),
    unmet=lambda subject: "",  # noqa: ARG005 - every subject has outputs to judge
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Performance holds for units like those of the evaluation data; other populations, places "
        "and times were not tested.",
    ),
)
