"""Are groups treated alike? Rates by declared group and intersection, and their comparison.

Every ordered pair of groups of an attribute is compared, and every group with all others together
(`REST`); which of these a verdict rests on is the policy's choice, made before the data are seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.bias_errors import ERROR_DIFFERENCE, error_need, error_tables, error_values
from auditkit.checks.bias_figures import rate_figure
from auditkit.checks.bias_rates import rate_metrics, rate_need, rate_tables
from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.estimation import absent
from auditkit.checks.groups import MAX_PAIRED, Groups, slicings
from auditkit.checks.reading import Reading
from auditkit.checks.scores import NO_DECISION
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Measurement, MeasurementKey, Status

METRICS = (*rate_metrics(), ERROR_DIFFERENCE)
_OF_DECISIONS = tuple(metric.id for metric in rate_metrics())
_OF_ACCURACY = ("bias.accuracy", "bias.accuracy_difference")

_NO_FAVOURABLE = (
    "No outcome is declared as favourable, so nothing is selected; declare "
    "decision: {favourable: …} for it."
)


def _deciding(subject: Subject) -> tuple[View, ...]:
    """The views whose decisions are compared."""
    return tuple(view for view in subject.main_views if view.classifies and view.decides)


def _erring(subject: Subject) -> tuple[tuple[View, str], ...]:
    """The views, and their values, whose mean errors are compared."""
    return tuple((view, value) for view in subject.main_views for value in error_values(view))


def _unmet(subject: Subject) -> str:
    if not subject.columns.groups:
        return "No group attribute is declared; declare data.groups to compare groups."
    return "" if _deciding(subject) or _erring(subject) else NO_DECISION


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for attributes in slicings(subject):
        for view in _deciding(subject):
            yield SplitNeed(EVALUATION, rate_need(view, attributes))
        for view, value in _erring(subject):
            yield SplitNeed(EVALUATION, error_need(view, value, attributes))


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    reading = Reading(subject, evidence, EVALUATION)
    parts = [_decisions(subject, view, reading) for view in _deciding(subject)]
    parts += [_errors(subject, view, value, reading) for view, value in _erring(subject)]
    together = Findings.together(parts)
    unmeasured = tuple(_unmeasured(subject, reading))
    # The same groups are looked at for each output.
    notes = tuple(dict.fromkeys(together.notes))
    return Findings((*together.measurements, *unmeasured), together.figures, notes)


def _decisions(subject: Subject, view: View, reading: Reading) -> Findings:
    parts = []
    for table in rate_tables(subject, view, reading):
        found = tuple(table.measurements())
        figures = () if view.favourable is None else (rate_figure(view, table.groups, found),)
        parts.append(Findings(found, figures, _notes(table.groups)))
    return Findings.together(parts)


def _errors(subject: Subject, view: View, value: str, reading: Reading) -> Findings:
    return Findings.together(
        Findings(tuple(table.measurements()), notes=_notes(table.groups))
        for table in error_tables(subject, view, value, reading)
    )


def _notes(groups: Groups) -> tuple[str, ...]:
    if groups.all_paired:
        return ()
    reference = "" if groups.reference is None else f" with {groups.reference} and"
    return (
        f"{groups.title} has {len(groups.known)} groups; of more than {MAX_PAIRED} not every pair "
        f"is compared, but each group{reference} with all others together.",
    )


def _unmeasured(subject: Subject, reading: Reading) -> Iterator[Measurement]:
    """What could not be measured of heads that classify, once for each head and metric."""
    classifying = [view for view in subject.main_views if view.classifies]
    for head in dict.fromkeys(view.key.head for view in classifying):
        views = [view for view in classifying if view.key.head == head]
        if not any(view.decides for view in views):
            missing, reason = _OF_DECISIONS, NO_DECISION
        elif all(view.favourable is None for view in views):
            missing = tuple(name for name in _OF_DECISIONS if name not in _OF_ACCURACY)
            reason = _NO_FAVOURABLE
        else:
            continue
        for metric in missing:
            key = MeasurementKey(metric, split=EVALUATION, head=head)
            yield absent(key, Status.NOT_APPLICABLE, reason, reading.sample)


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
