"""Nests of tensors whose first axis is the units: some of their rows, and several put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from auditkit.evidence.nests import map_tensors


class UnlikeError(Exception):
    """Parts that cannot be put together; a full sentence."""


def rows_of(nest: Any, rows: np.ndarray, units: int) -> Any:
    """A copy of some rows of a nest of tensors, on the CPU.

    Tensors whose first axis is not that of the units (a mask that all share) stay whole.

    Args:
        nest: tensors in tuples, lists and dicts.
        rows: positions, int64.
        units: length of the units' axis.
    """
    index = torch.from_numpy(np.ascontiguousarray(rows))

    def chosen(part: Tensor) -> Tensor:
        if part.shape[:1] != (units,):
            return part.detach().clone().cpu()
        return part.detach()[index.to(part.device)].cpu()

    return map_tensors(chosen, nest)


def has_units(nest: Any, units: int) -> bool:
    """Whether some tensor of a nest has an axis of units."""
    shapes: list[tuple[int, ...]] = []
    map_tensors(lambda part: shapes.append(tuple(part.shape[:1])), nest)
    return (units,) in shapes


def bytes_of(nest: Any, units: int) -> int:
    """About how many bytes one unit of a nest takes."""
    sizes: list[int] = []
    map_tensors(lambda part: sizes.append(part.numel() * part.element_size()), nest)
    return sum(sizes) // max(units, 1)


def gathered(nests: Sequence[Any], units: Sequence[int], order: np.ndarray) -> Any:
    """Rows of several nests of one structure, in an order over all of them.

    Args:
        nests: at least one.
        units: length of the units' axis in each.
        order: positions in the nests one after the other, int64.

    Raises:
        UnlikeError: they differ in structure, in the shape of a unit, or in a tensor that all units
            share.

    >>> nests = ({"x": torch.arange(2)}, {"x": torch.arange(2, 5)})
    >>> gathered(nests, (2, 3), np.array([4, 0]))
    {'x': tensor([4, 0])}
    """
    first = nests[0]
    if any(type(one) is not type(first) for one in nests):
        raise UnlikeError("The inputs of batches differ in kind.")
    if isinstance(first, Tensor):
        return _tensors(nests, units, order)
    if isinstance(first, Mapping):
        if any(one.keys() != first.keys() for one in nests):
            raise UnlikeError("The inputs of batches differ in their names.")
        return {key: gathered([one[key] for one in nests], units, order) for key in first}
    if isinstance(first, tuple | list):
        if any(len(one) != len(first) for one in nests):
            raise UnlikeError("The inputs of batches differ in number.")
        return type(first)(gathered(part, units, order) for part in zip(*nests, strict=True))
    return first


def _tensors(parts: Sequence[Tensor], units: Sequence[int], order: np.ndarray) -> Tensor:
    first, kinds = parts[0], {one.dtype for one in parts}
    if any(one.shape[:1] != (size,) for one, size in zip(parts, units, strict=True)):
        if len(kinds) > 1 or not all(torch.equal(one, first) for one in parts):
            raise UnlikeError("The inputs of batches differ in what all units of a batch share.")
        return first
    shapes = dict.fromkeys(tuple(one.shape[1:]) for one in parts)
    if len(shapes) > 1 or len(kinds) > 1:
        one, other = [*shapes, *shapes][:2] if len(shapes) > 1 else [*map(str, kinds)][:2]
        raise UnlikeError(f"The inputs of batches differ in shape or type: {one} and {other}.")
    # Row by row into their places: all parts one after the other would be a copy more.
    found = first.new_empty((len(order), *first.shape[1:]))
    start = 0
    for part, size in zip(parts, units, strict=True):
        here = (order >= start) & (order < start + size)
        found[torch.from_numpy(np.flatnonzero(here))] = part[torch.from_numpy(order[here] - start)]
        start += size
    return found
