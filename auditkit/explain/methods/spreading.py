"""What a whole region counts, spread over the numbers in it."""

from __future__ import annotations

import torch
from torch import Tensor

from auditkit.explain.regions import Regions
from auditkit.explain.target import Target, Tensors


def sizes(cut: Regions, target: Target) -> Tensor:
    """Numbers in each region, float64 [count] on the CPU."""
    ones = tuple(torch.ones_like(tensor[:1]) for tensor in target.inputs)
    return cut.sums(ones)[0]


def spread(values: Tensors, cut: Regions, target: Target) -> Tensors:
    """Maps that repeat what a region counts at each number in it, so that they add up to it.

    Args:
        values: as Captum returns them, [n, …] for each input, on the CPU.
        cut: the regions.
        target: whose inputs they cut.
    """
    count = sizes(cut, target)
    return tuple(
        (value / count[mask.cpu()]).to(value.dtype)
        for value, mask in zip(values, cut.masks, strict=True)
    )
