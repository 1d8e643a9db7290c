"""A method's maps of the units that it is tested on, and how strong each region is in them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from auditkit.explain.method import Maps, Method, Settings
from auditkit.explain.regions import Regions, regions
from auditkit.explain.target import NotExplainable, Target, Tensors
from auditkit.explain.trust.cost import Cost, total

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

DRAWS = 8
"""Into how many parts the units are split. The weights are drawn anew for each part, so that chance
in the weights is seen at no more cost than a single draw for all units."""

RESOLUTION = 1024
"""Regions in which maps are compared with each other. On a coarse grid any two maps of one network
are alike, trained or not: its middle is always stronger than its edge."""


@dataclass(frozen=True, eq=False)
class Explained:
    """Maps of n units, to be tested.

    Attributes:
        method: whose.
        maps: of all units, in the order of the target.
        regions: what is ranked, as fine as `RESOLUTION` allows.
        strength: [n, regions] how strong each is in the map, without its sign; NaN for units whose
            map may not be shown or is not finite, and where the input is as the baseline.
        cost: of the maps.
    """

    method: Method
    maps: Maps
    regions: Regions
    strength: Floats
    cost: Cost

    def on(self, target: Target, cut: Regions) -> Floats:
        """[n, regions] the strength of other regions, also where the input is as the baseline."""
        found = strength(target, self.method, self.maps.values, cut)
        found[~self.maps.shown.numpy()] = np.nan
        return found

    @property
    def usable(self) -> Flags:
        """[n] whether the unit has a map that can be ranked: shown, finite and not all equal."""
        return ~np.isnan(self.strength).all(axis=1) & (self._spread > 0)

    @property
    def constant(self) -> Flags:
        """[n] whether the map says the same of every region, such as nothing at all."""
        return ~np.isnan(self.strength).all(axis=1) & ~(self._spread > 0)

    @property
    def _spread(self) -> Floats:
        known = ~np.isnan(self.strength)
        high = np.where(known, self.strength, -np.inf).max(axis=1)
        low = np.where(known, self.strength, np.inf).min(axis=1)
        spread: Floats = np.where(known.any(axis=1), high - low, 0.0)
        return spread


def explained(target: Target, method: Method, settings: Settings) -> Explained | NotExplainable:
    """The maps of a method, made part by part as all tests make theirs.

    A method that draws at random so draws the same for a unit in each test, and chance of its own
    is not taken for an effect.

    Args:
        target: what is explained.
        method, settings: how.
    """
    found = []
    for number, rows in enumerate(parts(target)):
        maps = method(target.part(rows), for_part(settings, number))
        if isinstance(maps, NotExplainable):
            return maps
        found.append((rows.cpu(), maps))
    joined = _joined(found, target.units)
    cut = regions(target, RESOLUTION)
    strong = ranked(target, method, joined.values, cut)
    strong[~joined.shown.numpy()] = np.nan
    return Explained(method, joined, cut, strong, Cost(joined.gradients, joined.forwards))


def parts(target: Target, most: int = DRAWS) -> list[Tensor]:
    """The places of the units in so many parts, one by one in turn, int64 each.

    In turn, since neighbours in the data are often alike.
    """
    count = min(most, target.units)
    return [target.every[start::count] for start in range(count)]


def for_part(settings: Settings, number: int) -> Settings:
    """The settings of one of the parts: the same in every test, and with random numbers of its own.

    With those of another part, chance would be shared between units and look like an effect.
    """
    return replace(settings, seed=settings.seed + _APART * number)


# Runs with seeds that follow each other share no part's random numbers.
_APART = 1_000_003


def strength(target: Target, method: Method, values: Tensors, cut: Regions) -> Floats:
    """[n, regions] how strong each region is in maps.

    What a token counts is the sum over its embedding, unless the map is a plain gradient, whose
    numbers don't add up to anything: of those, as of pixels, magnitudes are added up.

    Args:
        target: of the same units.
        method: whose maps.
        values: [n, …] for each input.
        cut: the regions.

    Returns:
        NaN where a map is not finite, and for tokens that are not explained.
    """
    if target.tokens is None or method.is_plain:
        sizes = tuple(value.detach().double().abs() for value in values)
    else:
        sizes = tuple(value.detach().double().sum(dim=-1, keepdim=True).abs() for value in values)
    found = cut.sums(tuple(map(_known, sizes))).numpy()
    finite = np.logical_and.reduce([value.isfinite().flatten(1).all(1).numpy() for value in sizes])
    found[~finite] = np.nan
    found[~explainable(target, cut)] = np.nan
    return found


def ranked(target: Target, method: Method, values: Tensors, cut: Regions) -> Floats:
    """[n, regions] the same, NaN also where the input does not differ from the baseline.

    Products with the input are zero there whatever the model is: on a black background any two of
    them would be alike.
    """
    found = strength(target, method, values, cut)
    found[~removable(target, cut)] = np.nan
    return found


def distance(target: Target, cut: Regions) -> Floats:
    """[n, regions] how far the input is from the baseline: what a map of the input would show.

    NaN where it is not.
    """
    apart = tuple(
        (one - base).detach().double().abs()
        for one, base in zip(target.inputs, target.baseline, strict=True)
    )
    found = cut.sums(apart).numpy()
    found[found == 0] = np.nan
    return found


def removable(target: Target, cut: Regions) -> Flags:
    """[n, regions] whether a region can be taken away: whether it differs from the baseline."""
    return ~np.isnan(distance(target, cut))


def explainable(target: Target, cut: Regions) -> Flags:
    """[n, regions] whether a map speaks of a region: not of special and padding tokens."""
    if target.tokens is None:
        return np.ones((target.units, cut.count), dtype=np.bool_)
    return removable(target, cut)


def by_chance(strong: Floats, seed: int | np.random.SeedSequence) -> Floats:
    """[n, regions] a map without meaning, NaN where the other is."""
    drawn = np.random.default_rng(seed).random(strong.shape)
    return np.where(np.isnan(strong), np.nan, drawn)


def _known(value: Tensor) -> Tensor:
    return value.nan_to_num(0.0, 0.0, 0.0)


def _joined(found: list[tuple[Tensor, Maps]], units: int) -> Maps:
    order = torch.argsort(torch.cat([rows for rows, _ in found]))
    every = [maps for _, maps in found]
    first = every[0]

    def column(name: str) -> Tensor | None:
        if getattr(first, name) is None:
            return None
        return torch.cat([getattr(maps, name) for maps in every])[order]

    shares = [len(rows) / units for rows, _ in found]
    costs = [Cost(maps.gradients, maps.forwards) for maps in every]
    cost = total(one * share for one, share in zip(costs, shares, strict=True))
    values = zip(*(maps.values for maps in every), strict=True)
    return replace(
        first,
        values=tuple(torch.cat(column)[order] for column in values),
        shown=torch.cat([maps.shown for maps in every])[order],
        withheld=next((maps.withheld for maps in every if maps.withheld), ""),
        error=column("error"),
        gap=column("gap"),
        gradients=cost.gradients,
        forwards=cost.forwards,
        notes=tuple(dict.fromkeys(note for maps in every for note in maps.notes)),
    )
