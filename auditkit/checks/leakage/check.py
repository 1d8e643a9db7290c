"""Was the model judged on what it was trained on, or told the answer?

Four ways in which scores come out too good: evaluation rows that training rows repeat, rows that
are bound to them (one patient on both sides), training rows from the future, and features that are
the outcome in disguise. Source of the taxonomy: Kapoor and Narayanan, Patterns 4 (2023) 100804.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from auditkit.checks.check import BETWEEN, EVALUATION, Check, Findings
from auditkit.checks.estimation import absent
from auditkit.checks.leakage.apart import clusters_and_times
from auditkit.checks.leakage.copies import Copies, copy_shares
from auditkit.checks.leakage.excess import excess
from auditkit.checks.leakage.features import feature_needs, lone_features
from auditkit.checks.leakage.figures import features, kinds, similarity, without
from auditkit.checks.leakage.labels import contradictions, labels_of
from auditkit.checks.leakage.metrics import (
    CONTRADICTING,
    COPIES,
    LONE,
    METRICS,
    SHARED,
    key_of,
    of_evaluation,
)
from auditkit.checks.leakage.outcomes import (
    Outcomes,
    judged,
    outcome_need,
    outcomes_of,
    scores_of,
    without_leaked,
)
from auditkit.checks.leakage.pairs import listed
from auditkit.checks.leakage.sides import Sides, side_needs, splits_of
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Measurement, MeasurementKey, Status


def _views(subject: Subject) -> tuple[View, ...]:
    return tuple(view for view in subject.main_views if judged(view))


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    yield from side_needs(subject)
    if subject.unlabelled:
        return
    for view in _views(subject):
        for split in splits_of(subject):
            yield SplitNeed(split, outcome_need(view))
    if _views(subject):
        yield from feature_needs(subject)


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    sides = Sides.of(subject, evidence)
    copies = Copies(sides)
    found = [*copy_shares(copies), excess(copies), *clusters_and_times(sides)]
    parts: list[Findings] = []
    labels: dict[str, np.ndarray] = {}
    for view in _views(subject):
        if subject.unlabelled:
            found += _unlabelled(subject, view)
            continue
        outcomes = {side.split: outcomes_of(evidence, view, side.split) for side in sides.each}
        known = {side.split: labels_of(side, outcomes[side.split]) for side in sides.each}
        labels = labels or known
        found += _contradictions(view, copies, known)
        parts.append(_of_view(subject, evidence, copies, outcomes[EVALUATION]))
    shown = (*kinds(found, sides.evaluation.evidence.rows), *similarity(copies))
    return Findings.together(
        [Findings(tuple(found), shown), *parts, listed(copies, labels, subject.aims.review)]
    )


def _unlabelled(subject: Subject, view: View) -> Iterator[Measurement]:
    """What rests on labels, where there are none."""
    keys = [
        *(key_of(CONTRADICTING, split, view) for split in (BETWEEN, *splits_of(subject))),
        of_evaluation(LONE, view),
        *_score_keys(view),
    ]
    for key in keys:
        yield absent(key, Status.NOT_APPLICABLE, subject.unlabelled, Sample(0))


def _contradictions(
    view: View, copies: Copies, labels: dict[str, np.ndarray]
) -> Iterator[Measurement]:
    unread = next((side.unread for side in copies.sides.each if side.unread), "")
    if not unread:
        yield from contradictions(view, copies.sides, copies.groups, labels)
        return
    for split in (BETWEEN, *(side.split for side in copies.sides.each)):
        yield absent(key_of(CONTRADICTING, split, view), Status.NOT_APPLICABLE, unread, Sample(0))


def _of_view(subject: Subject, evidence: Evidence, copies: Copies, outcomes: Outcomes) -> Findings:
    """The scores of one output without leaked rows, and what each feature tells of it alone."""
    view = outcomes.view
    found = [*_without(copies, outcomes)]
    alone = [*lone_features(subject, evidence, view, outcomes)]
    return Findings((*found, *alone), (*without(outcomes, found), *features(view, alone)))


def _without(copies: Copies, outcomes: Outcomes) -> Iterator[Measurement]:
    """Scores with each kind of leaked rows left out."""
    evaluation, shared = copies.sides.evaluation, copies.sides.cluster_shared
    if copies.leaked is not None:
        leaked, looked_at = copies.leaked, copies.looked_at
        joined = _joined(evaluation.prints.keys, leaked, looked_at, outcomes)
        yield from without_leaked(outcomes, *joined, COPIES)
    else:
        for key in _score_keys(outcomes.view):
            yield absent(key, Status.NOT_APPLICABLE, copies.lack, Sample(0))
    if shared is not None and evaluation.by_cluster is not None:
        joined = _joined(evaluation.by_cluster[0], shared, np.ones_like(shared), outcomes)
        yield from without_leaked(outcomes, *joined, SHARED)


def _score_keys(view: View) -> Iterator[MeasurementKey]:
    """What is measured of every score with copies left out."""
    for name in scores_of(view):
        for number in (f"clean_{name}", f"{name}_inflation", f"{name}_gap"):
            yield of_evaluation(number, view, COPIES)


def _joined(
    keys: np.ndarray, flags: np.ndarray, known: np.ndarray, outcomes: Outcomes
) -> tuple[np.ndarray, np.ndarray]:
    """Which rows with an outcome leaked, and of which that is known."""
    leaked, looked = (np.zeros(len(outcomes), dtype=np.bool_) for _ in range(2))
    _, mine, theirs = np.intersect1d(keys, outcomes.keys, return_indices=True)
    leaked[theirs], looked[theirs] = flags[mine], known[mine]
    return leaked, looked


CHECK = Check(
    name="leakage",
    question="Was it judged on what it was trained on, or told the answer?",
    metrics=METRICS,
    unmet=lambda subject: "",  # noqa: ARG005 - rows of the evaluation data can be compared always
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Copies were looked for in what the model is given; one that was translated, paraphrased, "
        "turned or cut by more than a little holds something else, and is none here.",
        "Whether choices before the training (scaling, selection of features, tuning) used the "
        "evaluation data cannot be seen in rows.",
        "Rows of few columns may be alike by chance, and are no leak; a table that held rows twice "
        "before it was split has no more copies than chance makes, and they leaked.",
        "A feature was tried alone: several that give the outcome away together were not.",
        "Every row counts alike, whatever weight is declared.",
    ),
)
