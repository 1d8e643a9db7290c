"""The model asked about inputs of which regions were taken away, a chunk at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from auditkit.explain.chunks import fitting, halving
from auditkit.explain.method import Settings
from auditkit.explain.regions import Regions
from auditkit.explain.target import Target, Tensors
from auditkit.explain.trust.explained import Flags, Floats

_UNGUIDED = 256
"""Rows at once where no backward pass tells what a row takes."""

Reader = Callable[[Tensor, Tensor], Tensor]
"""From what the head returned, and the places of the units, to a number each."""


def rows_at_once(target: Target, settings: Settings) -> int:
    """How many rows the model is asked about at once."""
    if settings.chunk is not None:
        return settings.chunk
    return _UNGUIDED if target.obstacle else fitting(target)


def chunked(target: Target, settings: Settings, ask: Callable[[Tensors, Tensor], Tensor]) -> Tensor:
    """What is asked of all units at their inputs, put together.

    Args:
        target: whose units.
        settings: how many at once.
        ask: gets inputs and places of some units, and returns [m, …].
    """
    rows = torch.split(target.every, rows_at_once(target, settings))
    return torch.cat([ask(tuple(one[part] for one in target.inputs), part) for part in rows])


def without(
    target: Target, cut: Regions, removed: Flags, settings: Settings, reader: Reader
) -> Floats:
    """What the model says of units that lack some regions; the baseline stands in their place.

    Args:
        target: what is explained.
        cut: its regions.
        removed: [n, ways, regions], of each unit in each way.
        settings: how many rows are asked about at once.
        reader: `target.of_index` for the explained number, `target.probability` …

    Returns:
        [n, ways].

    Raises:
        ModelError: the model could not take the inputs, or a single row does not fit into memory.
    """
    n, ways, count = removed.shape
    flags = torch.from_numpy(np.ascontiguousarray(removed)).reshape(n * ways, count)
    found: list[Tensor] = []
    at, size = 0, rows_at_once(target, settings)

    def step(rows: int) -> Tensor:
        items = torch.arange(at, min(at + rows, n * ways))
        places = (items // ways).to(target.device)
        inputs = tuple(one[places] for one in target.inputs)
        base = tuple(one[places] for one in target.baseline)
        changed = cut.replaced(inputs, base, flags[items])
        with torch.no_grad():
            return reader(target.outputs(changed, places), places).cpu()

    while at < n * ways:
        part, size = halving(step, size)
        found.append(part)
        at += len(part)
    table: Floats = torch.cat(found).reshape(n, ways).double().numpy()
    return table
