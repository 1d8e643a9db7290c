"""How well scores serve each group: AUC, calibration, losses and errors, and their comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from auditkit.checks.estimation import MIN_KEPT, telling, too_few, undefined
from auditkit.checks.group_numbers import Number, NumberTable, jackknifed
from auditkit.checks.groups import Groups
from auditkit.checks.labelled_clusters import groups_of_labelled
from auditkit.checks.means import (
    gap_of_blocks,
    mean_of_blocks,
    mean_of_rows,
    weighted_gap,
    weighted_mean,
)
from auditkit.checks.reading import Reading, beside_labels
from auditkit.evidence.needs import (
    BLOCK,
    CORRECT,
    RANK_CELL,
    SCORE_CELL,
    TARGET,
    WEIGHT,
    Column,
    CountNeed,
    SumNeed,
    group,
    rests_on_labels,
    weighted,
)
from auditkit.evidence.subject import Labels, Subject, View, ViewKey
from auditkit.measurement import Direction, Estimate
from auditkit.models.head import Task
from auditkit.statistics import calibration
from auditkit.statistics.auc import binned_auc
from auditkit.statistics.clustered_auc import clustered_auc, clustered_auc_difference

Needs = tuple[CountNeed | SumNeed, ...]
_FEWEST = 2 * calibration.BINS


def _auc(state: np.ndarray) -> Estimate:
    negatives, positives = state.sum(axis=0).T
    for count, name in ((positives, "positive"), (negatives, "negative")):
        found = int(count.sum())
        if not found:
            raise undefined(f"There are no {name} units, so that no order can be right or wrong.")
        if found < MIN_KEPT:
            raise telling(f"There are too few {name} units")
    return binned_auc(positives, negatives).estimate


def _clustered_auc(state: np.ndarray) -> Estimate:
    _auc(state)  # refuses what has no AUC, in its words
    return clustered_auc(state)


def _calibration_error(seed: int, state: np.ndarray) -> Estimate:
    wrong, right, scores = _cells(state.sum(axis=0))
    return calibration.squared_error(wrong, right, scores, seed=seed)


def _clustered_calibration_error(state: np.ndarray) -> Estimate:
    _cells(state.sum(axis=0))
    wrong, right = (state[..., place].astype(np.int64) for place in (0, 1))
    return calibration.clustered_squared_error(wrong, right, state[..., 2])


def _calibration_gap(state: np.ndarray) -> Estimate:
    return calibration.confidence_gap(*_cells(state.sum(axis=0)))


def _cells(state: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Wrong, right and score sums of (cells, 3).

    Raises:
        NoEstimateError: too few units for bins.
    """
    units = int(state[:, :2].sum())
    if units < _FEWEST:
        raise too_few(
            f"Calibration needs at least {_FEWEST} units, two for each bin; there are {units}."
        )
    wrong, right = (state[:, place].astype(np.int64) for place in (0, 1))
    return wrong, right, state[:, 2]


def _gap(totals: np.ndarray) -> float:
    """Mean score minus share right, from (cells, (wrong, right, score sum))."""
    wrong, right, scores = totals.sum(axis=0)
    return float((scores - right) / (wrong + right))


_gap_of_blocks, _gap_difference_of_blocks = jackknifed(_gap)

AUC = Number(
    "auc",
    "AUC",
    "Probability that a random positive unit of the group scores higher than a random negative one "
    "of the group, ties counted half.",
    "share",
    Direction.HIGHER,
    _auc,
    _clustered_auc,
    clustered_auc_difference,
    0,
    1,
    "Hanley and McNeil 1982; interval of DeLong et al. 1988, with clusters the jackknife",
)
CALIBRATION_GAP = Number(
    "calibration_gap",
    "Calibration gap",
    "Mean probability minus observed share in the group: above zero it is promised too much.",
    "share",
    Direction.ZERO,
    _calibration_gap,
    _gap_of_blocks,
    _gap_difference_of_blocks,
    -1,
    1,
    "calibration in the large, Cox 1958",
)


def calibration_error(seed: int) -> Number:
    """The squared calibration error of a group, its redraws seeded."""
    return Number(
        "calibration_error",
        "Squared calibration error",
        "Mean over 15 bins of equal size of the squared distance between mean probability and "
        "observed share in the group, less what chance alone would add.",
        "squared share",
        Direction.LOWER,
        partial(_calibration_error, seed),
        _clustered_calibration_error,
        None,
        None,
        1,
        "Bröcker 2012; Kumar, Liang and Ma 2019",
    )


def _mean_number(name: str, title: str, definition: str, unit: str, best: Direction) -> Number:
    low = None if best is Direction.ZERO else 0
    return Number(
        name,
        title,
        definition,
        unit,
        best,
        mean_of_rows,
        mean_of_blocks,
        gap_of_blocks,
        low,
        source="interval of Student 1908; with clusters or weights the jackknife",
    )


LOG_LOSS = _mean_number(
    "log_loss",
    "Log loss",
    "Mean of −ln of the probability given to the true class (not under 1e-12) in the group.",
    "nats",
    Direction.LOWER,
)
ERROR = _mean_number(
    "error",
    "Mean error",
    "Mean of the unit error (absolute error, or the user's unit metric) of the group.",
    "as the error",
    Direction.NONE,
)
RESIDUAL = _mean_number(
    "residual",
    "Mean residual",
    "Mean of the predicted minus the true number in the group: above zero it is overrated.",
    "units of the target",
    Direction.ZERO,
)
NUMBERS = (AUC, calibration_error(0), CALIBRATION_GAP, LOG_LOSS, ERROR, RESIDUAL)


@dataclass(frozen=True)
class Asked:
    """A number asked of one view.

    Attributes:
        number: which.
        view: of which output.
        label: the label of its measurements.
        needs: from the axes of the groups to what it is computed from.
        states: from what was collected for these needs to states (blocks, levels …, …).
    """

    number: Number
    view: View
    label: str
    needs: Callable[[tuple[Column, ...]], Needs]
    states: Callable[[Reading, Needs], np.ndarray]

    def table(self, groups: Groups, reading: Reading, caveat: str) -> NumberTable:
        """The number's table of one attribute or intersection."""
        needs = self.needs(tuple(group(name) for name in groups.attributes))
        blocked = reading.clustered or any(BLOCK in need.axes for need in needs)
        key = ViewKey(self.view.key.head, self.label)
        if reading.subject.labels is not Labels.ALL:
            rows = _labelled_rows(reading, needs, len(groups.attributes))
            groups = groups_of_labelled(groups, rows)
        return NumberTable(self.number, key, groups, self.states(reading, needs), blocked, caveat)


def _labelled_rows(reading: Reading, needs: Needs, attributes: int) -> np.ndarray:
    """How many rows a number is of, by block and by level of each attribute of the groups."""
    need = next(need for need in needs if rests_on_labels(need))
    units = reading.tally(need).rows
    return np.asarray(units.sum(axis=tuple(range(1 + attributes, units.ndim))))


def asked(subject: Subject) -> Iterator[Asked]:
    """Every number that the outputs of a subject have."""
    if subject.unlabelled:
        return
    for view in subject.main_views:
        yield from _of_cells(subject, view)
        yield from (
            _of_mean(subject, number, view, value, label) for number, value, label in _means(view)
        )


def _of_cells(subject: Subject, view: View) -> Iterator[Asked]:
    """What is read from cells of the score, which hold rows and not what these weigh."""
    if not view.classifies or subject.columns.weight is not None:
        return
    if view.task is Task.BINARY:
        yield Asked(AUC, view, view.key.label, partial(_rank_needs, view), _counted)
    if view.probabilistic:
        for number in (calibration_error(subject.seed), CALIBRATION_GAP):
            yield Asked(
                number, view, view.key.label, partial(_cell_needs, subject, view), _in_cells
            )


def unweighable(subject: Subject) -> Iterator[tuple[Number, ViewKey]]:
    """The numbers that rows of unequal weight don't have."""
    if subject.columns.weight is None:
        return
    for view in subject.main_views:
        if view.classifies and view.task is Task.BINARY:
            yield AUC, view.key
        if view.classifies and view.probabilistic:
            yield calibration_error(0), view.key
            yield CALIBRATION_GAP, view.key


def error_values(view: View) -> tuple[str, ...]:
    """The values that say how wrong a unit is: the absolute error, or the user's unit metrics."""
    return ("absolute_error",) if view.task is Task.REGRESSION else view.values


def _means(view: View) -> Iterator[tuple[Number, str, str]]:
    """The mean numbers of a view, the value that each is the mean of, and its label."""
    if view.classifies and view.probabilistic:
        yield LOG_LOSS, "log_loss", view.key.label
    for value in error_values(view):
        yield ERROR, value, value if view.task is Task.CUSTOM else view.key.label
    if view.task is Task.REGRESSION:
        yield RESIDUAL, "error", view.key.label


def _of_mean(subject: Subject, number: Number, view: View, value: str, label: str) -> Asked:
    if subject.columns.weight is None:
        return Asked(number, view, label, partial(_sum_needs, view, value), _summed)
    weighing = replace(number, of_blocks=weighted_mean, gap_of_blocks=weighted_gap)
    return Asked(weighing, view, label, partial(_weighted_needs, subject, view, value), _weighed)


def _rank_needs(view: View, axes: tuple[Column, ...]) -> Needs:
    return (CountNeed(view.key, (*axes, RANK_CELL, TARGET)),)


def _counted(reading: Reading, needs: Needs) -> np.ndarray:
    (need,) = needs
    assert isinstance(need, CountNeed)
    return reading.counts(need)


def _cell_needs(subject: Subject, view: View, axes: tuple[Column, ...]) -> Needs:
    outcome = TARGET if view.task is Task.BINARY else CORRECT
    return (
        CountNeed(view.key, (*axes, SCORE_CELL, outcome)),
        SumNeed(view.key, beside_labels(subject, "score"), (*axes, SCORE_CELL)),
    )


def _in_cells(reading: Reading, needs: Needs) -> np.ndarray:
    outcome, scores = needs
    assert isinstance(outcome, CountNeed)
    assert isinstance(scores, SumNeed)
    return np.concatenate([reading.counts(outcome), reading.sums(scores)[1][..., None]], axis=-1)


def _sum_needs(view: View, value: str, axes: tuple[Column, ...]) -> Needs:
    return (SumNeed(view.key, value, axes),)


def _summed(reading: Reading, needs: Needs) -> np.ndarray:
    (need,) = needs
    assert isinstance(need, SumNeed)
    return np.stack(reading.sums(need), axis=-1)


def _weighted_needs(subject: Subject, view: View, value: str, axes: tuple[Column, ...]) -> Needs:
    # The variance of a weighted mean is not in these sums; that between blocks of rows is.
    names = (beside_labels(subject, WEIGHT), weighted(value))
    return tuple(SumNeed(view.key, name, (*axes, BLOCK)) for name in names)


def _weighed(reading: Reading, needs: Needs) -> np.ndarray:
    weight, value = needs
    assert isinstance(weight, SumNeed)
    assert isinstance(value, SumNeed)
    _, weights, squares = reading.sums(weight)
    return np.stack([weights, reading.sums(value)[1], squares], axis=-1)
