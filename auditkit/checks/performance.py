"""How good are the predictions? Every performance metric, for every output and split."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from auditkit.checks.check import EVALUATION, TRAINING, Check, Findings
from auditkit.checks.estimation import absent, estimated, measured
from auditkit.checks.reading import Reading
from auditkit.checks.scores import SCORES, UNIT_METRIC, UNITS, scores_of
from auditkit.evidence.clusters import RELATIVE_ERROR
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import CountNeed, SplitNeed
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Measurement, MeasurementKey, Status
from auditkit.statistics import estimates


def _splits(subject: Subject) -> tuple[str, ...]:
    return tuple(split for split in (EVALUATION, TRAINING) if split in subject.splits)


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for split in _splits(subject):
        if subject.unlabelled:
            # Nothing can be judged, but how many units there are is measured.
            yield SplitNeed(split, CountNeed(None, ()))
            continue
        for view in subject.views:
            for score, _ in scores_of(view):
                if not score.unmet(view):
                    yield from (SplitNeed(split, need) for need in score.needs(view))


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    measurements: list[Measurement] = []
    for split in _splits(subject):
        reading = Reading(subject, evidence, split)
        measurements.append(_units(reading))
        for view in subject.views:
            measurements += _of_view(view, reading)
    return Findings(tuple(measurements))


def _units(reading: Reading) -> Measurement:
    sample, clusters = reading.sample, reading.evidence.clusters
    key = MeasurementKey(UNITS.id, split=reading.split)
    if clusters is None or clusters.exact:
        return measured(key, estimates.exact(sample.units), sample, "A count; it has no interval.")
    error = RELATIVE_ERROR * sample.units
    reason = "Very many clusters are not counted but estimated, from those of the smallest hashes."
    return measured(key, estimates.normal(sample.units, error), sample, reason)


def _of_view(view: View, reading: Reading) -> Iterator[Measurement]:
    sample = reading.labelled_sample
    for score, label in scores_of(view):
        key = MeasurementKey(score.metric.id, split=reading.split, head=view.key.head, label=label)
        if unmet := score.unmet(view) or reading.subject.unlabelled:
            yield absent(key, Status.NOT_APPLICABLE, unmet, sample)
        else:
            yield estimated(key, partial(score.estimate, view, reading), sample)


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
