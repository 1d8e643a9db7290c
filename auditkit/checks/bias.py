"""Are groups treated alike? Rates by declared group and intersection, and their comparison.

Every ordered pair of groups of an attribute is compared, and every group with all others together
(`REST`); which of these a verdict rests on is the policy's choice, made before the data are seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from auditkit.checks.bias_errors import ErrorTable, error_tables
from auditkit.checks.bias_figures import rate_figure
from auditkit.checks.bias_tables import DecisionTable, decision_tables
from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.estimation import (
    Rate,
    Sample,
    absent,
    difference_estimate,
    estimated,
    rate_estimate,
    ratio_estimate,
)
from auditkit.checks.groups import named
from auditkit.checks.scores import NO_DECISION, decides
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import PREDICTION, TARGET, CountNeed, SplitNeed, SumNeed, group
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import (
    Direction,
    Estimate,
    Figure,
    Measurement,
    MeasurementKey,
    Metric,
    Slice,
    Status,
)
from auditkit.models.head import Task

_FOUR_FIFTHS = "29 CFR 1607.4(D); interval of Koopman 1984"
_EQUAL_OPPORTUNITY = "Hardt, Price and Srebro 2016"
_NEWCOMBE = "interval of Newcombe 1998"

# rate → (title, definition, whether higher is better)
_RATES = {
    "selection_rate": ("Selection rate", "Share of units with the favourable prediction.", None),
    "true_positive_rate": (
        "True positive rate",
        "Share of units with the favourable prediction among those whose true outcome is "
        "favourable.",
        True,
    ),
    "false_positive_rate": (
        "False positive rate",
        "Share of units with the favourable prediction among those whose true outcome is not "
        "favourable.",
        False,
    ),
    "accuracy": ("Accuracy", "Share of units whose predicted class is the true one.", True),
}
# What is compared as a ratio, and under which name.
_RATIOS = {
    "selection_rate": "impact_ratio",
    "true_positive_rate": "true_positive_rate_ratio",
    "false_positive_rate": "false_positive_rate_ratio",
}


def _rate_metrics() -> Iterator[Metric]:
    for name, (title, definition, higher) in _RATES.items():
        direction = {True: Direction.HIGHER, False: Direction.LOWER, None: Direction.NONE}[higher]
        yield Metric(
            f"bias.{name}",
            f"{title} of a group",
            definition,
            "share",
            direction,
            0,
            1,
            "Wilson 1927",
        )
        lowered = title.lower()
        yield Metric(
            f"bias.{name}_difference",
            f"Difference of {lowered}s",
            f"{title} of the group minus that of its reference.",
            "share",
            Direction.ZERO,
            -1,
            1,
            _NEWCOMBE,
            comparison=True,
        )
        if name in _RATIOS:
            yield Metric(
                f"bias.{_RATIOS[name]}",
                "Impact ratio" if name == "selection_rate" else f"Ratio of {lowered}s",
                f"{title} of the group over that of its reference.",
                "ratio",
                Direction.ONE,
                0,
                None,
                _FOUR_FIFTHS if name == "selection_rate" else _EQUAL_OPPORTUNITY,
                comparison=True,
            )


METRICS = (
    *_rate_metrics(),
    Metric(
        "bias.error_difference",
        "Difference of mean errors",
        "Mean of the unit error (absolute error, or the user's unit metric) of the group minus "
        "that of its reference.",
        "as the error",
        Direction.ZERO,
        comparison=True,
        source="interval of Welch 1947 by MOVER",
    ),
)


def _judged(subject: Subject) -> tuple[View, ...]:
    """The views whose decisions are compared."""
    return tuple(
        view
        for view in subject.main_views
        if view.task in (Task.BINARY, Task.MULTICLASS) and favourable(view) is not None
    )


def _errors(subject: Subject) -> tuple[tuple[View, str], ...]:
    """The views, and their values, whose mean errors are compared."""
    return tuple(
        (view, value)
        for view in subject.main_views
        for value in (("absolute_error",) if view.task is Task.REGRESSION else view.values)
        if view.task in (Task.REGRESSION, Task.CUSTOM)
    )


def favourable(view: View) -> int | None:
    """The code of the favourable class; None where no decision or no such class is declared."""
    decision = view.head.decision
    if not decides(view) or decision is None or decision.favourable is None:
        return None
    if view.head.task is Task.MULTILABEL:
        # A label's favourable value is its presence, for the label that is named.
        return 1 if decision.favourable == view.key.label else None
    return view.classes.index(decision.favourable)


def _unmet(subject: Subject) -> str:
    if not subject.columns.groups:
        return "No group attribute is declared; declare data.groups to compare groups."
    if not _judged(subject) and not _errors(subject):
        return (
            f"{NO_DECISION} The favourable outcome must be named too: "
            "decision: {threshold: …, favourable: …}."
        )
    return ""


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    groups = tuple(group(declared.name) for declared in subject.columns.groups)
    for view in _judged(subject):
        yield SplitNeed(EVALUATION, CountNeed(view.key, (*groups, PREDICTION, TARGET)))
    for view, value in _errors(subject):
        yield SplitNeed(EVALUATION, SumNeed(view.key, value, groups))


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    measurements: list[Measurement] = []
    figures: list[Figure] = []
    for view in _judged(subject):
        for table in decision_tables(subject, evidence[EVALUATION], view, favourable(view) or 0):
            found = [*_rates(view, table), *_pairs(view, table)]
            measurements += found
            figures.append(rate_figure(view, table.groups, found))
    for view, value in _errors(subject):
        for errors in error_tables(subject, evidence[EVALUATION], view, value):
            measurements += list(_error_differences(view, value, errors))
    return Findings(tuple(measurements), tuple(figures))


def _rates(view: View, table: DecisionTable) -> Iterator[Measurement]:
    groups = table.groups
    for where in groups.samples:
        for name in _RATES:
            rate = table.rate(name, where)
            yield _one_of(
                _key(f"bias.{name}", view, where),
                groups.too_few(where),
                "" if rate.n else _no_trials(name, where),
                groups.sample(where),
                partial(rate_estimate, rate),
            )


def _pairs(view: View, table: DecisionTable) -> Iterator[Measurement]:
    for one, reference in table.groups.pairs():
        for name in _RATES:
            yield from _compared(view, table, name, (one, reference))


def _compared(
    view: View, table: DecisionTable, name: str, pair: tuple[Slice, Slice]
) -> Iterator[Measurement]:
    one, reference = pair
    groups = table.groups
    sample = groups.pair_sample(one, reference)
    few = groups.too_few(one) or groups.too_few(reference, one)
    rates = table.rate(name, one), table.rate(name, reference, one)
    empty = next((_no_trials(name, w) for w, r in zip(pair, rates, strict=True) if not r.n), "")
    difference = _key(f"bias.{name}_difference", view, one, reference)
    yield _one_of(difference, few, empty, sample, partial(difference_estimate, *rates))
    if name in _RATIOS:
        ratio = _key(f"bias.{_RATIOS[name]}", view, one, reference)
        empty = empty or _divides_by_zero(name, reference, rates[1])
        yield _one_of(ratio, few, empty, sample, partial(ratio_estimate, *rates))


def _one_of(
    key: MeasurementKey,
    few: str,
    undefined: str,
    sample: Sample,
    estimate: Callable[[], Estimate],
) -> Measurement:
    if few:
        return absent(key, Status.TOO_FEW, few, sample)
    if undefined:
        return absent(key, Status.UNDEFINED, undefined, sample)
    return estimated(key, estimate, sample)


def _key(metric: str, view: View, where: Slice, reference: Slice | None = None) -> MeasurementKey:
    return MeasurementKey(
        metric, where, reference, EVALUATION, head=view.key.head, label=view.key.label
    )


def _divides_by_zero(name: str, reference: Slice, rate: Rate) -> str:
    if rate.successes.sum():
        return ""
    title = _RATES[name][0].lower()
    return f"The {title} of {named(reference)} is 0 of {rate.n:,.0f}: a ratio cannot divide by it."


def _no_trials(name: str, where: Slice) -> str:
    missing = {
        "true_positive_rate": "whose true outcome is favourable",
        "false_positive_rate": "whose true outcome is not favourable",
    }.get(name, "at all")
    return f"There are no units {missing} in {named(where)}."


def _error_differences(view: View, value: str, table: ErrorTable) -> Iterator[Measurement]:
    groups = table.groups
    for one, reference in groups.pairs():
        label = value if view.task is Task.CUSTOM else view.key.label
        yield _one_of(
            MeasurementKey(
                "bias.error_difference", one, reference, EVALUATION, view.key.head, label
            ),
            groups.too_few(one) or groups.too_few(reference, one),
            "",
            groups.pair_sample(one, reference),
            partial(table.difference, one, reference),
        )


CHECK = Check(
    name="bias",
    question="Are groups treated alike?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Only the declared groups were compared; slices that nobody named were not searched for.",
        "Whether the labels themselves are biased was not tested: error rates take them as true.",
    ),
)
