"""Which way a nuisance moves the scores: the probability of a class, or the predicted number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from auditkit.checks.estimation import undefined
from auditkit.checks.robustness_pairs import is_number
from auditkit.checks.shortcuts_trials import Trial
from auditkit.evidence.outcome_rows import probabilities_of
from auditkit.evidence.row_estimates import bounded_mean_of, mean_of
from auditkit.evidence.subject import MAX_ONE_VS_REST, View
from auditkit.measurement import Estimate, Measurement
from auditkit.models.head import Task


def scored(view: View) -> tuple[int, ...]:
    """The classes whose probability is followed: the positive of two, each of up to 20."""
    if view.task is Task.BINARY:
        return (1,)
    return tuple(range(len(view.classes))) if len(view.classes) <= MAX_ONE_VS_REST else ()


def singled(view: View) -> int | None:
    """The class that is followed by group: the positive of two, else the favourable one."""
    return 1 if view.task is Task.BINARY else view.favourable


def measurements(trial: Trial, spread: float) -> Iterator[Measurement]:
    """The mean change of each score over all units changed.

    Args:
        trial: the answers.
        spread: standard deviation of the numbers predicted of the units as they are.
    """
    if is_number(trial.view):
        yield trial.measured("score_change", partial(of_number, spread=spread))
        return
    for place in scored(trial.view):
        name = trial.view.classes[place]
        yield trial.measured("score_change", partial(of_class, place=place), name)


def by_group(trial: Trial, spread: float) -> tuple[Callable[[Trial], Estimate], str] | None:
    """What is measured of each group, and the class it is about; None where nothing is."""
    if is_number(trial.view):
        return partial(of_number, spread=spread), ""
    place = singled(trial.view)
    if place is None or place not in scored(trial.view):
        return None
    return partial(of_class, place=place), trial.view.classes[place]


def of_class(trial: Trial, place: int) -> Estimate:
    """The mean change of the probability of a class."""
    before, after = (
        probabilities_of(side.outputs[0], trial.view)[:, place]
        for side in (trial.pair.before, trial.pair.after)
    )
    change = after - before
    if broken := int((~np.isfinite(change)).sum()):
        raise ValueError(f"the outputs of {broken:,} of {len(change):,} units are not finite")
    return bounded_mean_of(change, trial.pair.before, -1.0, 1.0)


def of_number(trial: Trial, spread: float) -> Estimate:
    """The mean change of the predicted number, in standard deviations of the predictions."""
    before, after = trial.pair.numbers
    if not spread > 0:
        raise undefined("The model predicts one number of all units, so that there is no scale.")
    return mean_of((after - before) / spread, trial.pair.before)
