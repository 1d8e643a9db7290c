"""Does the model give away whom it was trained on? Membership attacks on what it answers."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.check import BETWEEN, EVALUATION, TRAINING, Check, Findings
from auditkit.checks.estimation import NoEstimateError, absent
from auditkit.checks.privacy.attacks import ATTACKS, Attack, Attacked, attacks_on, reference_needs
from auditkit.checks.privacy.blind import BLIND, blind, blind_needs
from auditkit.checks.privacy.figures import figures
from auditkit.checks.privacy.numbers import AUC, CLASS_AUC, TNR, Numbers, group_needs, tail
from auditkit.checks.privacy.sides import Known, Scored
from auditkit.checks.scores import NO_PROBABILITIES
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.outcome_rows import outcome_need, outcome_rows
from auditkit.evidence.subject import Subject, View
from auditkit.evidence.tried import trial_needs
from auditkit.measurement import Measurement, MeasurementKey, Status
from auditkit.models.head import Task

NO_TRAINING = (
    "No training data are given, so whether the model gives away whom it was trained on cannot be "
    "tried; declare data.training to try it."
)


def _views(subject: Subject) -> Iterator[View]:
    """The outputs of which a loss is known for each unit."""
    for view in subject.main_views:
        if view.task is Task.REGRESSION or (view.classifies and view.probabilistic):
            yield view


def _unmet(subject: Subject) -> str:
    if TRAINING not in subject.splits:
        return NO_TRAINING
    if subject.unlabelled:
        return subject.unlabelled
    if any(_views(subject)):
        return ""
    if any(view.classifies for view in subject.main_views):
        return NO_PROBABILITIES
    return "No output is a class or a number, so that no loss of a unit is known."


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for view in _views(subject):
        for split in (TRAINING, EVALUATION):
            yield SplitNeed(split, outcome_need(subject, view))
        references = tuple(reference_needs(subject, view))
        yield from trial_needs(subject, view, *references) if references else ()
    yield from blind_needs(subject)
    for need in group_needs(subject):
        yield SplitNeed(TRAINING, need)
        yield SplitNeed(EVALUATION, need)


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    views = [(view, _known(subject, evidence, view)) for view in _views(subject)]
    first = next((known for _, known in views if isinstance(known, Known)), None)
    if first is None:
        return Findings(tuple(_nothing(view, str(reason)) for view, reason in views))
    baseline = blind(subject, evidence, first)
    return Findings.together(
        (Findings((baseline.measured,)), *_of_views(subject, evidence, views, baseline.withheld))
    )


def _of_views(
    subject: Subject,
    evidence: Evidence,
    views: list[tuple[View, Known | str]],
    withheld: str,
) -> Iterator[Findings]:
    for view, known in views:
        if isinstance(known, str):
            yield Findings((_nothing(view, known),))
        else:
            yield _of_view(Attacked(subject, evidence, view, known), withheld)


def _known(subject: Subject, evidence: Evidence, view: View) -> Known | str:
    need = outcome_need(subject, view)
    members, others = (
        outcome_rows(evidence, need, view, split) for split in (TRAINING, EVALUATION)
    )
    if isinstance(members, str):
        return f"Of the training data: {members}"
    if isinstance(others, str):
        return f"Of the evaluation data: {others}"
    return Known(members, others)


def _of_view(attacked: Attacked, withheld: str) -> Findings:
    found: list[Measurement] = []
    scored: dict[Attack, Scored] = {}
    for attack in attacks_on(attacked.subject, attacked.view):
        gave = _tried(attack, attacked)
        found += Numbers(attacked, attack, withheld).measured(gave)
        if isinstance(gave, Scored):
            scored[attack] = gave
    found.append(tail(attacked, withheld))
    return Findings(tuple(found), tuple(figures(attacked, scored, found)))


def _tried(attack: Attack, attacked: Attacked) -> Scored | Exception:
    try:
        return attack.score(attacked)
    except (NoEstimateError, ValueError) as none:
        return none


def _nothing(view: View, reason: str) -> Measurement:
    label = " · ".join(part for part in (view.key.label, ATTACKS[0].name) if part)
    key = MeasurementKey(AUC.id, split=BETWEEN, head=view.key.head, label=label)
    return absent(key, Status.UNDEFINED, reason, Sample(0))


CHECK = Check(
    name="privacy",
    question="Does the model give away whom it was trained on?",
    metrics=(AUC, CLASS_AUC, TNR, BLIND),
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "That these attacks found no leak does not show that there is none: stronger attacks, with "
        "hundreds of reference models or changes to the units asked about, may find what these do "
        "not, and none of them bounds the leak as differentially private training does.",
        "Attacks with reference models (difficulty-calibrated loss, LiRA, RMIA; offline) are made "
        "only where retraining.train is given.",
        "Whether attributes or whole units can be read from the model (attribute inference, "
        "inversion, extraction) was not tried.",
        "A unit of the evaluation data that is in the training data too, or nearly, counts here as "
        "a non-member and hides a leak: look at duplicates first.",
        "That members and non-members are of one distribution was looked for with a line and small "
        "trees on their inputs and labels, of a table on the first 200 features of which rows have "
        "values in common; a difference that these do not see counts as memory.",
        "Every row counts alike, whatever weight is declared.",
    ),
)
