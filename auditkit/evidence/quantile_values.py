"""What is read off predicted quantiles: shares below and inside, losses, widths, crossings.

Each is a value per unit, by name; the values of a head follow from its levels. A target at a
predicted quantile counts as not above it, and an interval holds its two ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING

from auditkit.models.quantile_levels import symmetric_pairs

if TYPE_CHECKING:
    from torch import Tensor

Value = Callable[["Tensor", "Tensor"], "Tensor"]
"""From the predicted quantiles, of shape (n, levels), and the targets, (n,), to float64 (n,)."""

PINBALL = "pinball loss"
CROSSING = "crossing of the quantiles"
WIDTH = "width between the quantiles "


def below(level: float) -> str:
    """Whether the target is at or below the predicted quantile of a level: 0 or 1."""
    return f"target at or below the quantile {level!r}"


def pinball(level: float) -> str:
    """The pinball loss of one level; `PINBALL` is the mean over all levels of a head."""
    return f"{PINBALL} of the quantile {level!r}"


def inside(low: float, high: float) -> str:
    """Whether the target lies between two predicted quantiles, ends included: 0 or 1."""
    return f"target between the quantiles {low!r} and {high!r}"


def width(low: float, high: float) -> str:
    """How far the quantile of the higher level lies above that of the lower; needs no target."""
    return f"{WIDTH}{low!r} and {high!r}"


@lru_cache(maxsize=32)
def quantile_values(levels: tuple[float, ...]) -> Mapping[str, Value]:
    """Every value of a head that predicts the quantiles of these levels, by name.

    Example:
        >>> import torch
        >>> holds = quantile_values((0.1, 0.9))[inside(0.1, 0.9)]
        >>> holds(torch.tensor([[0.0, 2.0], [0.0, 2.0]]), torch.tensor([2.0, 2.1])).tolist()
        [1.0, 0.0]
    """
    found: dict[str, Value] = {CROSSING: _crossing, PINBALL: partial(_mean_pinball, levels)}
    for place, level in enumerate(levels):
        found[below(level)] = partial(_below, place)
        found[pinball(level)] = partial(_pinball, place, level)
    for low, high in symmetric_pairs(levels):
        found[inside(levels[low], levels[high])] = partial(_inside, low, high)
        found[width(levels[low], levels[high])] = partial(_width, low, high)
    return found


def pit_cell(predicted: Tensor, target: Tensor) -> Tensor:
    """How many predicted quantiles lie below the target: int64 (n,), from 0 to their number.

    It is the interval between quantiles that the target falls in. Where quantiles cross, it is that
    of the quantiles put in order.

    Source: the probability integral transform, Dawid 1984; rearrangement of crossing quantiles,
    Chernozhukov, Fernández-Val and Galichon, Econometrica 78 (2010) 1093–1125.
    """
    return (predicted.double() < target.double()[:, None]).sum(dim=1)


def pit_labels(levels: tuple[float, ...]) -> tuple[str, ...]:
    """What the codes of `pit_cell` stand for.

    Example:
        >>> pit_labels((0.1, 0.9))
        ('up to 0.1', '0.1 to 0.9', 'above 0.9')
    """
    between = (f"{low!r} to {high!r}" for low, high in pairwise(levels))
    return (f"up to {levels[0]!r}", *between, f"above {levels[-1]!r}")


def _below(place: int, predicted: Tensor, target: Tensor) -> Tensor:
    return (target.double() <= predicted[:, place].double()).double()


def _pinball(place: int, level: float, predicted: Tensor, target: Tensor) -> Tensor:
    distance = target.double() - predicted[:, place].double()
    return (level * distance).maximum((level - 1) * distance)


def _mean_pinball(levels: tuple[float, ...], predicted: Tensor, target: Tensor) -> Tensor:
    distance = target.double()[:, None] - predicted.double()
    each = distance.new_tensor(levels)
    return (each * distance).maximum((each - 1) * distance).mean(dim=1)


def _inside(low: int, high: int, predicted: Tensor, target: Tensor) -> Tensor:
    number = target.double()
    above, under = number >= predicted[:, low].double(), number <= predicted[:, high].double()
    return (above & under).double()


# A width or crossing has the form of the others, whatever the target.
def _width(low: int, high: int, predicted: Tensor, _: Tensor) -> Tensor:
    return predicted[:, high].double() - predicted[:, low].double()


def _crossing(predicted: Tensor, _: Tensor) -> Tensor:
    return (predicted[:, 1:] < predicted[:, :-1]).any(dim=1).double()
