"""Do predicted quantiles and intervals hold what they promise?

Targets that fall on a predicted quantile count as at or below it, and an interval holds its ends:
where a target often takes one value (0 of rain, a price at a limit), shares below and intervals
that end there come out above their levels, and that is no fault of the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.estimation import absent, estimated
from auditkit.checks.quantiles.groups import group_needs, of_groups
from auditkit.checks.quantiles.pit import PIT_ERROR, of_histogram, pit_figures, pit_need
from auditkit.checks.quantiles.promises import (
    BELOW_GAP,
    COVERAGE,
    COVERAGE_GAP,
    CROSSING,
    PINBALL,
    SHARPNESS,
    Promised,
    lacking,
    promised,
)
from auditkit.checks.quantiles.sums import ValueSums, value_needs
from auditkit.checks.reading import Reading
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed, rests_on_labels
from auditkit.evidence.subject import Labels, Subject, View
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Metric, Status

METRICS = (BELOW_GAP, COVERAGE, COVERAGE_GAP, PINBALL, SHARPNESS, CROSSING, PIT_ERROR)


def _views(subject: Subject) -> tuple[View, ...]:
    return tuple(view for view in subject.main_views if view.head.quantiles)


def _unmet(subject: Subject) -> str:
    views = _views(subject)
    if not views:
        return (
            "No output is declared to be quantiles; declare model.quantiles for a regression that "
            "predicts them."
        )
    # Widths and crossings are measured without labels, where several quantiles are predicted.
    several = any(len(view.head.quantiles) > 1 for view in views)
    return "" if several else subject.unlabelled


def _answerable(subject: Subject, view: View, one: Promised) -> bool:
    (own, *_) = value_needs(subject, view, one.value)
    return not (subject.unlabelled and rests_on_labels(own))


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for view in _views(subject):
        for one in promised(view.head.quantiles):
            if _answerable(subject, view, one):
                for need in value_needs(subject, view, one.value):
                    yield SplitNeed(EVALUATION, need)
        if not subject.unlabelled:
            yield SplitNeed(EVALUATION, pit_need(subject, view))
        for group_need in group_needs(subject, view):
            yield SplitNeed(EVALUATION, group_need)


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    reading = Reading(subject, evidence, EVALUATION)
    return Findings.together(_of_view(view, reading) for view in _views(subject))


def _of_view(view: View, reading: Reading) -> Findings:
    levels, unlabelled = view.head.quantiles, reading.subject.unlabelled
    found = [_measured(one, view, reading) for one in promised(levels)]
    found += [_absent(metric, view, reading, reason) for metric, reason in lacking(levels)]
    if unlabelled:
        return Findings((*found, _absent(PIT_ERROR, view, reading, unlabelled)))
    found += [of_histogram(view, reading), *of_groups(view, reading)]
    return Findings(tuple(found), tuple(pit_figures(view, reading)), tuple(_notes(view)))


def _measured(one: Promised, view: View, reading: Reading) -> Measurement:
    subject = reading.subject
    if not _answerable(subject, view, one):
        return _absent(one.metric, view, reading, subject.unlabelled, one.label)
    (own, *_) = value_needs(subject, view, one.value)
    of_labels = rests_on_labels(own)
    sample = reading.labelled_sample if of_labels else reading.sample
    # How many clusters have a labelled row is not known where some rows have no label.
    known = not of_labels or subject.labels is Labels.ALL
    key = _key(one.metric, view, one.label)
    return estimated(
        key, partial(_estimate, one, view, reading, sample.clusters if known else None), sample
    )


def _estimate(one: Promised, view: View, reading: Reading, clusters: int | None) -> Estimate:
    return one.estimate(ValueSums.of(reading, view, one.value), clusters)


def _absent(
    metric: Metric, view: View, reading: Reading, reason: str, label: str = ""
) -> Measurement:
    return absent(_key(metric, view, label), Status.NOT_APPLICABLE, reason, reading.sample)


def _key(metric: Metric, view: View, label: str = "") -> MeasurementKey:
    return MeasurementKey(metric.id, split=EVALUATION, head=view.key.head, label=label)


def _notes(view: View) -> Iterator[str]:
    levels = view.head.quantiles
    central = levels[view.head.central]
    if central != 0.5:
        of = f" of {view.key}" if str(view.key) else ""
        yield (
            f"No median{of} is predicted: in errors of the predicted number, such as the mean "
            f"absolute error, the quantile at {central} stands for it."
        )


CHECK = Check(
    name="quantiles",
    question="Do predicted quantiles and intervals hold what they promise?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Quantiles were held against outcomes over all units together, intervals also by declared "
        "group: that they hold on average says nothing of a single case.",
        "Of predicted quantiles nothing is known beyond the outermost levels.",
    ),
)
