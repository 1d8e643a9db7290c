"""Does the model go by what ought not to matter? The intervention test.

Heat maps find a marker at best, and miss what lies over the whole input: put it in, take it out,
and count whose decision changes (Adebayo et al., ICLR 2022).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.estimation import Sample, absent
from auditkit.checks.robustness.pairs import is_number
from auditkit.checks.scores import NO_PROBABILITIES
from auditkit.checks.shortcuts import flips, groups, scores
from auditkit.checks.shortcuts.figure import figure
from auditkit.checks.shortcuts.trials import Trial, key_of
from auditkit.evidence.answered import AnsweredRows, answered
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.sample_needs import AnswerNeed
from auditkit.evidence.subject import MAX_ONE_VS_REST, Subject, View
from auditkit.measurement import Direction, Measurement, Metric, Status
from auditkit.variants.nuisances import DIRECTIONS, Nuisance
from auditkit.variants.variant import PLAIN, Variant, intervention

_SOURCE = "intervention test, after Adebayo et al., ICLR 2022"

METRICS = (
    Metric(
        id="shortcuts.worst_flips",
        title="Reliance on a nuisance",
        definition="Largest share, over applying and removing a nuisance and over the classes "
        "predicted before, of the units changed by it whose predicted class changes.",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source=f"{_SOURCE}; largest of several shares, Berger 1982",
    ),
    Metric(
        id="shortcuts.flips",
        title="Decisions changed by a nuisance",
        definition="Share of the units changed by applying (or removing) a nuisance whose "
        "predicted class changes.",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source=f"{_SOURCE}; interval of Wilson 1927",
    ),
    Metric(
        id="shortcuts.class_flips",
        title="Decisions for a class changed by a nuisance",
        definition="The same share of the units of which one class is predicted as they are.",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source=f"{_SOURCE}; interval of Wilson 1927",
    ),
    Metric(
        id="shortcuts.score_change",
        title="Scores moved by a nuisance",
        definition="Mean change of the probability of a class, over the units changed by applying "
        "(or removing) a nuisance.",
        unit="share",
        direction=Direction.ZERO,
        low=-1,
        high=1,
        source=f"{_SOURCE}; interval after Agresti and Coull 1998",
    ),
    Metric(
        id="shortcuts.number_change",
        title="Predicted numbers moved by a nuisance",
        definition="Mean change of the predicted number, over the units changed by applying (or "
        "removing) a nuisance, in standard deviations of the numbers predicted before.",
        unit="standard deviations",
        direction=Direction.ZERO,
        source=_SOURCE,
    ),
)

_OF_CLASSES = ("worst_flips", "flips", "class_flips", "score_change")
_OF_NUMBERS = ("number_change",)


def _views(subject: Subject) -> tuple[View, ...]:
    return tuple(
        view for view in subject.main_views if is_number(view) or (view.classifies and view.decides)
    )


def _numbers(view: View) -> tuple[str, ...]:
    return _OF_NUMBERS if is_number(view) else _OF_CLASSES


def _unmet(subject: Subject) -> str:
    if not subject.present:
        return subject.reasons.get("present", "The model is not here to be asked again.")
    if not _views(subject):
        return "No output decides between classes or predicts a number."
    return "" if subject.nuisances else _nothing_named(subject)


def _nothing_named(subject: Subject) -> str:
    if subject.medium == "image" and not subject.input_range:
        return (
            "No nuisance is named, and the built-in ones of images need the ends between which the "
            "inputs lie; name nuisances, or declare model.inputs.range."
        )
    return (
        "No nuisance is named: what ought not to matter to the model, only its user can say; name "
        "nuisances."
    )


def _variants(nuisance: Nuisance) -> tuple[Variant, ...]:
    """The directions that make sense."""
    directions = DIRECTIONS[:1] if nuisance.irremovable else DIRECTIONS
    return tuple(intervention(nuisance, direction) for direction in directions)


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for view in _views(subject):
        variants = [one for nuisance in subject.nuisances for one in _variants(nuisance)]
        for variant in (PLAIN, *variants):
            yield SplitNeed(EVALUATION, AnswerNeed(view.key.head, variant))
    for need in groups.group_needs(subject):
        yield SplitNeed(EVALUATION, need)


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    return Findings.together(_of_view(subject, evidence, view) for view in _views(subject))


def _answers(evidence: Evidence, view: View, variant: Variant) -> AnsweredRows | str:
    return answered(evidence, AnswerNeed(view.key.head, variant), view, EVALUATION)


def _of_view(subject: Subject, evidence: Evidence, view: View) -> Findings:
    before = _answers(evidence, view, PLAIN)
    if isinstance(before, str):
        return Findings(tuple(_absent(_numbers(view), view, before, evidence)))
    spread = _spread(before)
    found: list[Measurement] = []
    for nuisance in subject.nuisances:
        found += _of_nuisance(subject, evidence, before, nuisance, spread)
    found += _lacking(view, evidence)
    picture = figure(view, found)
    return Findings(tuple(found), () if picture is None else (picture,))


def _lacking(view: View, evidence: Evidence) -> Iterator[Measurement]:
    """What is not measured of a view under any intervention."""
    if is_number(view):
        return
    if not view.probabilistic:
        yield from _absent(("score_change",), view, NO_PROBABILITIES, evidence)
    if len(view.classes) > MAX_ONE_VS_REST:
        reason = (
            f"There are {len(view.classes):,} classes; single ones are followed where there are at "
            f"most {MAX_ONE_VS_REST}."
        )
        scores = ("score_change",) if view.probabilistic else ()
        yield from _absent(("class_flips", *scores), view, reason, evidence)


def _spread(before: AnsweredRows) -> float:
    if not is_number(before.view):
        return 0.0
    head = before.view.head
    numbers = before.outputs[0][:, head.central if head.quantiles else 0]
    return float(np.std(numbers)) if np.isfinite(numbers).all() else 0.0


def _of_nuisance(
    subject: Subject, evidence: Evidence, before: AnsweredRows, nuisance: Nuisance, spread: float
) -> Iterator[Measurement]:
    view, trials, lacking = before.view, [], ""
    for variant in _variants(nuisance):
        after = _answers(evidence, view, variant)
        if isinstance(after, str):
            lacking = after
            others = tuple(name for name in _numbers(view) if name != "worst_flips")
            yield from _absent(others, view, after, evidence, str(variant))
            continue
        trial = Trial.of(variant, before, after)
        trials.append(trial)
        yield from _of_trial(trial, spread)
        yield from groups.of_groups(trial, subject, evidence[EVALUATION], spread)
    if nuisance.irremovable:
        removed = f"{nuisance} {DIRECTIONS[1]}"
        yield from _absent(("flips",), view, nuisance.irremovable, evidence, removed)
    if is_number(view):
        return
    if lacking:
        yield from _absent(("worst_flips",), view, lacking, evidence, str(nuisance))
    else:
        yield flips.worst(trials)


def _of_trial(trial: Trial, spread: float) -> Iterator[Measurement]:
    if is_number(trial.view):
        yield from scores.measurements(trial, spread)
        return
    yield trial.measured("flips", flips.flips)
    yield from flips.of_classes(trial)
    if trial.view.probabilistic:
        yield from scores.measurements(trial, spread)


def _absent(
    numbers: tuple[str, ...], view: View, reason: str, evidence: Evidence, said: str = ""
) -> Iterator[Measurement]:
    """Why some numbers of a view are not measured."""
    nothing = Sample(0, sampled=evidence[EVALUATION].sampled)
    for number in numbers:
        yield absent(key_of(number, view, said), Status.NOT_APPLICABLE, reason, nothing)


CHECK = Check(
    name="shortcuts",
    question="Does the model go by what ought not to matter?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Only nuisances that are named, or built in for images, were tried: a shortcut that nobody "
        "thought of is not found.",
        "That a decision does not change shows nothing of the reasons for it; and where what is "
        "put in looks unlike anything that occurs, a change may be surprise rather than reliance.",
        "Every row counts alike, whatever weight is declared.",
    ),
)
