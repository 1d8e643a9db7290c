"""Which way a nuisance moves the scores: the probability of a class, or the predicted number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from auditkit.checks.estimation import undefined
from auditkit.checks.robustness.pairs import is_number
from auditkit.checks.shortcuts.trials import Trial
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
        yield trial.measured("number_change", partial(of_number, spread=spread))
        return
    for place in scored(trial.view):
        name = trial.view.classes[place]
        yield trial.measured("score_change", partial(of_class, place=place), name)


def by_group(trial: Trial, spread: float) -> Iterator[tuple[str, str, Callable[[Trial], Estimate]]]:
    """What is measured of each group: its number, the class that it is about, and its estimate."""
    if is_number(trial.view):
        yield "number_change", "", partial(of_number, spread=spread)
        return
    place = singled(trial.view)
    if trial.view.probabilistic and place is not None and place in scored(trial.view):
        yield "score_change", trial.view.classes[place], partial(of_class, place=place)


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
