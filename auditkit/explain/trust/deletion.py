"""Whether what a map calls important moves the output: deletion and insertion curves.

Regions are taken away one after another, the most important first, and the baseline stands in their
place (deletion); or all are away and come back (insertion). Both curves run between the probability
at the input and that at the baseline, and a good order is fast (Samek et al., IEEE TNNLS 28, 2017;
Petsiuk, Das and Saenko, "RISE", BMVC 2018). By itself an area says little: it depends on the model
and the baseline. So the same curves are drawn in random orders, and in the order of how far the
input lies from the baseline, which anybody sees without the model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import trapezoid

from auditkit.explain.method import Settings
from auditkit.explain.regions import Regions, regions
from auditkit.explain.target import Target
from auditkit.explain.trust.asking import without
from auditkit.explain.trust.cost import Cost
from auditkit.explain.trust.explained import (
    Explained,
    Flags,
    Floats,
    by_chance,
    distance,
    removable,
)
from auditkit.explain.trust.ranks import orders
from auditkit.models.head import Outputs

POINTS = 17
ORDERS = 4
# A difference of outputs smaller than this share of their scale gives no direction.
_FLOOR = 0.01


@dataclass(frozen=True, eq=False)
class Curves:
    """Probabilities of the explained class as regions are taken away.

    Attributes:
        shares: [points] of the regions, from 0 to 1.
        deletion: [n, points] with that share away, the strongest first; NaN without an order.
        insertion: [n, points] with that share there, the strongest first.
    """

    shares: Floats
    deletion: Floats
    insertion: Floats

    @property
    def deletion_area(self) -> Floats:
        """[n] under the curve, by the trapezoid rule."""
        return _area(self.deletion, self.shares)

    @property
    def insertion_area(self) -> Floats:
        """[n] likewise."""
        return _area(self.insertion, self.shares)


@dataclass(frozen=True, eq=False)
class Controls:
    """The curves of orders that do not come from a map; one set for all methods.

    Attributes:
        regions: what is taken away.
        random: mean over some random orders. Its insertion is its deletion read backwards: the
            first regions of an order are the last of the reverse.
        by_input: in the order of the distance of the input from the baseline.
        direction: [n] 1 where the probability falls from the input to the baseline, −1 where it
            rises; NaN where the two are as good as the same and no order can be told from another,
            or where there are fewer than two regions.
        cost: of a unit.
    """

    regions: Regions
    random: Curves
    by_input: Curves
    direction: Floats
    cost: Cost


@dataclass(frozen=True, eq=False)
class Deletion:
    """The curves of a method, and how much faster they are than those of the controls.

    The gains are differences of areas, signed so that more is better, in units of the probability
    (of the number itself, where there is none). NaN where the controls have no direction or the
    unit no order.

    Attributes:
        curves: of the method.
        controls: what they are compared with.
        deletion_over_random: [n].
        insertion_over_random: [n].
        deletion_over_input: [n].
        insertion_over_input: [n].
        cost: of a unit, the controls not included.
    """

    curves: Curves
    controls: Controls
    deletion_over_random: Floats
    insertion_over_random: Floats
    deletion_over_input: Floats
    insertion_over_input: Floats
    cost: Cost


def controls(
    target: Target,
    cut: Regions,
    settings: Settings,
    *,
    points: int = POINTS,
    draws: int = ORDERS,
) -> Controls:
    """The curves that those of methods are compared with.

    Args:
        target: what is explained.
        cut: its regions.
        settings: seed, and how many rows are asked about at once.
        points: of each curve, no more than there are regions, and one.
        draws: how many random orders each unit has; every second one is the reverse of the one
            before, which halves the error of their mean and more.

    Raises:
        ModelError: the model could not take the inputs.
        ValueError: fewer than two points, or no order.
    """
    if points < 2 or draws < 1:
        raise ValueError(f"expected two points and an order at least, got {points} and {draws}")
    there = removable(target, cut)
    shares = np.linspace(0, 1, max(2, min(points, int(there.sum(axis=1).max()) + 1)))
    walk = _Walk(target, cut, settings, shares, there)
    falls = [walk.deletion(one) for one in _random_orders(there, draws, settings.seed)]
    random = np.mean(falls, axis=0)
    apart = distance(target, cut)
    return Controls(
        regions=cut,
        random=Curves(shares, random, random[:, ::-1].copy()),
        by_input=Curves(shares, walk.deletion(apart), walk.insertion(apart)),
        direction=_direction(target, random, there),
        cost=Cost(forwards=(draws + 2) * len(shares)),
    )


def deletion(
    target: Target, given: Explained, settings: Settings, against: Controls | None = None
) -> Deletion:
    """Take regions away in the order of a map, and bring them back.

    Args:
        target: what is explained.
        given: the method's maps of the same units.
        settings: seed, and how many rows are asked about at once.
        against: made anew if None.

    Raises:
        ModelError: the model could not take the inputs.
    """
    if against is None:
        against = controls(target, regions(target, settings.regions), settings)
    shares = against.random.shares
    cut = against.regions
    walk = _Walk(target, cut, settings, shares, removable(target, cut))
    strong = given.on(target, cut)
    own = Curves(shares, walk.deletion(strong), walk.insertion(strong))
    usable = np.where(given.usable, against.direction, np.nan)
    random, by_input = against.random, against.by_input
    return Deletion(
        curves=own,
        controls=against,
        deletion_over_random=usable * (random.deletion_area - own.deletion_area),
        insertion_over_random=usable * (own.insertion_area - random.insertion_area),
        deletion_over_input=usable * (by_input.deletion_area - own.deletion_area),
        insertion_over_input=usable * (own.insertion_area - by_input.insertion_area),
        cost=Cost(forwards=2 * len(shares)),
    )


def _random_orders(there: Flags, draws: int, seed: int) -> list[Floats]:
    blank = np.where(there, 0.0, np.nan)
    found: list[Floats] = []
    for one in range(draws):
        drawn = by_chance(blank, np.random.SeedSequence([seed, one // 2]))
        found.append(drawn if one % 2 == 0 else 1 - drawn)
    return found


class _Walk:
    """The way from the input to the baseline, in whatever order."""

    def __init__(
        self, target: Target, cut: Regions, settings: Settings, shares: Floats, there: Flags
    ) -> None:
        self.target = target
        self.cut = cut
        self.settings = settings
        self.there = there
        self.counts = _counts(there.sum(axis=1), len(shares))

    def deletion(self, strong: Floats) -> Floats:
        """[n, points] of the strongest first; NaN for units without any strength."""
        place = self._places(strong)
        return self._asked(place[:, None] < self.counts[:, :, None], strong)

    def insertion(self, strong: Floats) -> Floats:
        """[n, points] of the strongest back first."""
        place = self._places(strong)
        left = self.there.sum(axis=1)[:, None] - self.counts[:, ::-1]
        return self._asked(place[:, None] >= left[:, :, None], strong)

    def _places(self, strong: Floats) -> NDArray[np.int64]:
        return orders(np.where(self.there, strong, np.nan), self.settings.seed)

    def _asked(self, removed: Flags, strong: Floats) -> Floats:
        away = removed & self.there[:, None]
        found = without(self.target, self.cut, away, self.settings, self.target.probability)
        found[np.isnan(strong).all(axis=1)] = np.nan
        return found


_SCORED = (Outputs.LOGITS, Outputs.PROBABILITIES)


def _area(curve: Floats, shares: Floats) -> Floats:
    area: Floats = trapezoid(curve, shares, axis=1)
    return area


def _counts(regions: NDArray[np.int64], points: int) -> NDArray[np.int64]:
    """[n, points] how many regions are away at each point, symmetric as far as can be.

    >>> _counts(np.array([5, 4]), 5).tolist()
    [[0, 1, 2, 4, 5], [0, 1, 2, 3, 4]]
    """
    half = regions[:, None] * np.arange(points) // (points - 1)
    mirrored = regions[:, None] - half[:, ::-1]
    upper = np.arange(points) > (points - 1) / 2
    counts: NDArray[np.int64] = np.where(upper, mirrored, half)
    return counts


def _direction(target: Target, curves: Floats, there: Flags) -> Floats:
    fall = curves[:, 0] - curves[:, -1]
    scale = 1.0 if target.head.outputs in _SCORED else target.scale
    told = (np.abs(fall) > _FLOOR * scale) & (there.sum(axis=1) > 1)
    direction: Floats = np.where(told, np.sign(fall), np.nan)
    return direction
