"""Whose decision changes when a nuisance is put in or taken out: of all, by class, and at worst."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from auditkit.checks.estimation import (
    MIN_KEPT,
    concealed,
    estimated,
    telling,
)
from auditkit.checks.shortcuts.trials import UNTOUCHED, Trial, key_of
from auditkit.evidence.row_estimates import share_of
from auditkit.evidence.subject import MAX_ONE_VS_REST
from auditkit.measurement import Estimate, Measurement
from auditkit.statistics import estimates
from auditkit.statistics.absence import NoEstimateError

LEAST_PART = 400
"""Units of a class that are judged by themselves. Of so many, a share of changed decisions that is
truly 2 % shows to be below 5 % in nine of ten audits (one-sided α .025); of 200 in four of ten."""

EVIDENT = 0.05
"""Share of changed decisions beyond which a class of fewer units is judged by itself as well: where
a marker moves all of a rare class and none of the others, the share of both together is small."""
_BY_CHANCE = 0.005
"""How often, under one intervention, some class is so judged whose true share is no larger."""


def flips(trial: Trial) -> Estimate:
    """The share of the units changed whose decision changes."""
    return share_of(trial.flips, trial.pair.before)


def of_classes(trial: Trial) -> Iterator[Measurement]:
    """The share by the class that is predicted of the units as they are, of up to 20 classes.

    No label is needed for it. Classes that are predicted of none are left out.
    """
    if len(trial.view.classes) > MAX_ONE_VS_REST:
        return
    try:
        predicted = trial.classes
    except ValueError:
        return  # the number of all units says why there is none
    for place, name in enumerate(trial.view.classes):
        members = predicted == place
        if members.any():
            yield _of_class(trial.part(members), name)


def _of_class(trial: Trial, name: str) -> Measurement:
    few = len(trial.pair.before) < MIN_KEPT

    def measure() -> Estimate:
        if few:
            raise telling(f"Too few units are taken for {name}")
        return flips(trial)

    sample = trial.pair.before.sample
    key = key_of("class_flips", trial.view, str(trial.variant), name)
    return estimated(key, measure, concealed(sample) if few else sample, trial.reason)


def worst(trials: Sequence[Trial]) -> Measurement:
    """The largest share of a class whose decisions change, over applying and removing a nuisance.

    A marker that makes for one class flips none that are of it already: the share of all is diluted
    by the share of the class. Classes of fewer than `LEAST_PART` units are taken together, the
    smallest first, so that a rare class does not leave the question open for ever; one of which it
    is evident that more than `EVIDENT` change counts by itself, too.

    Args:
        trials: of one nuisance, at least one: each direction that there is.
    """
    longest = max(trials, key=lambda trial: len(trial.pair.before))
    key = key_of("worst_flips", longest.view, str(longest.variant.nuisance))

    def measure() -> Estimate:
        parts = [part for trial in trials for part in _parts(trial)]
        if not parts:
            longest.refuse_untouched()
        return estimates.largest_magnitude([flips(part.trial) for part in parts])

    return estimated(key, measure, longest.pair.before.sample, _reason(trials))


@dataclass(frozen=True)
class _Part:
    """The units of some classes under one intervention.

    Attributes:
        classes: codes of the classes predicted of the units as they are.
        trial: the units.
    """

    classes: list[int]
    trial: Trial


def _parts(trial: Trial) -> list[_Part]:
    predicted = trial.classes
    counts = np.bincount(predicted, minlength=len(trial.view.classes)).tolist()
    joined = together(counts)
    parts = [_Part(some, trial.part(np.isin(predicted, some))) for some in joined]
    return [*parts, *_evident(trial, [place for some in joined if some[1:] for place in some])]


def _evident(trial: Trial, joined: list[int]) -> Iterator[_Part]:
    """Of classes that are taken together, those whose decisions evidently change by themselves."""
    for place in joined:
        one = trial.part(trial.classes == place)
        changed, units = int(one.flips.sum()), len(one.pair.before)
        if evident(changed, units, len(joined)) and _by_clusters(one, len(joined)):
            yield _Part([place], one)


def evident(changed: int, units: int, among: int) -> bool:
    """Whether surely more than `EVIDENT` of a class change, one of so many classes looked at.

    >>> evident(30, 30, among=2), evident(3, 30, among=2)
    (True, False)
    """
    share = estimates.exact_proportion(changed, max(units, 1))
    return units >= MIN_KEPT and estimates.bounds(share, _BY_CHANCE / among)[0] > EVIDENT


def _by_clusters(trial: Trial, among: int) -> bool:
    """The same where units come in clusters; True where they do not."""
    if trial.pair.before.clusters is None:
        return True
    try:
        return estimates.bounds(flips(trial), _BY_CHANCE / among)[0] > EVIDENT
    except (ValueError, NoEstimateError):  # its clusters are too few for a bound
        return False


def _reason(trials: Sequence[Trial]) -> str:
    """What changes most, and what qualifies the number."""
    try:
        parts = [part for trial in trials for part in _parts(trial)]
        shares = [float(part.trial.flips.mean()) for part in parts]
    except ValueError:
        return ""  # there is no number, and its reason is told
    said = []
    if any(shares):
        most = parts[int(np.argmax(shares))]
        names = ", ".join(most.trial.view.classes[place] for place in most.classes[:3])
        more = " …" * (len(most.classes) > 3)
        said.append(
            f"Most change when it is {most.trial.variant.name}, of units taken for {names}{more}."
        )
    if any(len(part.classes) > 1 for part in parts):
        said.append(f"Classes of fewer than {LEAST_PART} units are counted together with others.")
    nuisance = trials[0].variant.nuisance
    said.append("" if nuisance is None else nuisance.irremovable)
    said += [f"{trial.variant}: {trial.counted}" for trial in trials if trial.counted]
    said += [f"{trial.variant}: {UNTOUCHED}" for trial in trials if not trial.touches]
    return " ".join(part for part in (*said, trials[0].pair.before.drawn) if part)


def together(counts: Sequence[int], least: int = LEAST_PART) -> list[list[int]]:
    """Classes that are judged as one: each by itself where it has enough units.

    >>> together([300, 20, 90, 500], least=100)
    [[1, 2], [0], [3]]
    >>> together([0, 5, 40], least=100)
    [[1, 2]]
    """
    parts: list[list[int]] = []
    held = 0
    for place in sorted(np.flatnonzero(counts).tolist(), key=lambda one: counts[one]):
        if parts and held < least:
            parts[-1].append(place)
            held += counts[place]
        else:
            parts.append([place])
            held = counts[place]
    if len(parts) > 1 and held < least:
        parts[-2:] = [parts[-2] + parts[-1]]
    return parts
