"""Which given labels does the model contradict?

Two things that look alike and are not: how many labels are contradicted, a number to know, and
which ones, a list to work through. The list names rows, so that it is only made where the user asks
for one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.classifying import classifying, without_probabilities
from auditkit.checks.estimation import MIN_KEPT, absent, estimated, telling
from auditkit.checks.labels.review import review_findings, review_needs
from auditkit.checks.scores import NO_PROBABILITIES
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.hashing import BLOCKS
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.outcome_rows import OutcomeRows, outcome_need, outcome_rows
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import (
    Direction,
    Estimate,
    Measurement,
    MeasurementKey,
    Metric,
    Slice,
    Status,
)
from auditkit.models.head import Task
from auditkit.statistics.absence import NoEstimateError
from auditkit.statistics.confident_joint import ContradictedLabels

METRICS = (
    Metric(
        id="labels.contradicted_share",
        title="Contradicted labels",
        definition="Share of units that confidently belong to another class than their label: with "
        "a probability of it that is at least the mean of the units labelled as it.",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source="Northcutt, Jiang and Chuang 2021",
        gateable=False,
    ),
)
MAX_CLASSES = 50
_FEWEST = 20
_WORD = (
    "This is the model's word against the label's: a contradicted label may be right and the model "
    "wrong, and a model that has memorised its labels contradicts none."
)


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for view in classifying(subject):
        if view.probabilistic:
            yield SplitNeed(EVALUATION, outcome_need(subject, view))
            yield from review_needs(subject, view)


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    return Findings.together(_of_view(subject, evidence, view) for view in classifying(subject))


def _of_view(subject: Subject, evidence: Evidence, view: View) -> Findings:
    nothing = Sample(0, sampled=evidence[EVALUATION].sampled)
    if not view.probabilistic:
        return Findings((absent(_key(view), Status.NOT_APPLICABLE, NO_PROBABILITIES, nothing),))
    rows = outcome_rows(evidence, outcome_need(subject, view), view, EVALUATION)
    if isinstance(rows, str):
        return Findings((absent(_key(view), Status.TOO_FEW, rows, nothing),))
    # Shown with its interval and never judged: what a judge would need is left out.
    measured = Findings(tuple(replace(one, estimate=None) for one in _shares(rows)))
    return Findings.together([measured, review_findings(subject, evidence[EVALUATION], view)])


def _shares(rows: OutcomeRows) -> Iterator[Measurement]:
    """The share of all labels, and of the labels of each class but the two of a single label."""
    if len(rows) < _FEWEST:
        reason = f"Means of each class need at least {_FEWEST} labelled units."
        yield absent(_key(rows.view), Status.TOO_FEW, reason, rows.sample)
        return
    # Where rows are independent, any equal parts of them do.
    blocks = rows.keys % np.uint64(BLOCKS) if rows.blocks is None else rows.blocks
    try:
        found = ContradictedLabels.among(rows.probabilities, rows.target, blocks)
    except NoEstimateError as none:
        yield absent(_key(rows.view), none.status, str(none), rows.sample)
        return
    reason = f"{_WORD} {rows.drawn}".strip()
    share = partial(found.share, clusters=rows.sample.clusters)
    yield estimated(_key(rows.view), share, rows.sample, reason)
    if rows.view.head.task is not Task.MULTILABEL:
        counts = np.bincount(rows.target, minlength=len(rows.view.classes))
        most = np.argsort(-counts, kind="stable")[:MAX_CLASSES]
        for place in np.sort(most):
            yield _of_class(rows, found, int(place), reason)


def _of_class(rows: OutcomeRows, found: ContradictedLabels, place: int, reason: str) -> Measurement:
    name = rows.view.classes[place]
    sample = rows.part(rows.target == place).sample

    def estimate() -> Estimate:
        if sample.rows < MIN_KEPT:
            raise telling(f"The class {name} has too few units")
        return found.share(place, sample.clusters)

    return estimated(_key(rows.view, name), estimate, sample, reason)


def _key(view: View, class_name: str = "") -> MeasurementKey:
    return MeasurementKey(
        METRICS[0].id,
        Slice(),
        split=EVALUATION,
        head=view.key.head,
        label=" · ".join(part for part in (view.key.label, class_name) if part),
    )


CHECK = Check(
    name="labels",
    question="Which given labels does the model contradict?",
    metrics=METRICS,
    unmet=without_probabilities,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Whether a label is wrong is not known: labels were compared with this model alone. Errors "
        "that it shares with the labels, and labels that it has memorised, look right.",
        "Every row counts alike, whatever weight is declared.",
    ),
)
