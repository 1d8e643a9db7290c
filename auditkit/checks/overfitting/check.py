"""Is the model better on the data it was trained on? Gaps, losses, capacity and curves."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.check import BETWEEN, TRAINING, Check, Findings
from auditkit.checks.estimation import absent
from auditkit.checks.overfitting.capacity import capacity_findings, capacity_needs
from auditkit.checks.overfitting.curves import curve_findings
from auditkit.checks.overfitting.gaps import Sides, class_gaps, gap_needs, overall_gaps
from auditkit.checks.overfitting.groups import group_gaps, group_needs
from auditkit.checks.overfitting.losses import loss_figures, loss_needs
from auditkit.checks.overfitting.metrics import BEST_EPOCH, LOSS_AFTER_BEST, METRICS
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.subject import Subject
from auditkit.measurement import MeasurementKey, Status

_NO_TRAINING = (
    "No training data are given, so how much better the model is on what it has seen cannot be "
    "measured; declare data.training to measure it."
)


def _uncompared(subject: Subject) -> str:
    """Why the two splits are not compared; "" if they are."""
    return subject.unlabelled if TRAINING in subject.splits else _NO_TRAINING


def _unmet(subject: Subject) -> str:
    return "" if subject.training_log is not None else _uncompared(subject)


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    if not _uncompared(subject):
        for needs in (gap_needs, group_needs, loss_needs, capacity_needs):
            yield from needs(subject)


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    curves = curve_findings(subject)
    if reason := _uncompared(subject):
        return Findings.together((_without_gaps(reason), curves))
    sides = Sides(subject, evidence)
    return Findings.together(
        (
            overall_gaps(sides),
            class_gaps(sides),
            group_gaps(sides),
            Findings(figures=loss_figures(subject, evidence)),
            capacity_findings(subject, evidence),
            curves,
        )
    )


def _without_gaps(reason: str) -> Findings:
    """No gap is known, only what the training log says."""
    return Findings(
        tuple(
            absent(
                MeasurementKey(metric.id, split=BETWEEN), Status.NOT_APPLICABLE, reason, Sample(0)
            )
            for metric in METRICS
            if metric not in (BEST_EPOCH, LOSS_AFTER_BEST)
        )
    )


CHECK = Check(
    name="overfitting",
    question="Is the model better on the data it was trained on?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "A small gap does not show that nothing was memorised, nor that training and evaluation "
        "data have no units in common.",
        "What a training learns of permuted labels and what its log shows are of single runs; how "
        "others would differ was not tested.",
    ),
)
