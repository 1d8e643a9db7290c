"""Whether maps add up to the change of the output that they claim to explain."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from auditkit.explain.convergence import completeness_gap, flat
from auditkit.explain.memory import in_parts
from auditkit.explain.method import Maps
from auditkit.explain.target import Target, Tensors

LIMIT = 0.05
"""A map that misses more than this share of the change of the output is not shown."""


@dataclass(frozen=True, eq=False)
class Completeness:
    """How far n maps are from adding up.

    Attributes:
        gap: [n] as `auditkit.explain.convergence.Convergence.gap`, on the CPU.
        kept: bool [n]: the gap is at most `LIMIT`; or the sum is right to the last digit, where
            there is no scale for a gap. A map with a number that is not finite is never kept.
    """

    gap: Tensor
    kept: Tensor

    def withheld(self, title: str) -> str:
        """Why the others may not be shown, a full sentence with the numbers; "" if all may.

        Args:
            title: of the method.
        """
        lost = ~self.kept
        if not bool(lost.any()):
            return ""
        known = self.gap[lost & self.gap.isfinite()]
        by = (
            f"by up to {float(known.max()):.1%} of it (median {float(known.median()):.1%})"
            if len(known)
            else "by an amount that cannot be told"
        )
        return (
            f"The {title} maps of {int(lost.sum())} of {len(lost)} units don't add up to the "
            f"change of the output: they miss it {by}; more than {LIMIT:.0%} is not shown."
        )


def completeness(target: Target, values: Tensors, change: Tensor) -> Completeness:
    """How far maps are from adding up to the change of the output.

    Args:
        target: whose inputs were explained.
        values: the maps, [n, …] for each input, on the CPU.
        change: [n] the output less that of a reference, on the CPU.
    """
    numbers = flat(values)
    gap = completeness_gap(numbers, change, target.scale)
    exact = numbers.sum(dim=1) == change
    return Completeness(gap, ((gap <= LIMIT) | exact) & numbers.isfinite().all(dim=1))


def guarded(
    title: str, target: Target, values: Tensors, change: Tensor, *, asked: tuple[float, float]
) -> Maps:
    """Maps of which those that do not add up are withheld.

    Args:
        title: of the method.
        target, values, change: see `completeness`.
        asked: gradients and forwards that a unit took.
    """
    found = completeness(target, values, change)
    gradients, forwards = asked
    return Maps(
        values,
        found.kept,
        found.withheld(title),
        gap=found.gap,
        gradients=gradients,
        forwards=forwards,
    )


def finite(
    values: Tensors, *, gap: Tensor | None = None, gradients: float = 0.0, forwards: float = 0.0
) -> Maps:
    """Maps of which those with a number that is not finite are withheld."""
    shown = flat(values).isfinite().all(dim=1)
    said = "" if bool(shown.all()) else "The map has numbers that are not finite."
    return Maps(values, shown, said, gap=gap, gradients=gradients, forwards=forwards)


def moving(maps: Maps) -> Maps:
    """Maps made of gradients, of which those that are zero everywhere are withheld.

    A step in the model (rounding, a threshold) lets no gradient through and raises no error: what
    comes out looks like an input that counts nothing.
    """
    still = (flat(maps.values) == 0).all(dim=1)
    if not bool(still.any()):
        return maps
    said = (
        f"The gradient of {int(still.sum())} of {len(still)} units is zero everywhere: a step in "
        "the model lets none through, or its output is flat there."
    )
    return replace(maps, shown=maps.shown & ~still, withheld=f"{maps.withheld} {said}".strip())


def changed(target: Target, reference: Tensors, size: int) -> Tensor:
    """float64 [n] f(x) − f(reference), on the CPU.

    Args:
        target: of which unit by unit.
        reference: tensors in the place of all inputs.
        size: rows to ask about at once.
    """
    return told(target, target.inputs, size) - told(target, reference, size)


def told(target: Target, tensors: Tensors, size: int) -> Tensor:
    """float64 [n] the explained number for tensors in the place of all inputs, on the CPU."""

    def ask(rows: Tensor) -> Tensor:
        return target.value(tuple(tensor[rows] for tensor in tensors), rows).double().cpu()

    with torch.no_grad():
        return in_parts(ask, target.every, size)
