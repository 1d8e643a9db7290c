"""Rates of single classes by group, and their mean over the classes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from auditkit.checks.bias.rates import RateTable
from auditkit.checks.estimation import MIN_KEPT, by_blocks, telling, undefined
from auditkit.checks.group_numbers import Number, NumberTable, jackknifed
from auditkit.checks.groups import Groups
from auditkit.checks.known_outcomes import as_classes, parted
from auditkit.checks.labelled_clusters import groups_of_labelled
from auditkit.checks.rate_kinds import CLASS_RATES
from auditkit.checks.reading import Reading, tally_need
from auditkit.evidence.needs import PREDICTION, TARGET, CountNeed, SumNeed, group
from auditkit.evidence.subject import MAX_ONE_VS_REST, Labels, Subject, View, ViewKey
from auditkit.measurement import Direction, Estimate
from auditkit.models.head import Task
from auditkit.statistics import estimates
from auditkit.statistics.group_rates import outcome_table


def _recalls(state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Right units and all units of each class that occurs, from (classes, classes)."""
    units = state.sum(axis=1)
    return np.diagonal(state)[units > 0], units[units > 0]


def _refuse_classes(state: np.ndarray) -> None:
    """Refuse a mean over classes (blocks, classes, classes) of which one has none, or few, units.

    Raises:
        NoEstimateError: the mean, less the recall of the other classes, would tell about them.
    """
    classes = state.shape[-1]
    _, units = _recalls(state.sum(axis=0))
    if (units < MIN_KEPT).any():
        raise telling("A class of it has too few units")
    if len(units) < classes:
        raise undefined(
            f"{classes - len(units)} of the {classes} classes do not occur in it, so "
            "that their recall is undefined."
        )


def _balanced(state: np.ndarray) -> Estimate:
    _refuse_classes(state)
    right, units = _recalls(state.sum(axis=0))
    return estimates.mean_of_proportions(right.tolist(), units.tolist())


def _mean_recall(state: np.ndarray) -> float:
    right, units = _recalls(state)
    return float((right / units).mean()) if len(units) == len(state) else float("nan")


def _balanced_of_blocks(state: np.ndarray) -> Estimate:
    _refuse_classes(state)
    return by_blocks(_mean_recall, state)


_, _balanced_gap_of_blocks = jackknifed(_mean_recall)

BALANCED_ACCURACY = Number(
    name="balanced_accuracy",
    title="Balanced accuracy",
    definition="Unweighted mean over the classes of the share of the group's units of a class that "
    "are recognised (macro recall).",
    unit="share",
    direction=Direction.HIGHER,
    of_rows=_balanced,
    of_blocks=_balanced_of_blocks,
    gap_of_blocks=_balanced_gap_of_blocks,
    low=0,
    high=1,
    source="Brodersen et al. 2010; interval by MOVER, Zou and Donner 2008",
)


def has_classes(view: View) -> bool:
    """Whether single classes of a view are compared: of several classes, or each label."""
    if not view.classifies or not view.decides:
        return False
    if view.task is Task.MULTICLASS:
        return len(view.classes) <= MAX_ONE_VS_REST
    return view.head.task is Task.MULTILABEL


def has_macro(subject: Subject, view: View) -> bool:
    """Whether the mean over the classes is compared."""
    several = has_classes(view) and view.task is Task.MULTICLASS
    return several and subject.columns.weight is None


def unweighable_classes(subject: Subject) -> Iterator[tuple[Number, ViewKey]]:
    """The means over classes that rows of unequal weight don't have."""
    for view in subject.main_views:
        several = has_classes(view) and view.task is Task.MULTICLASS
        if several and not has_macro(subject, view):
            yield BALANCED_ACCURACY, view.key


def class_need(subject: Subject, view: View, attributes: tuple[str, ...]) -> CountNeed | SumNeed:
    """Units by group, true and predicted class."""
    axes = (*(group(name) for name in attributes), TARGET, PREDICTION)
    return tally_need(subject, view.key, axes)


def predicted_need(
    subject: Subject, view: View, attributes: tuple[str, ...]
) -> CountNeed | SumNeed:
    """Units by group and predicted class, of all rows: what needs no label."""
    return tally_need(subject, view.key, (*(group(name) for name in attributes), PREDICTION))


def class_tables(
    subject: Subject, view: View, groups: Groups, reading: Reading, caveat: str
) -> Iterator[RateTable]:
    """A table for each class of a view; two where labels may be missing."""
    # A label of several is one class, which is present (code 1) or absent.
    classes = (
        {view.key.label: 1}
        if view.task is Task.BINARY
        else {label: place for place, label in enumerate(view.classes)}
    )
    for kinds, labelled in parted(subject, CLASS_RATES):
        states = (
            reading.tally(class_need(subject, view, groups.attributes))
            if labelled
            else reading.tally(predicted_need(subject, view, groups.attributes)).each(as_classes)
        )
        for label, place in classes.items():
            one = states.each(partial(outcome_table, favourable=place))
            key = ViewKey(view.key.head, label)
            yield RateTable(key, kinds, groups, one, reading.clustered, caveat)


def macro_table(
    subject: Subject, view: View, groups: Groups, reading: Reading, caveat: str
) -> NumberTable:
    """Balanced accuracy by group."""
    states = reading.tally(class_need(subject, view, groups.attributes))
    if subject.labels is not Labels.ALL:
        groups = groups_of_labelled(groups, states.rows.sum(axis=(-2, -1)))
    return NumberTable(BALANCED_ACCURACY, view.key, groups, states.rows, reading.clustered, caveat)
