"""Are groups treated alike? Every declared group and intersection, and their comparison.

Every ordered pair of groups of an attribute is compared, and every group with all others together
(`REST`); which of these a verdict rests on is the policy's choice, made before the data are seen.
Single classes, and groups among alike units, are compared with the declared reference and the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from auditkit.checks.bias.absences import (
    NO_FAVOURABLE,
    OF_DECISIONS,
    caveat,
    nobody_refused,
    notes,
    unmeasured,
    without_labels,
)
from auditkit.checks.bias.classes import (
    BALANCED_ACCURACY,
    class_need,
    class_tables,
    has_classes,
    has_macro,
    macro_table,
    predicted_need,
)
from auditkit.checks.bias.conditional import (
    conditional_metrics,
    conditional_needs,
    conditional_tables,
)
from auditkit.checks.bias.figures import rate_figures
from auditkit.checks.bias.numbers import NUMBERS, Asked, asked
from auditkit.checks.bias.proxies import PROXY_METRICS, ProxyTable, proxy_needs
from auditkit.checks.bias.ranking import (
    ranking_findings,
    ranking_metrics,
    ranking_needs,
)
from auditkit.checks.bias.rates import RateTable
from auditkit.checks.bias.scoring import (
    scores_people,
    scoring_need,
    scoring_needs,
    scoring_table,
)
from auditkit.checks.bias.views import (
    deciding,
    decision_need,
    favouring,
    flip_need,
    flipping,
    kinds_of,
    selection_need,
)
from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.estimation import absent
from auditkit.checks.groups import MAX_PAIRED, Groups, counted_groups, groups_need
from auditkit.checks.known_outcomes import as_outcomes, parted
from auditkit.checks.rate_kinds import (
    CLASS_RATES,
    FLIP_RATES,
    SCORING_RATE,
    metrics_of,
)
from auditkit.checks.reading import Reading
from auditkit.checks.scores import NO_DECISION
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import (
    CountNeed,
    SplitNeed,
    SumNeed,
    group,
)
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Figure, Measurement, MeasurementKey, Metric, Status
from auditkit.statistics.cell_codes import UnreadableError

METRICS: tuple[Metric, ...] = (
    *OF_DECISIONS,
    *metrics_of(FLIP_RATES),
    *metrics_of(CLASS_RATES),
    *metrics_of(SCORING_RATE),
    *BALANCED_ACCURACY.metrics(),
    *(metric for number in NUMBERS for metric in number.metrics()),
    *conditional_metrics(),
    *PROXY_METRICS,
    *ranking_metrics(),
)


def _unmet(subject: Subject) -> str:
    columns = subject.columns
    if not columns.groups and not columns.proxy_groups:
        return "No group attribute is declared; declare data.groups to compare groups."
    if not columns.groups and not favouring(subject):
        return NO_FAVOURABLE
    scored = any(scores_people(view) for view in subject.main_views)
    if deciding(subject) or scored or any(asked(subject)):
        return ""
    return subject.unlabelled or NO_DECISION


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for attributes in subject.slicings:
        for need in _needs_of(subject, attributes):
            yield SplitNeed(EVALUATION, need)
    for view in favouring(subject):
        for summed in proxy_needs(subject, view):
            yield SplitNeed(EVALUATION, summed)
    yield from ranking_needs(subject)
    yield from (SplitNeed(EVALUATION, kept) for kept in scoring_needs(subject))


def _needs_of_decisions(
    subject: Subject, view: View, attributes: tuple[str, ...]
) -> Iterator[CountNeed | SumNeed]:
    """What the rates of one output's decisions need; two tables where labels may be missing."""
    for _, labelled in parted(subject, kinds_of(view)):
        yield (decision_need if labelled else selection_need)(subject, view, attributes)
    for _, labelled in parted(subject, CLASS_RATES) if has_classes(view) else ():
        yield (class_need if labelled else predicted_need)(subject, view, attributes)


def _needs_of(subject: Subject, attributes: tuple[str, ...]) -> Iterator[CountNeed | SumNeed]:
    """What one attribute or intersection needs."""
    yield groups_need(attributes)
    for view in deciding(subject):
        yield from _needs_of_decisions(subject, view, attributes)
    for view in flipping(subject):
        yield flip_need(subject, view, attributes)
    for view in favouring(subject):
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
        for attributes in subject.slicings
    ]
    parts.append(ranking_findings(subject, reading))
    together = Findings.together(parts)
    proxies = [
        measurement
        for view in favouring(subject)
        for one in subject.columns.proxy_groups
        for measurement in ProxyTable(
            view, one, reading, subject.columns.weight is not None
        ).measurements()
    ]
    absences = (*unmeasured(subject, reading), *without_labels(subject, reading))
    said = (*together.notes, *notes(subject), *nobody_refused(subject, reading))
    measurements = (*together.measurements, *proxies, *absences)
    return Findings(measurements, together.figures, tuple(dict.fromkeys(said)))


def _of_groups(subject: Subject, reading: Reading, groups: Groups) -> Findings:
    """Everything about one attribute or intersection."""
    measurements: list[Measurement] = []
    figures: list[Figure] = []
    said = _too_many(groups)
    for view, metrics, part in _parts(subject, reading, groups):
        try:
            measurements += part()
        except UnreadableError as error:
            reason = _too_large(groups, error)
            said = (*said, reason)
            measurements += (_failed(metric, view, reason, reading, groups) for metric in metrics)
    for view in favouring(subject):
        mine = [one for one in measurements if _is_of(one, view)]
        figures += rate_figures(view, groups, mine)
    return Findings(tuple(measurements), tuple(figures), said)


_Part = tuple[View, Iterable[Metric], Callable[[], Iterable[Measurement]]]
"""Of which output, what may be measured, and what measures it."""


def _parts(subject: Subject, reading: Reading, groups: Groups) -> Iterator[_Part]:
    """What is measured of one attribute or intersection; one part that fails stops no other."""
    of_labels = caveat(subject)
    for view in deciding(subject):
        yield view, OF_DECISIONS, partial(_decisions, subject, view, groups, reading)
        if has_macro(subject, view) and not subject.unlabelled:
            yield view, BALANCED_ACCURACY.metrics(), partial(_macro, subject, view, groups, reading)
        if has_classes(view):
            yield view, metrics_of(CLASS_RATES), partial(_classes, subject, view, groups, reading)
    for view in flipping(subject):
        yield view, metrics_of(FLIP_RATES), partial(_flips, subject, view, groups, reading)
    for view in subject.main_views:
        if scores_people(view):
            yield view, metrics_of(SCORING_RATE), partial(_scoring, subject, view, groups, reading)
    for one in asked(subject):
        yield one.view, one.number.metrics(), partial(_numbers, one, groups, reading, of_labels)
    for view in favouring(subject) if subject.columns.controls else ():
        yield view, conditional_metrics(), partial(_conditional, subject, view, groups, reading)


def _is_of(measurement: Measurement, view: View) -> bool:
    return (measurement.key.head, measurement.key.label) == (view.key.head, view.key.label)


def _too_large(groups: Groups, error: UnreadableError) -> str:
    return (
        f"What {groups.title} needs does not fit: {error}; declare fewer controls, or an "
        "intersection of fewer levels."
    )


def _failed(
    metric: Metric, view: View, reason: str, reading: Reading, groups: Groups
) -> Measurement:
    label = " ".join(part for part in (view.key.label, groups.title) if part)
    key = MeasurementKey(metric.id, split=EVALUATION, head=view.key.head, label=label)
    return absent(key, Status.FAILED, reason, reading.sample)


def _decisions(subject: Subject, view: View, groups: Groups, reading: Reading) -> list[Measurement]:
    found: list[Measurement] = []
    for kinds, labelled in parted(subject, kinds_of(view)):
        states = (
            reading.tally(decision_need(subject, view, groups.attributes))
            if labelled
            else reading.tally(selection_need(subject, view, groups.attributes)).each(as_outcomes)
        )
        table = RateTable(view.key, kinds, groups, states, reading.clustered, caveat(subject))
        found += table.measurements(groups.pairs())
        if labelled and view.favourable is not None:
            found += table.equalised_odds(groups.pairs())
    return found


def _macro(subject: Subject, view: View, groups: Groups, reading: Reading) -> list[Measurement]:
    table = macro_table(subject, view, groups, reading, caveat(subject))
    return list(table.measurements(groups.anchored()))


def _classes(subject: Subject, view: View, groups: Groups, reading: Reading) -> list[Measurement]:
    tables = class_tables(subject, view, groups, reading, caveat(subject))
    return [one for table in tables for one in table.measurements(groups.anchored())]


def _flips(subject: Subject, view: View, groups: Groups, reading: Reading) -> list[Measurement]:
    states = reading.tally(flip_need(subject, view, groups.attributes))
    table = RateTable(view.key, FLIP_RATES, groups, states, reading.clustered)
    return list(table.measurements(groups.pairs()))


def _scoring(subject: Subject, view: View, groups: Groups, reading: Reading) -> list[Measurement]:
    table = scoring_table(subject, view, groups, reading)
    return list(table.measurements(groups.pairs()))


def _numbers(one: Asked, groups: Groups, reading: Reading, of_labels: str) -> list[Measurement]:
    return list(one.table(groups, reading, of_labels).measurements(groups.pairs()))


def _conditional(
    subject: Subject, view: View, groups: Groups, reading: Reading
) -> list[Measurement]:
    tables = conditional_tables(subject, view, groups, reading, caveat(subject))
    return [one for table in tables for one in table.measurements()]


def _too_many(groups: Groups) -> tuple[str, ...]:
    if groups.all_paired:
        return ()
    reference = "" if groups.reference is None else f" with {groups.reference} and"
    return (
        f"{groups.title} has {len(groups.known)} groups; of more than {MAX_PAIRED} not every pair "
        f"is compared, but each group{reference} with all others together.",
    )


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
