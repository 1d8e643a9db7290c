"""What do the outputs depend on, and can the explanation itself be trusted?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.estimation import Sample, absent, measured
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import AttributionNeed, SplitNeed
from auditkit.evidence.subject import Subject
from auditkit.explain.integrated import Attributions, NotExplainable
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
from auditkit.statistics import estimates

_SUNDARARAJAN = "integrated gradients, Sundararajan, Taly and Yan 2017"
METRICS = (
    Metric(
        "explanation.converged_share",
        "Converged explanations",
        "Share of sampled units whose integrated gradients have both an error estimate and a "
        "completeness gap of at most 5 %.",
        "share",
        Direction.HIGHER,
        0,
        1,
        _SUNDARARAJAN,
    ),
    Metric(
        "explanation.error_estimate",
        "Estimated error of the explanation",
        "Mean over sampled units of ‖A₂ₙ − Aₙ‖ / ‖A₂ₙ‖: how much the map still changes when the "
        "number of steps is doubled.",
        "relative",
        Direction.LOWER,
        0,
        None,
        _SUNDARARAJAN,
    ),
    Metric(
        "explanation.completeness_gap",
        "Completeness gap",
        "Mean over sampled units of |sum of attributions − (output − output of the baseline)|, "
        "relative to that difference or to 1 % of the outputs' range, whichever is larger.",
        "relative",
        Direction.LOWER,
        0,
        None,
        _SUNDARARAJAN,
    ),
    Metric(
        "explanation.mean_attribution",
        "Mean attribution of a feature",
        "Mean over sampled units of the absolute integrated gradient of one input feature.",
        "units of the output",
        Direction.NONE,
        0,
        None,
        _SUNDARARAJAN,
    ),
)
_OF_UNITS = ("converged_share", "error_estimate", "completeness_gap")
_RANKED = 20


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for head in _heads(subject):
        yield SplitNeed(EVALUATION, AttributionNeed(head))


def _heads(subject: Subject) -> tuple[str, ...]:
    explained = [view for view in subject.main_views if view.task is not Task.CUSTOM]
    return tuple(dict.fromkeys(view.key.head for view in explained))


def _unmet(subject: Subject) -> str:
    if not subject.present:
        return "Only stored predictions are audited; the model is not here to be explained."
    if not subject.differentiable:
        why = subject.reasons.get("differentiable", "no gradient reaches its inputs")
        return f"The model cannot be differentiated: {why}."
    return "" if _heads(subject) else "A custom output has no single number to explain."


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    findings: list[Findings] = []
    for need, result in evidence[EVALUATION].attributions.items():
        if isinstance(result, NotExplainable):
            findings.append(_not_explained(need.head, result, evidence))
        else:
            findings.append(_explained(need.head, result, subject, evidence))
    return Findings(
        tuple(m for found in findings for m in found.measurements),
        tuple(figure for found in findings for figure in found.figures),
        tuple(note for found in findings for note in found.notes),
    )


def _not_explained(head: str, result: NotExplainable, evidence: Evidence) -> Findings:
    sample = Sample(0, sampled=evidence[EVALUATION].sampled)
    return Findings(
        tuple(
            absent(_key(name, head), Status.NOT_APPLICABLE, result.reason, sample)
            for name in _OF_UNITS
        )
    )


def _explained(head: str, result: Attributions, subject: Subject, evidence: Evidence) -> Findings:
    converged = result.converged.numpy()
    sample = Sample(len(converged), sampled=evidence[EVALUATION].sampled)
    reason = f"A random sample of {len(converged)} units, drawn by a keyed hash of their row ids."
    estimated: dict[str, Estimate] = {
        "converged_share": estimates.proportion(float(converged.sum()), float(len(converged))),
        "error_estimate": _mean(result.error_estimate.double().numpy()),
        "completeness_gap": _mean(result.completeness_gap.abs().double().numpy()),
    }
    found = [
        measured(_key(name, head), estimate, sample, reason) for name, estimate in estimated.items()
    ]
    features = list(_features(head, result, subject, sample))
    figures = (_ranking(head, features, len(converged)),) if features else ()
    return Findings((*found, *features), figures)


def _features(
    head: str, result: Attributions, subject: Subject, sample: Sample
) -> Iterator[Measurement]:
    """Mean attributions of named features; inputs of more than one axis have no such names."""
    if len(result.values) != 1:
        return
    (values,) = result.values
    if values.ndim != 2 or values.shape[1] > 500:
        return
    names = subject.feature_names or tuple(f"input {i}" for i in range(values.shape[1]))
    if len(names) != values.shape[1]:
        names = tuple(f"input {i}" for i in range(values.shape[1]))
    for name, column in zip(names, values.abs().double().numpy().T, strict=True):
        key = MeasurementKey(
            "explanation.mean_attribution", split=EVALUATION, head=head, label=name
        )
        yield measured(key, _mean(column), sample)


def _mean(values: np.ndarray) -> Estimate:
    if not np.ptp(values):
        return estimates.exact(float(values[0]))
    return estimates.mean(float(values.sum()), float((values**2).sum()), len(values))


def _key(name: str, head: str) -> MeasurementKey:
    return MeasurementKey(f"explanation.{name}", split=EVALUATION, head=head)


def _ranking(head: str, features: list[Measurement], n: int) -> Figure:
    ranked = sorted(features, key=lambda m: -(m.value or 0.0))[:_RANKED]
    of = f" of {head}" if head else ""
    return Figure(
        kind="ranking",
        title=f"What the output{of} depends on most",
        caption=(
            f"Mean absolute integrated gradient of each input over {n} sampled units, against a "
            "baseline of zeros. It says what the model uses, not whether it should."
        ),
        check="explanation",
        data={
            "value_label": "mean absolute attribution",
            "n": n,
            "rows": [
                {
                    "feature": m.key.label,
                    "value": m.value,
                    "low": None if m.interval is None else m.interval.low,
                    "high": None if m.interval is None else m.interval.high,
                }
                for m in ranked
            ],
        },
    )


CHECK = Check(
    name="explanation",
    question="What do the outputs depend on?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Whether the explanation is faithful was tested by convergence alone: no randomisation of "
        "weights, deletion curve or shortcut test was run.",
    ),
)
