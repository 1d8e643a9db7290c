"""The model asked about inputs of which regions were taken away, a chunk at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from auditkit.explain.chunks import fitting
from auditkit.explain.memory import AT_ONCE, in_parts
from auditkit.explain.method import Settings
from auditkit.explain.regions import Regions
from auditkit.explain.target import Target, Tensors
from auditkit.explain.trust.explained import Flags, Floats

Reader = Callable[[Tensor, Tensor], Tensor]
"""From what the head returned, and the places of the units, to a number each."""


def rows_at_once(target: Target, settings: Settings) -> int:
    """How many rows the model is asked about at once."""
    if settings.chunk is not None:
        return settings.chunk
    return AT_ONCE if target.obstacle else fitting(target)


def chunked(target: Target, settings: Settings, ask: Callable[[Tensors, Tensor], Tensor]) -> Tensor:
    """What is asked of all units at their inputs, put together.

    Args:
        target: whose units.
        settings: how many at once.
        ask: gets inputs and places of some units, and returns [m, …].
    """
    return in_parts(
        lambda rows: ask(tuple(one[rows] for one in target.inputs), rows),
        target.every,
        rows_at_once(target, settings),
    )


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

    def step(items: Tensor) -> Tensor:
        places = (items // ways).to(target.device)
        inputs = tuple(one[places] for one in target.inputs)
        base = tuple(one[places] for one in target.baseline)
        changed = cut.replaced(inputs, base, flags[items])
        with torch.no_grad():
            return reader(target.outputs(changed, places), places).cpu()

    values = in_parts(step, torch.arange(n * ways), rows_at_once(target, settings))
    table: Floats = values.reshape(n, ways).double().numpy()
    return table
