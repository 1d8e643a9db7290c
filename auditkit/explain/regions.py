"""Inputs cut into regions that can be removed, counted and shown one by one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from auditkit.explain.target import Target, Tensors


@dataclass(frozen=True, eq=False)
class Regions:
    """Which region each number of an input lies in.

    Attributes:
        masks: for each input of the target, int64 of shape [1, …], broadcastable to the input: the
            number of the region.
        count: how many regions there are, over all inputs.
    """

    masks: tuple[Tensor, ...]
    count: int

    def sums(self, values: Tensors) -> Tensor:
        """Numbers added up by region.

        Args:
            values: like the inputs of the target, [n, …] each, on any device.

        Returns:
            [n, count], float64 on the CPU.
        """
        total = torch.zeros(len(values[0]), self.count, dtype=torch.float64)
        for mask, value in zip(self.masks, values, strict=True):
            flat = value.detach().cpu().double().reshape(len(value), -1)
            places = mask.cpu().expand(1, *value.shape[1:]).reshape(-1)
            total.index_add_(1, places, flat)
        return total

    def replaced(self, inputs: Tensors, others: Tensors, removed: Tensor) -> Tensors:
        """Inputs with some regions taken from others.

        Args:
            inputs: [n, …] each.
            others: likewise, such as a baseline.
            removed: bool [n, count], which regions of each unit.
        """
        flags = removed.to(inputs[0].device)
        return tuple(
            torch.where(flags[:, mask[0].expand(one.shape[1:])], other, one)
            for mask, one, other in zip(self.masks, inputs, others, strict=True)
        )


def regions(target: Target, most: int = 64) -> Regions:
    """The regions of a target's inputs.

    Of tokens each position is one; of [n, d] each column; of [n, steps, d] each number, or each
    number of so many steps in a row; of [n, channels, height, width] the cells of a grid, all
    channels together; of anything else stretches of equal length. With several inputs each has its
    share of `most`, and at least one region.

    Args:
        target: whose inputs are cut.
        most: regions over all inputs, about; tokens and columns are never put together, unless
            the medium is sound.

    Example: the pixels of an image of 4 by 4 in 4 regions are its quarters.
    """
    share = max(1, most // len(target.inputs))
    masks, count = [], 0
    for tensor in target.inputs:
        mask = _mask(tensor.shape[1:], share, target).to(target.device)
        masks.append((mask + count)[None])
        count += int(mask.max()) + 1
    return Regions(tuple(masks), count)


def _mask(shape: torch.Size, most: int, target: Target) -> Tensor:
    if not shape:
        return torch.zeros((), dtype=torch.int64)
    if target.tokens is not None:
        return torch.arange(shape[0])[:, None]
    if len(shape) == 1:
        return torch.arange(shape[0]) if target.medium != "audio" else cuts(shape[0], most)
    if len(shape) == 2:
        if target.medium == "audio":  # channels and samples
            return cuts(shape[1], most)[None]
        steps = cuts(shape[0], max(1, most // shape[1]))
        return steps[:, None] * shape[1] + torch.arange(shape[1])
    if len(shape) == 3:
        return grid(shape[1], shape[2], most)[None]
    return cuts(math.prod(shape), most).reshape(shape)


def cuts(length: int, parts: int) -> Tensor:
    """int64 [length]: which of at most so many nearly equal parts each place lies in.

    >>> cuts(5, 2).tolist()
    [0, 0, 0, 1, 1]
    """
    return torch.arange(length) * min(parts, length) // length


def grid(height: int, width: int, most: int) -> Tensor:
    """int64 [height, width]: the cell of a grid of at most so many cells, row by row.

    >>> grid(4, 4, 4).tolist()
    [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]
    """
    side = max(1, math.isqrt(most))
    rows, columns = cuts(height, side), cuts(width, side)
    return rows[:, None] * (int(columns.max()) + 1) + columns
