"""What the comparison of groups cannot give, and what qualifies what it gives: nothing vanishes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from auditkit.checks.bias.classes import (
    BALANCED_ACCURACY,
    has_classes,
    has_macro,
    unweighable_classes,
)
from auditkit.checks.bias.conditional import (
    conditional_metrics,
)
from auditkit.checks.bias.numbers import asked, unweighable
from auditkit.checks.bias.proxies import PROXY_METRICS
from auditkit.checks.bias.ranking import (
    ranked_views,
    ranking_metrics,
)
from auditkit.checks.bias.rates import EQUALISED_ODDS
from auditkit.checks.bias.views import (
    deciding,
    favouring,
    flipping,
    kinds_of,
    selection_need,
)
from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import absent
from auditkit.checks.known_outcomes import of_labelled
from auditkit.checks.rate_kinds import (
    ACCURACY,
    CLASS_RATES,
    DECISION_RATES,
    FLIP_RATES,
    metrics_of,
)
from auditkit.checks.reading import Reading
from auditkit.checks.scores import NO_DECISION
from auditkit.evidence.subject import MAX_ONE_VS_REST, Labels, Subject, View
from auditkit.measurement import Measurement, MeasurementKey, Metric, Status
from auditkit.models.head import Task

OF_DECISIONS = (*metrics_of(DECISION_RATES), EQUALISED_ODDS)
"""What is measured of decisions for which an outcome is favourable."""

NO_FAVOURABLE = (
    "No outcome is declared as favourable, so nothing is selected; declare "
    "decision: {favourable: …} for it."
)
_NUMBERS_DECIDE_NOTHING = (
    "The output is a number and no decision, so nothing is selected; audit the decision that is "
    "made with it (task: binary with a threshold), or read scoring rates and errors."
)
_NO_RANKING = (
    "The output is no single score, so that it orders no list; lists are ranked by a binary score "
    "or a number."
)
_NO_FLIPS = (
    "Previous predictions can be compared where the model has one head that chooses one class, and "
    "this output is none."
)
_TOO_MANY_CLASSES = (
    f"Single classes are compared up to {MAX_ONE_VS_REST} of them, and the model has more."
)
_NO_WEIGHTED_FORM = (
    "Rows have declared weights, and this number has no weighted form here; leave out data.weight "
    "for it."
)


def caveat(subject: Subject) -> str:
    """What qualifies each number that rests on labels."""
    of = subject.columns.labelled
    if of is None:
        return ""
    return f"Labels are known of {of} alone, so that it speaks of them and not of everybody."


def notes(subject: Subject) -> Iterator[str]:
    """What a reviewer must know of how the declared roles were used."""
    columns = subject.columns
    if subject.unlabelled:
        yield (
            "No label is declared: whom the model selects was compared between groups, and not how "
            "often it errs about them."
        )
    elif columns.labelled is not None:
        yield (
            f"Labels are known of {columns.labelled} alone: error rates, predictive values and "
            "losses say nothing of the others, whose outcomes nobody saw."
        )
    if columns.weight is not None:
        yield (
            f"Groups are compared with the weights in {columns.weight!r}; other checks count each "
            "row once."
        )
    for one in columns.proxy_groups if favouring(subject) else ():
        yield (
            f"{one.name} is known by probabilities alone. Rates of its groups are biased wherever "
            "membership still goes with selection among units of equal probabilities; no interval "
            "contains that bias."
        )


def nobody_refused(subject: Subject, reading: Reading) -> Iterator[str]:
    """A warning where those whose outcome nobody saw seem to have been left out."""
    of, slices = subject.columns.labelled, subject.slicings
    if of is None or subject.labels is not Labels.SOME or not slices:
        return
    for view in favouring(subject):
        selected = reading.tally(selection_need(subject, view, slices[0])).rows
        if selected.sum() and not selected[..., 0].sum():
            yield (
                f"Warning: labels are known of {of}, and everybody here has the favourable "
                "prediction: rows of those who were refused seem to be left out. Selection rates "
                "and impact ratios of such data say nothing; audit everybody who was decided about."
            )


def without_labels(subject: Subject, reading: Reading) -> Iterator[Measurement]:
    """What cannot be measured where no label is declared, once for each head and metric."""
    if not subject.unlabelled:
        return
    keys: dict[MeasurementKey, None] = {}
    for view in deciding(subject):
        kinds = [of_labelled(kinds_of(view))]
        kinds += [of_labelled(CLASS_RATES)] if has_classes(view) else []
        metrics = [metric for kind in kinds for metric in metrics_of(kind)]
        metrics += [EQUALISED_ODDS] if view.favourable is not None else []
        metrics += BALANCED_ACCURACY.metrics() if has_macro(subject, view) else ()
        for metric in metrics:
            keys[MeasurementKey(metric.id, split=EVALUATION, head=view.key.head)] = None
    for one in asked(replace(subject, labels=Labels.ALL)):
        for metric in one.number.metrics():
            head = one.view.key.head
            keys[MeasurementKey(metric.id, split=EVALUATION, head=head, label=one.label)] = None
    for key in keys:
        yield absent(key, Status.NOT_APPLICABLE, subject.unlabelled, reading.sample)


def unmeasured(subject: Subject, reading: Reading) -> Iterator[Measurement]:
    """What could not be measured, once for each head and metric, with the reason."""
    if not subject.columns.groups:
        return
    heads = dict.fromkeys(view.key.head for view in subject.main_views)
    for head in heads:
        views = [view for view in subject.main_views if view.key.head == head]
        for metrics, reason in (_undecided(views), *_unserved(subject, views)):
            for metric in metrics:
                key = MeasurementKey(metric.id, split=EVALUATION, head=head)
                yield absent(key, Status.NOT_APPLICABLE, reason, reading.sample)
    weightless = [*unweighable(subject), *unweighable_classes(subject)]
    for number, of in weightless:
        for metric in number.metrics():
            key = MeasurementKey(metric.id, split=EVALUATION, head=of.head, label=of.label)
            yield absent(key, Status.NOT_APPLICABLE, _NO_WEIGHTED_FORM, reading.sample)


def _unserved(subject: Subject, views: list[View]) -> Iterator[tuple[tuple[Metric, ...], str]]:
    """What the declared roles ask for and a head cannot give, and why."""
    columns = subject.columns
    favours = any(view.favourable is not None for view in views)
    if columns.controls and not favours:
        yield tuple(conditional_metrics()), NO_FAVOURABLE
    if columns.proxy_groups and not favours:
        yield PROXY_METRICS, NO_FAVOURABLE
    if columns.query is not None and not _any_of(ranked_views(subject), views):
        yield ranking_metrics(), _NO_RANKING
    if columns.previous is not None and not _any_of(flipping(subject), views):
        yield tuple(metrics_of(FLIP_RATES)), _NO_FLIPS
    if any(view.task is Task.MULTICLASS and not has_classes(view) for view in views):
        yield (*metrics_of(CLASS_RATES), *BALANCED_ACCURACY.metrics()), _TOO_MANY_CLASSES


def _any_of(served: Iterable[View], views: Iterable[View]) -> bool:
    return bool({view.key for view in served} & {view.key for view in views})


def _undecided(views: list[View]) -> tuple[tuple[Metric, ...], str]:
    """The metrics of decisions that a head lacks, and why."""
    if all(view.task is Task.REGRESSION for view in views):
        return OF_DECISIONS, _NUMBERS_DECIDE_NOTHING
    classifying = [view for view in views if view.classifies]
    if not classifying:
        return (), ""
    if not any(view.decides for view in classifying):
        return OF_DECISIONS, NO_DECISION
    if all(view.favourable is None for view in classifying):
        of_accuracy = {metric.id for metric in metrics_of(ACCURACY)}
        return tuple(one for one in OF_DECISIONS if one.id not in of_accuracy), NO_FAVOURABLE
    return (), ""
