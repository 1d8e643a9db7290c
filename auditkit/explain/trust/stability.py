"""Whether a map stays when nothing changes that matters: noise, and another baseline.

Stability is not faithfulness: a map that always says the same is perfectly stable. Its lack,
though, is a reason not to read single regions (Ghorbani, Abid and Zou, AAAI 2019; Alvarez-Melis and
Jaakkola, 2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from auditkit.explain.method import Family, Settings
from auditkit.explain.target import NotExplainable, Target, Tensors
from auditkit.explain.trust.cost import Cost
from auditkit.explain.trust.explained import Explained, Floats, explained
from auditkit.explain.trust.noise import noisy, standing
from auditkit.explain.trust.not_run import NotRun
from auditkit.explain.trust.ranks import spearman

DRAWS = 5


@dataclass(frozen=True, eq=False)
class Stability:
    """How alike maps with and without noise order the regions.

    Attributes:
        correlation: [n] Spearman's, mean over the draws of noise that did no harm; NaN where none
            of them was harmless, or a map says the same of all regions.
        harmless: int64 [n], how many draws left decision and explained number as they were.
        draws: how many there were.
        cost: of a unit.
    """

    correlation: Floats
    harmless: NDArray[np.int64]
    draws: int
    cost: Cost


@dataclass(frozen=True, eq=False)
class BaselineSensitivity:
    """How alike maps from two baselines order the regions.

    Attributes:
        correlation: [n] Spearman's; NaN where a map says the same of all regions.
        baseline: what the second one is, for people.
        cost: of a unit.
    """

    correlation: Floats
    baseline: str
    cost: Cost


def stability(
    target: Target, given: Explained, settings: Settings, *, draws: int = DRAWS
) -> Stability | NotRun:
    """Explain the units again, with noise that leaves what the model says.

    Args:
        target: what is explained.
        given: the method's maps of the same units.
        settings: those that the maps were made with.
        draws: of noise.

    Raises:
        ModelError: the model could not take the inputs.
        ValueError: no draws.
    """
    if draws < 1:
        raise ValueError(f"expected at least one draw, got {draws}")
    total = np.zeros(target.units)
    counted, harmless = np.zeros(target.units, np.int64), np.zeros(target.units, np.int64)
    cost, known = Cost(forwards=2), standing(target, settings)
    for draw in range(draws):
        drawn = noisy(target, known, settings, draw)
        again = explained(target.moved(drawn.inputs), given.method, settings)
        if isinstance(again, NotExplainable):
            return NotRun(f"With noise there is no map: {again.reason}")
        alike = spearman(given.strength, again.strength)
        left = drawn.harmless.numpy()
        told = left & ~np.isnan(alike)
        total += np.where(told, alike, 0.0)
        counted += told
        harmless += left
        cost = cost + again.cost + Cost(forwards=1)
    mean = np.where(counted > 0, total / np.maximum(counted, 1), np.nan)
    return Stability(mean, harmless, draws, cost)


def baseline_sensitivity(
    target: Target, given: Explained, settings: Settings
) -> BaselineSensitivity | NotRun:
    """Explain the units again from another baseline: blurred images, else the units' mean.

    Args:
        target: what is explained.
        given: the method's maps of the same units.
        settings: those that the maps were made with.

    Raises:
        ModelError: the model could not take the inputs.
    """
    if given.method.is_plain:
        return NotRun("The method does not look at a baseline.")
    if given.method.family is Family.ACTIVATION:
        return NotRun("The method does not look at a baseline.")
    if target.tokens is not None:
        return NotRun("There is a single token that says nothing, and so a single baseline.")
    if target.units == 1 and target.inputs[0].ndim != 4:
        return NotRun("A single unit has no mean to begin from.")
    again = explained(target.from_baseline(_another(target)), given.method, settings)
    if isinstance(again, NotExplainable):
        return NotRun(f"From another baseline there is no map: {again.reason}")
    if all(map(torch.equal, again.maps.values, given.maps.values)):
        return NotRun("The map is the same from any baseline.")
    named = "blurred image" if target.inputs[0].ndim == 4 else "mean of the units"
    return BaselineSensitivity(spearman(given.strength, again.strength), named, again.cost)


def _another(target: Target) -> Tensors:
    return tuple(
        _blurred(one) if one.ndim == 4 else one.mean(dim=0, keepdim=True).expand_as(one).clone()
        for one in target.inputs
    )


def _blurred(images: Tensor) -> Tensor:
    """Each pixel the mean of a window of a quarter of the image, twice: nearly a Gaussian."""
    with torch.no_grad():
        for _ in range(2):
            reach = [max(1, side // 8) for side in images.shape[2:]]
            padded = functional.pad(
                images, [reach[1], reach[1], reach[0], reach[0]], mode="replicate"
            )
            images = functional.avg_pool2d(padded, [2 * one + 1 for one in reach], stride=1)
    return images
