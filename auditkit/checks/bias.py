"""Are groups treated alike? Every declared group and intersection, and their comparison.

Every ordered pair of groups of an attribute is compared, and every group with all others together
(`REST`); which of these a verdict rests on is the policy's choice, made before the data are seen.
Single classes, and groups among alike units, are compared with the declared reference and the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from auditkit.checks.bias_classes import (
    BALANCED_ACCURACY,
    class_need,
    class_tables,
    has_classes,
    has_macro,
    macro_table,
    predicted_need,
    unweighable_classes,
)
from auditkit.checks.bias_conditional import (
    conditional_metrics,
    conditional_needs,
    conditional_tables,
)
from auditkit.checks.bias_figures import rate_figures
from auditkit.checks.bias_numbers import NUMBERS, Asked, asked, unweighable
from auditkit.checks.bias_proxies import PROXY_METRICS, ProxyTable, proxy_needs
from auditkit.checks.bias_ranking import (
    ranked_views,
    ranking_findings,
    ranking_metrics,
    ranking_needs,
)
from auditkit.checks.bias_rates import EQUALISED_ODDS, RateTable
from auditkit.checks.bias_scoring import (
    scores_people,
    scoring_need,
    scoring_needs,
    scoring_table,
)
from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.estimation import absent
from auditkit.checks.groups import MAX_PAIRED, Groups, counted_groups, groups_need, slicings
from auditkit.checks.known_outcomes import as_outcomes, of_labelled, parted
from auditkit.checks.rate_kinds import (
    ACCURACY,
    CLASS_RATES,
    DECISION_RATES,
    FLIP_RATES,
    SCORING_RATE,
    RateKind,
    metrics_of,
)
from auditkit.checks.reading import Reading, tally_need
from auditkit.checks.scores import NO_DECISION
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import (
    CORRECT,
    PREDICTION,
    PREVIOUS,
    QUALIFIED,
    SELECTED,
    CountNeed,
    SplitNeed,
    SumNeed,
    group,
)
from auditkit.evidence.subject import MAX_ONE_VS_REST, Labels, Subject, View
from auditkit.measurement import Figure, Measurement, MeasurementKey, Metric, Status
from auditkit.models.head import Task
from auditkit.statistics.cell_codes import UnreadableError

_OF_DECISIONS = (*metrics_of(DECISION_RATES), EQUALISED_ODDS)
METRICS: tuple[Metric, ...] = (
    *_OF_DECISIONS,
    *metrics_of(FLIP_RATES),
    *metrics_of(CLASS_RATES),
    *metrics_of(SCORING_RATE),
    *BALANCED_ACCURACY.metrics(),
    *(metric for number in NUMBERS for metric in number.metrics()),
    *conditional_metrics(),
    *PROXY_METRICS,
    *ranking_metrics(),
)

_NO_FAVOURABLE = (
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


def _deciding(subject: Subject) -> tuple[View, ...]:
    """The views whose decisions are compared."""
    return tuple(view for view in subject.main_views if view.classifies and view.decides)


def _favouring(subject: Subject) -> tuple[View, ...]:
    return tuple(view for view in _deciding(subject) if view.favourable is not None)


def _flipping(subject: Subject) -> tuple[View, ...]:
    """The views of which a previous version's decisions are known."""
    heads = {view.key.head for view in subject.main_views}
    if subject.columns.previous is None or len(heads) > 1:
        return ()
    return tuple(view for view in _deciding(subject) if view.head.task is not Task.MULTILABEL)


def _unmet(subject: Subject) -> str:
    columns = subject.columns
    if not columns.groups and not columns.proxy_groups:
        return "No group attribute is declared; declare data.groups to compare groups."
    if not columns.groups and not _favouring(subject):
        return _NO_FAVOURABLE
    scored = any(scores_people(view) for view in subject.main_views)
    if _deciding(subject) or scored or any(asked(subject)):
        return ""
    return subject.unlabelled or NO_DECISION


def _decision_need(
    subject: Subject, view: View, attributes: tuple[str, ...]
) -> CountNeed | SumNeed:
    outcome = (CORRECT,) if view.favourable is None else (SELECTED, QUALIFIED, CORRECT)
    return tally_need(subject, view.key, (*(group(name) for name in attributes), *outcome))


def _selection_need(
    subject: Subject, view: View, attributes: tuple[str, ...]
) -> CountNeed | SumNeed:
    """Who is selected, of all rows: what needs no label."""
    return tally_need(subject, view.key, (*(group(name) for name in attributes), SELECTED))


def _kinds(view: View) -> Mapping[str, RateKind]:
    return ACCURACY if view.favourable is None else DECISION_RATES


def _flip_need(subject: Subject, view: View, attributes: tuple[str, ...]) -> CountNeed | SumNeed:
    axes = (*(group(name) for name in attributes), PREVIOUS, PREDICTION)
    return tally_need(subject, view.key, axes)


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for attributes in slicings(subject):
        for need in _needs_of(subject, attributes):
            yield SplitNeed(EVALUATION, need)
    for view in _favouring(subject):
        for summed in proxy_needs(subject, view):
            yield SplitNeed(EVALUATION, summed)
    yield from ranking_needs(subject)
    yield from (SplitNeed(EVALUATION, kept) for kept in scoring_needs(subject))


def _needs_of_decisions(
    subject: Subject, view: View, attributes: tuple[str, ...]
) -> Iterator[CountNeed | SumNeed]:
    """What the rates of one output's decisions need; two tables where labels may be missing."""
    for _, labelled in parted(subject, _kinds(view)):
        yield (_decision_need if labelled else _selection_need)(subject, view, attributes)
    for _, labelled in parted(subject, CLASS_RATES) if has_classes(view) else ():
        yield (class_need if labelled else predicted_need)(subject, view, attributes)


def _needs_of(subject: Subject, attributes: tuple[str, ...]) -> Iterator[CountNeed | SumNeed]:
    """What one attribute or intersection needs."""
    yield groups_need(attributes)
    for view in _deciding(subject):
        yield from _needs_of_decisions(subject, view, attributes)
    for view in _flipping(subject):
        yield _flip_need(subject, view, attributes)
    for view in _favouring(subject):
        if subject.columns.controls:
            yield from conditional_needs(subject, view, attributes)
    for view in subject.main_views:
        if scores_people(view):
            yield scoring_need(subject, view, attributes)
    for one in asked(subject):
        yield from one.needs(tuple(group(name) for name in attributes))


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    reading = Reading(subject, evidence, EVALUATION)
    parts = [
        _of_groups(subject, reading, counted_groups(subject, reading.evidence, attributes))
        for attributes in slicings(subject)
    ]
    parts.append(ranking_findings(subject, reading))
    together = Findings.together(parts)
    proxies = [
        measurement
        for view in _favouring(subject)
        for one in subject.columns.proxy_groups
        for measurement in ProxyTable(
            view, one, reading, subject.columns.weight is not None
        ).measurements()
    ]
    unmeasured = (*_unmeasured(subject, reading), *_without_labels(subject, reading))
    notes = tuple(
        dict.fromkeys((*together.notes, *_notes(subject), *_nobody_refused(subject, reading)))
    )
    return Findings((*together.measurements, *proxies, *unmeasured), together.figures, notes)


def _of_groups(subject: Subject, reading: Reading, groups: Groups) -> Findings:
    """Everything about one attribute or intersection."""
    measurements: list[Measurement] = []
    figures: list[Figure] = []
    notes = _too_many(groups)
    for metrics, part in _parts(subject, reading, groups):
        try:
            measurements += part()
        except UnreadableError as error:
            reason = _too_large(groups, error)
            notes = (*notes, reason)
            measurements += (_failed(metric, reason, reading, groups) for metric in metrics)
    for view in _favouring(subject):
        mine = [one for one in measurements if _is_of(one, view)]
        figures += rate_figures(view, groups, mine)
    return Findings(tuple(measurements), tuple(figures), notes)


_Part = tuple[Iterable[Metric], Callable[[], Iterable[Measurement]]]
"""What may be measured, and what measures it."""


def _parts(subject: Subject, reading: Reading, groups: Groups) -> Iterator[_Part]:
    """What is measured of one attribute or intersection; one part that fails stops no other."""
    caveat = _caveat(subject)
    for view in _deciding(subject):
        yield _OF_DECISIONS, partial(_decisions, subject, view, groups, reading)
        if has_macro(subject, view) and not subject.unlabelled:
            yield BALANCED_ACCURACY.metrics(), partial(_macro, subject, view, groups, reading)
        if has_classes(view):
            yield metrics_of(CLASS_RATES), partial(_classes, subject, view, groups, reading)
    for view in _flipping(subject):
        yield metrics_of(FLIP_RATES), partial(_flips, subject, view, groups, reading)
    for view in subject.main_views:
        if scores_people(view):
            yield metrics_of(SCORING_RATE), partial(_scoring, subject, view, groups, reading)
    for one in asked(subject):
        yield one.number.metrics(), partial(_numbers, one, groups, reading, caveat)
    for view in _favouring(subject) if subject.columns.controls else ():
        yield conditional_metrics(), partial(_conditional, subject, view, groups, reading)


def _is_of(measurement: Measurement, view: View) -> bool:
    return (measurement.key.head, measurement.key.label) == (view.key.head, view.key.label)


def _too_large(groups: Groups, error: UnreadableError) -> str:
    return (
        f"What {groups.title} needs does not fit: {error}; declare fewer controls, or an "
        "intersection of fewer levels."
    )


def _failed(metric: Metric, reason: str, reading: Reading, groups: Groups) -> Measurement:
    key = MeasurementKey(metric.id, split=EVALUATION, label=groups.title)
    return absent(key, Status.FAILED, reason, reading.sample)


def _decisions(subject: Subject, view: View, groups: Groups, reading: Reading) -> list[Measurement]:
    found: list[Measurement] = []
    for kinds, labelled in parted(subject, _kinds(view)):
        states = (
            reading.tally(_decision_need(subject, view, groups.attributes))
            if labelled
            else reading.tally(_selection_need(subject, view, groups.attributes)).each(as_outcomes)
        )
        table = RateTable(view.key, kinds, groups, states, reading.clustered, _caveat(subject))
        found += table.measurements(groups.pairs())
        if labelled and view.favourable is not None:
            found += table.equalised_odds(groups.pairs())
    return found


def _macro(subject: Subject, view: View, groups: Groups, reading: Reading) -> list[Measurement]:
    table = macro_table(subject, view, groups, reading, _caveat(subject))
    return list(table.measurements(groups.anchored()))


def _classes(subject: Subject, view: View, groups: Groups, reading: Reading) -> list[Measurement]:
    tables = class_tables(subject, view, groups, reading, _caveat(subject))
    return [one for table in tables for one in table.measurements(groups.anchored())]


def _flips(subject: Subject, view: View, groups: Groups, reading: Reading) -> list[Measurement]:
    states = reading.tally(_flip_need(subject, view, groups.attributes))
    table = RateTable(view.key, FLIP_RATES, groups, states, reading.clustered)
    return list(table.measurements(groups.pairs()))


def _scoring(subject: Subject, view: View, groups: Groups, reading: Reading) -> list[Measurement]:
    table = scoring_table(subject, view, groups, reading)
    return list(table.measurements(groups.pairs()))


def _numbers(one: Asked, groups: Groups, reading: Reading, caveat: str) -> list[Measurement]:
    return list(one.table(groups, reading, caveat).measurements(groups.pairs()))


def _conditional(
    subject: Subject, view: View, groups: Groups, reading: Reading
) -> list[Measurement]:
    tables = conditional_tables(subject, view, groups, reading, _caveat(subject))
    return [one for table in tables for one in table.measurements()]


def _caveat(subject: Subject) -> str:
    """What qualifies each number that rests on labels."""
    of = subject.columns.labelled
    if of is None:
        return ""
    return f"Labels are known of {of} alone, so that it speaks of them and not of everybody."


def _too_many(groups: Groups) -> tuple[str, ...]:
    if groups.all_paired:
        return ()
    reference = "" if groups.reference is None else f" with {groups.reference} and"
    return (
        f"{groups.title} has {len(groups.known)} groups; of more than {MAX_PAIRED} not every pair "
        f"is compared, but each group{reference} with all others together.",
    )


def _notes(subject: Subject) -> Iterator[str]:
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
    for one in columns.proxy_groups if _favouring(subject) else ():
        yield (
            f"{one.name} is known by probabilities alone. Rates of its groups are biased wherever "
            "membership still goes with selection among units of equal probabilities; no interval "
            "contains that bias."
        )


def _nobody_refused(subject: Subject, reading: Reading) -> Iterator[str]:
    """A warning where those whose outcome nobody saw seem to have been left out."""
    of, slices = subject.columns.labelled, slicings(subject)
    if of is None or subject.labels is not Labels.SOME or not slices:
        return
    for view in _favouring(subject):
        selected = reading.tally(_selection_need(subject, view, slices[0])).rows
        if selected.sum() and not selected[..., 0].sum():
            yield (
                f"Warning: labels are known of {of}, and everybody here has the favourable "
                "prediction: rows of those who were refused seem to be left out. Selection rates "
                "and impact ratios of such data say nothing; audit everybody who was decided about."
            )


def _without_labels(subject: Subject, reading: Reading) -> Iterator[Measurement]:
    """What cannot be measured where no label is declared, once for each head and metric."""
    if not subject.unlabelled:
        return
    keys: dict[MeasurementKey, None] = {}
    for view in _deciding(subject):
        kinds = [of_labelled(_kinds(view))]
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


def _unmeasured(subject: Subject, reading: Reading) -> Iterator[Measurement]:
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
        yield tuple(conditional_metrics()), _NO_FAVOURABLE
    if columns.proxy_groups and not favours:
        yield PROXY_METRICS, _NO_FAVOURABLE
    if columns.query is not None and not {one.key for one in ranked_views(subject)} & {
        view.key for view in views
    }:
        yield ranking_metrics(), _NO_RANKING
    if columns.previous is not None and not {one.key for one in _flipping(subject)} & {
        view.key for view in views
    }:
        yield tuple(metrics_of(FLIP_RATES)), _NO_FLIPS
    if any(view.task is Task.MULTICLASS and not has_classes(view) for view in views):
        yield (*metrics_of(CLASS_RATES), *BALANCED_ACCURACY.metrics()), _TOO_MANY_CLASSES


def _undecided(views: list[View]) -> tuple[tuple[Metric, ...], str]:
    """The metrics of decisions that a head lacks, and why."""
    if all(view.task is Task.REGRESSION for view in views):
        return _OF_DECISIONS, _NUMBERS_DECIDE_NOTHING
    classifying = [view for view in views if view.classifies]
    if not classifying:
        return (), ""
    if not any(view.decides for view in classifying):
        return _OF_DECISIONS, NO_DECISION
    if all(view.favourable is None for view in classifying):
        of_accuracy = {metric.id for metric in metrics_of(ACCURACY)}
        return tuple(one for one in _OF_DECISIONS if one.id not in of_accuracy), _NO_FAVOURABLE
    return (), ""


CHECK = Check(
    name="bias",
    question="Are groups treated alike?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Only the declared groups were compared.",
        "Whether the labels themselves are biased was not tested: error rates take them as true.",
    ),
)
