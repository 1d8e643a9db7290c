"""Does the model notice inputs of another kind? How well scores of familiarity tell them apart."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.check import EVALUATION, TRAINING, Check, Findings
from auditkit.checks.embedding_slices.embeddings import layerless
from auditkit.checks.estimation import absent
from auditkit.checks.out_of_distribution.encounters import NUMBERS, Encounter
from auditkit.checks.out_of_distribution.figure import figure
from auditkit.checks.out_of_distribution.scores import OF_LAYER, OF_OUTPUTS, Bank
from auditkit.checks.scores import NO_PROBABILITIES
from auditkit.data.sources import OUTSIDE
from auditkit.evidence.answered import AnsweredRows, answered
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.sample_needs import AnswerNeed
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Direction, Measurement, MeasurementKey, Metric, Status
from auditkit.variants.variant import PLAIN, Variant

_OTHERS = "inputs of another kind, or their corrupted copies where the label names a corruption"

METRICS = (
    Metric(
        id="out_of_distribution.auroc",
        title="AUROC of outside inputs",
        definition="Probability that a random evaluation input scores as more familiar than a "
        f"random one of the others ({_OTHERS}), ties counted half; .5 is no detection.",
        unit="share",
        direction=Direction.HIGHER,
        low=0,
        high=1,
        source="Hendrycks and Gimpel 2017; intervals of DeLong et al. 1988 and Newcombe 2006",
    ),
    Metric(
        id="out_of_distribution.fpr95",
        title="Outside inputs let through",
        definition=f"Share of the others ({_OTHERS}) that score at least as high as the threshold "
        "that lets 95 % of the evaluation inputs through.",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source="Liang, Li and Srikant 2018; the interval counts the estimated threshold in",
    ),
    Metric(
        id="out_of_distribution.outside_confidence",
        title="Confidence on outside inputs",
        definition="Mean probability of the likeliest class on inputs of another kind, none of "
        "which belongs to any class.",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source="Hein, Andriushchenko and Bitterwolf 2019",
    ),
)

STAND_INS = {"image": Variant("noise", 3.0), "table": Variant("shuffled", 3.0)}
"""By medium, what stands in for inputs of another kind where none are given."""


def _stand_in(subject: Subject) -> Variant | None:
    """The corruption that stands in for outside inputs; None where they are given, or it cannot."""
    if OUTSIDE in subject.splits or not subject.present:
        return None
    if subject.medium == "image" and not subject.input_range:
        return None
    return STAND_INS.get(subject.medium)


def _views(subject: Subject) -> tuple[View, ...]:
    """Views that classify; and the first one, under which a layer is measured."""
    return tuple(
        view
        for place, view in enumerate(subject.main_views)
        if view.classifies or (place == 0 and subject.layer)
    )


def _unmet(subject: Subject) -> str:
    if OUTSIDE not in subject.splits and _stand_in(subject) is None:
        return (
            "No inputs of another kind are given, nor can corrupted ones be made of these; declare "
            "data.outside to measure whether the model notices them."
        )
    views = _views(subject)
    if not views:
        return f"No output gives the probability of a class. {layerless(subject)}"
    if not subject.layer and not any(view.probabilistic for view in views):
        return NO_PROBABILITIES
    return ""


def _need(subject: Subject, view: View, variant: Variant = PLAIN) -> AnswerNeed:
    return AnswerNeed(view.key.head, variant, layer=subject.layer)


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    stand_in = _stand_in(subject)
    for view in _views(subject):
        plain = _need(subject, view)
        yield SplitNeed(EVALUATION, plain)
        if stand_in is None:
            yield SplitNeed(OUTSIDE, plain)
        else:
            yield SplitNeed(EVALUATION, _need(subject, view, stand_in))
        if subject.layer and TRAINING in subject.splits:
            yield SplitNeed(TRAINING, plain)


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    views = _views(subject)
    return Findings.together(
        _of_view(subject, evidence, view, with_layer=view is views[0]) for view in views
    )


def _of_view(subject: Subject, evidence: Evidence, view: View, *, with_layer: bool) -> Findings:
    met = _encounter(subject, evidence, view, with_layer=with_layer)
    if isinstance(met, str):
        return Findings(tuple(_absent(subject, evidence, view, met, with_layer=with_layer)))
    found = list(met.measurements())
    if met.copies and view.classifies:
        found.append(_no_confidence(evidence, view))
    picture = figure(met)
    return Findings(tuple(found), () if picture is None else (picture,))


def _encounter(
    subject: Subject, evidence: Evidence, view: View, *, with_layer: bool
) -> Encounter | str:
    """The two sides and the bank, or the reason why one of the sides is missing."""
    plain, stand_in = _need(subject, view), _stand_in(subject)
    inside = answered(evidence, plain, view, EVALUATION)
    if isinstance(inside, str):
        return inside
    outside = (
        answered(evidence, plain, view, OUTSIDE)
        if stand_in is None
        else answered(evidence, _need(subject, view, stand_in), view, EVALUATION)
    )
    if isinstance(outside, str):
        return outside
    bank, own = _bank(subject, evidence, view, inside) if with_layer else (None, False)
    copies = "" if stand_in is None else str(stand_in)
    return Encounter(subject, view, inside, outside, copies, bank, own)


def _bank(
    subject: Subject, evidence: Evidence, view: View, inside: AnsweredRows
) -> tuple[Bank, bool]:
    """The familiar units, and whether they are a half of the evaluation sample."""
    if TRAINING in subject.splits:
        seen = answered(evidence, _need(subject, view), view, TRAINING)
        if not isinstance(seen, str):
            return Bank(seen, f"Familiar are {len(seen):,} training units."), False
    half = inside.part(~inside.held_out)
    sentence = (
        f"Familiar are {len(half):,} evaluation units, one half of the sample; inside units are "
        "those of the other half."
    )
    return Bank(half, sentence), True


def _absent(
    subject: Subject, evidence: Evidence, view: View, reason: str, *, with_layer: bool
) -> Iterator[Measurement]:
    """Every number of a view whose units could not be asked about."""
    nothing = Sample(0, sampled=evidence[EVALUATION].sampled)
    scores = (*(OF_OUTPUTS if view.classifies else ()), *(OF_LAYER if with_layer else ()))
    for score in scores:
        lack = score.lack(subject, view) or reason
        label = " · ".join(part for part in (view.key.label, score.name) if part)
        for number in NUMBERS:
            key = MeasurementKey(f"out_of_distribution.{number}", head=view.key.head, label=label)
            yield absent(key, Status.NOT_APPLICABLE, lack, nothing)


def _no_confidence(evidence: Evidence, view: View) -> Measurement:
    key = MeasurementKey(
        "out_of_distribution.outside_confidence",
        split=OUTSIDE,
        head=view.key.head,
        label=view.key.label,
    )
    reason = "No inputs of another kind are given; declare data.outside for it."
    nothing = Sample(0, sampled=evidence[EVALUATION].sampled)
    return absent(key, Status.NOT_APPLICABLE, reason, nothing)


CHECK = Check(
    name="out_of_distribution",
    question="Does the model notice inputs of another kind?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Only the outside inputs that were given, or one corruption, were looked at: inputs of yet "
        "another kind may pass.",
        "Outside inputs were taken as independent of each other, since no cluster of them is read: "
        "frames of a few videos, or many crops of a few images, are not, and their intervals are "
        "too narrow.",
        "That a score separates does not show that anybody looks at it: whether inputs are turned "
        "away where the model is used was not tested.",
        "Scores that need another training or the gradients of the model were not measured. Of a "
        "layer with more than 64 numbers a random projection was scored, which keeps distances "
        "within about a fifth.",
    ),
)
