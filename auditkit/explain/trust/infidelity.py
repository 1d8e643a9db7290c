"""Whether a map foretells by how much the output changes when regions are taken away.

Random regions are taken away at once, and the sum of the map over them is held against the change
of the explained number (Yeh et al., "On the (in)fidelity and sensitivity of explanations", NeurIPS
2019, with the scale of the map fitted for each unit). What is left unexplained is compared with
that of the same numbers shuffled over the regions, and with that of no map at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditkit.explain.method import Settings
from auditkit.explain.regions import Regions
from auditkit.explain.target import Target
from auditkit.explain.trust.asking import without
from auditkit.explain.trust.cost import Cost
from auditkit.explain.trust.explained import Explained, Flags, Floats, removable

PERTURBATIONS = 10
SHUFFLES = 5
_FEWEST, _MOST = 0.1, 0.5


@dataclass(frozen=True, eq=False)
class Perturbed:
    """What taking regions away does to the explained number; one set for all methods.

    Attributes:
        regions: what is taken away.
        removed: bool [n, perturbations, regions].
        change: [n, perturbations] f(x) − f(x without them).
        cost: of a unit.
    """

    regions: Regions
    removed: Flags
    change: Floats
    cost: Cost


@dataclass(frozen=True, eq=False)
class Infidelity:
    """How far a map is from foretelling the changes.

    Attributes:
        value: [n] mean squared error of the foretold changes, in squares of the explained number;
            NaN for units without a map.
        of_random: [n] the same of its numbers shuffled over the regions, on average.
        of_zero: [n] the same of no map: the mean squared change.
        unexplained: [n] value / of_zero, from 0 to 1; NaN where nothing changed.
        gain: [n] (of_random − value) / of_zero: more is better, 0 for a map without meaning.
        cost: of a unit, the perturbations not included.
    """

    value: Floats
    of_random: Floats
    of_zero: Floats
    unexplained: Floats
    gain: Floats
    cost: Cost


def perturbed(
    target: Target, cut: Regions, settings: Settings, *, perturbations: int = PERTURBATIONS
) -> Perturbed:
    """Take some regions away at random: from a tenth of them to a half.

    Args:
        target: what is explained.
        cut: its regions.
        settings: seed, and how many rows are asked about at once.
        perturbations: for each unit.

    Raises:
        ModelError: the model could not take the inputs.
        ValueError: no perturbation.
    """
    if perturbations < 1:
        raise ValueError(f"expected at least one perturbation, got {perturbations}")
    there = removable(target, cut)
    generator = np.random.default_rng([settings.seed, perturbations])
    drawn = generator.random((target.units, perturbations, cut.count))
    shares = np.linspace(_FEWEST, _MOST, perturbations)
    # The region drawn lowest is always taken away, else nothing would be.
    masked = np.where(there[:, None], drawn, np.inf)
    lowest = masked == masked.min(axis=2, keepdims=True)
    removed = there[:, None] & ((drawn < shares[None, :, None]) | lowest)
    nothing = np.zeros((target.units, 1, cut.count), dtype=np.bool_)
    asked = np.concatenate([nothing, removed], axis=1)
    values = without(target, cut, asked, settings, target.of_index)
    change = values[:, :1] - values[:, 1:]
    return Perturbed(cut, removed, change, Cost(forwards=perturbations + 1))


def infidelity(
    target: Target, given: Explained, settings: Settings, draws: Perturbed
) -> Infidelity:
    """Hold a map against the changes.

    Where a map is a product with the input or speaks of whole regions, its sum over what was taken
    away foretells the change; of a plain gradient it is its product with the way that the input
    went (both in Yeh et al.).

    Args:
        target: what is explained.
        given: the method's maps of the same units.
        settings: seed of the shuffles.
        draws: of `perturbed`.
    """
    counted = _by_region(target, given, draws.regions)
    removed = draws.removed.astype(np.float64)
    of_zero = (draws.change**2).mean(axis=1)
    value = _left(removed, counted, draws.change)
    value[~given.usable] = np.nan
    there = removable(target, draws.regions)
    shuffled = [
        _left(removed, _shuffled(counted, there, [settings.seed, one]), draws.change)
        for one in range(SHUFFLES)
    ]
    of_random = np.where(given.usable, np.mean(shuffled, axis=0), np.nan)
    scale = np.where(of_zero > 0, of_zero, np.nan)
    return Infidelity(
        value=value,
        of_random=of_random,
        of_zero=of_zero,
        unexplained=value / scale,
        gain=(of_random - value) / scale,
        cost=Cost(),
    )


def _by_region(target: Target, given: Explained, cut: Regions) -> Floats:
    """[n, regions] what a map says that the region counts, with its sign."""
    values = given.maps.values
    if given.method.is_plain:
        values = tuple(
            value * (one - base).cpu()
            for value, one, base in zip(values, target.inputs, target.baseline, strict=True)
        )
    return cut.sums(tuple(value.nan_to_num(0.0, 0.0, 0.0) for value in values)).numpy()


def _left(removed: Floats, counted: Floats, change: Floats) -> Floats:
    """[n] mean squared error of the changes foretold, with the scale that suits a unit best."""
    foretold = np.einsum("npr,nr->np", removed, counted)
    size = (foretold**2).sum(axis=1)
    scale = (foretold * change).sum(axis=1) / np.where(size > 0, size, 1.0)
    left: Floats = ((scale[:, None] * foretold - change) ** 2).mean(axis=1)
    return left


def _shuffled(counted: Floats, there: Flags, seed: list[int]) -> Floats:
    """Each unit's numbers in another order, among the regions that can be removed."""
    keys = np.random.default_rng(seed).random(counted.shape)
    # Both orders put the regions that stay last, so that they keep their own numbers.
    order = np.argsort(np.where(there, keys, 2.0), axis=1, kind="stable")
    home = np.argsort(~there, axis=1, kind="stable")
    found = counted.copy()
    np.put_along_axis(found, home, np.take_along_axis(counted, order, axis=1), axis=1)
    return found
