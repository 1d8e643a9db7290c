"""Does the model hold on slightly worse inputs, and against an adversary?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.robustness.attacks import attacks_of, no_attacks, worst_of
from auditkit.checks.robustness.attacks import measurements as of_attacks
from auditkit.checks.robustness.corruptions import (
    group_needs,
    labelled_numbers,
    numbers_of,
    of_groups,
)
from auditkit.checks.robustness.corruptions import measurements as of_corruptions
from auditkit.checks.robustness.figure import figure
from auditkit.checks.robustness.pairs import Pair, absent_numbers, is_number
from auditkit.checks.scores import NO_PROBABILITIES
from auditkit.evidence.answered import AnsweredRows, answered
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.sample_needs import AnswerNeed
from auditkit.evidence.subject import Labels, Subject, View
from auditkit.measurement import Direction, Measurement, Metric
from auditkit.variants.variant import (
    IMAGE_CORRUPTIONS,
    LEVELS,
    PLAIN,
    TABLE_CORRUPTIONS,
    Variant,
)

_COMMON = "common corruptions, Hendrycks and Dietterich 2019"

METRICS = (
    Metric(
        id="robustness.corrupted_accuracy",
        title="Accuracy on corrupted inputs",
        definition="Share of the sampled units whose predicted class is the true one when their "
        "inputs are corrupted.",
        unit="share",
        direction=Direction.HIGHER,
        low=0,
        high=1,
        source=f"{_COMMON}; interval of Wilson 1927",
    ),
    Metric(
        id="robustness.accuracy_drop",
        title="Loss of accuracy",
        definition="Accuracy on the inputs as they are minus that on the same, corrupted.",
        unit="share",
        direction=Direction.LOWER,
        low=-1,
        high=1,
        source=f"{_COMMON}; paired interval of Tango 1998",
    ),
    Metric(
        id="robustness.corrupted_gap",
        title="Confidence gap on corrupted inputs",
        definition="Mean probability of the predicted class minus accuracy when inputs are "
        "corrupted: above zero is over-confident.",
        unit="share",
        direction=Direction.ZERO,
        low=-1,
        high=1,
        source="Ovadia et al. 2019; interval after Agresti and Coull 1998",
    ),
    Metric(
        id="robustness.flips",
        title="Changed predictions",
        definition="Share of the sampled units whose predicted class changes when their inputs are "
        "corrupted.",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source=f"{_COMMON}; interval of Wilson 1927",
    ),
    Metric(
        id="robustness.corrupted_mae",
        title="Mean absolute error on corrupted inputs",
        definition="Mean distance between prediction and true number when inputs are corrupted.",
        unit="units of the target",
        direction=Direction.LOWER,
        low=0,
        source=_COMMON,
    ),
    Metric(
        id="robustness.mae_rise",
        title="Rise of the mean absolute error",
        definition="Mean absolute error on corrupted inputs minus that on the same as they are.",
        unit="units of the target",
        direction=Direction.LOWER,
        source=f"{_COMMON}; paired differences",
    ),
    Metric(
        id="robustness.prediction_change",
        title="Change of the prediction",
        definition="Mean distance between the predictions for an input and for the same, "
        "corrupted.",
        unit="units of the target",
        direction=Direction.LOWER,
        low=0,
        source=_COMMON,
    ),
    Metric(
        id="robustness.robust_accuracy",
        title="Robust accuracy",
        definition="Share of the sampled units that are right as they are and under the attack; "
        "it can only be lower under a stronger one. Units at which an attack finds no gradient to "
        "follow count as not held; above 5 % of the right ones there is no number.",
        unit="share",
        direction=Direction.HIGHER,
        low=0,
        high=1,
        source="Madry et al. 2018; Croce and Hein 2020; interval of Clopper and Pearson 1934",
    ),
)

_CORRUPTIONS: Mapping[str, tuple[Variant, ...]] = {
    "image": IMAGE_CORRUPTIONS,
    "table": TABLE_CORRUPTIONS,
}
_ROBUST = ("robust_accuracy",)


def _views(subject: Subject) -> tuple[View, ...]:
    return tuple(
        view for view in subject.main_views if is_number(view) or (view.classifies and view.decides)
    )


def _no_corruptions(subject: Subject) -> str:
    """Why inputs are not corrupted; "" if they are."""
    if not subject.medium:
        return "It is not known what the inputs are; declare model.inputs.medium: image or table."
    if subject.medium not in _CORRUPTIONS:
        return f"There are corruptions of images and tables; the inputs are {subject.medium}."
    if subject.medium == "image" and not subject.input_range:
        return (
            "It is not declared between which ends the inputs lie; declare model.inputs.range for "
            "corrupted images."
        )
    return ""


def _unmet(subject: Subject) -> str:
    if not subject.present:
        return subject.reasons.get("present", "The model is not here to be asked again.")
    if not _views(subject):
        return "No output decides between classes or predicts a number."
    reason = _no_corruptions(subject)
    # Where there is no range, there are no attacks either.
    attackable = any(not is_number(view) for view in _views(subject)) and not no_attacks(subject)
    return "" if attackable else reason


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    corruptions = () if _no_corruptions(subject) else _CORRUPTIONS[subject.medium]
    for view in _views(subject):
        attacks = () if no_attacks(subject) or is_number(view) else attacks_of(subject)
        for variant in (PLAIN, *corruptions, *attacks):
            yield SplitNeed(EVALUATION, AnswerNeed(view.key.head, variant))
    for need in group_needs(subject):
        yield SplitNeed(EVALUATION, need)


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    return Findings.together(_of_view(subject, evidence, view) for view in _views(subject))


def _of_view(subject: Subject, evidence: Evidence, view: View) -> Findings:
    sampled = evidence[EVALUATION].sampled
    before = _answers(evidence, view, PLAIN)
    if isinstance(before, str):
        robust = () if is_number(view) else _ROBUST
        return Findings(
            tuple(absent_numbers((*numbers_of(view), *robust), view, "", before, sampled))
        )
    corrupted = _corrupted(subject, evidence, before)
    if is_number(view):
        return corrupted
    return Findings.together((corrupted, Findings(tuple(_attacked(subject, evidence, before)))))


def _answers(evidence: Evidence, view: View, variant: Variant) -> AnsweredRows | str:
    return answered(evidence, AnswerNeed(view.key.head, variant), view, EVALUATION)


def _corrupted(subject: Subject, evidence: Evidence, before: AnsweredRows) -> Findings:
    view, sampled = before.view, before.sampled
    if reason := _no_corruptions(subject):
        return Findings(tuple(absent_numbers(numbers_of(view), view, "", reason, sampled)))
    labels = subject.labels is not Labels.NONE
    found: list[Measurement] = []
    pairs: list[tuple[Variant, Pair]] = []
    for variant in _CORRUPTIONS[subject.medium]:
        after = _answers(evidence, view, variant)
        if isinstance(after, str):
            found += absent_numbers(numbers_of(view), view, str(variant), after, sampled)
            continue
        pair = Pair.of(variant, before, after)
        pairs.append((variant, pair))
        found += of_corruptions(pair, labels=labels)
        if labels and not is_number(view) and variant.level == LEVELS[-1]:
            found += of_groups(pair, subject, evidence[EVALUATION])
    found += _lacking(subject, view, sampled, asked=bool(pairs))
    picture = figure(pairs) if pairs and labels else None
    return Findings(tuple(found), () if picture is None else (picture,))


def _lacking(subject: Subject, view: View, sampled: bool, *, asked: bool) -> Iterator[Measurement]:
    """What is not measured under any corruption, once instead of under each."""
    if not asked:
        return
    if subject.unlabelled:
        yield from absent_numbers(labelled_numbers(view), view, "", subject.unlabelled, sampled)
    elif not is_number(view) and not view.probabilistic:
        yield from absent_numbers(("corrupted_gap",), view, "", NO_PROBABILITIES, sampled)


def _attacked(subject: Subject, evidence: Evidence, before: AnsweredRows) -> Iterator[Measurement]:
    view, sampled = before.view, before.sampled
    if reason := no_attacks(subject):
        yield from absent_numbers(_ROBUST, view, "", reason, sampled)
        return
    found: dict[Variant, AnsweredRows] = {}
    attacks = attacks_of(subject)
    for variant in attacks:
        after = _answers(evidence, view, variant)
        if isinstance(after, str):
            yield from absent_numbers(_ROBUST, view, str(variant), after, sampled)
        else:
            found[variant] = after
    several, complete = len(attacks) > 1, len(found) == len(attacks)
    worst = worst_of(attacks) if several else ""
    yield from of_attacks(before, found, worst if complete else "")
    if several and not complete:
        reason = "Not every attack could be made, so the worst of them is not known."
        yield from absent_numbers(_ROBUST, view, worst, reason, sampled)


CHECK = Check(
    name="robustness",
    question="Does the model hold on slightly worse inputs, and against an adversary?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Other corruptions than these, and inputs that are worse in ways of their own place and "
        "time (a natural shift), were not tested.",
        "Stronger attacks may find what these do not (AutoAttack comes with the extra of that "
        "name): robust accuracy is an upper limit. Changes that are large but go unnoticed were "
        "not tried.",
        "Every row counts alike, whatever weight is declared.",
    ),
)
