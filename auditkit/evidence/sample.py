"""A random sample of units for what is too dear for all of them: the k smallest keyed hashes.

The hash is of the row id and the seed, so that the sample is the same whatever the order, the batch
size or the number of workers, and two workers' samples merge into the sample of both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from auditkit.evidence.host_codes import hashes


def map_tensors(function: Callable[[Tensor], Tensor], inputs: Any) -> Any:
    """`function` applied to every tensor of a tensor, tuple, list or dict."""
    if isinstance(inputs, Tensor):
        return function(inputs)
    if isinstance(inputs, dict):
        return {key: map_tensors(function, value) for key, value in inputs.items()}
    if isinstance(inputs, tuple | list):
        return type(inputs)(map_tensors(function, value) for value in inputs)
    return inputs


def _concatenated(parts: list[Any]) -> Any:
    first = parts[0]
    if isinstance(first, Tensor):
        return torch.cat(parts)
    if isinstance(first, dict):
        return {key: _concatenated([part[key] for part in parts]) for key in first}
    if isinstance(first, tuple | list):
        return type(first)(_concatenated(list(column)) for column in zip(*parts, strict=True))
    return first


@dataclass(frozen=True)
class Sampled:
    """Units drawn, on the CPU, in the order of their keys.

    Attributes:
        inputs: prepared inputs.
        targets: encoded targets by head.
        row_ids: of the units.
        keys: keyed hashes of the row ids.
        size: how many are kept at most.
    """

    inputs: Any
    targets: dict[str, Any]
    row_ids: np.ndarray
    keys: np.ndarray
    size: int

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, order: np.ndarray) -> Sampled:
        """The units at these positions."""
        index = torch.from_numpy(np.ascontiguousarray(order))
        return Sampled(
            map_tensors(lambda part: part[index], self.inputs),
            {head: map_tensors(lambda part: part[index], t) for head, t in self.targets.items()},
            self.row_ids[order],
            self.keys[order],
            self.size,
        )

    def merged(self, other: Sampled) -> Sampled:
        """The sample of both together."""
        both = Sampled(
            _concatenated([self.inputs, other.inputs]),
            {h: _concatenated([t, other.targets[h]]) for h, t in self.targets.items()},
            np.concatenate([self.row_ids, other.row_ids]),
            np.concatenate([self.keys, other.keys]),
            self.size,
        )
        return both.take(np.argsort(both.keys, kind="stable")[: self.size])


class Sampler:
    """Keeps the `size` units with the smallest keyed hashes seen so far."""

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._seed = seed
        self.sample: Sampled | None = None

    def add(self, inputs: Any, targets: dict[str, Any], row_ids: np.ndarray) -> None:
        """Offer a batch; the device is read only when one of its units is drawn."""
        keys = hashes(row_ids, self._seed)
        kept = self.sample
        if kept is not None and len(kept) >= self._size:
            drawn = np.flatnonzero(keys < kept.keys[self._size - 1])
        else:
            drawn = np.arange(len(keys))
        drawn = drawn[np.argsort(keys[drawn], kind="stable")][: self._size]
        if not drawn.size:
            return
        index = torch.from_numpy(drawn)
        chosen = Sampled(
            map_tensors(lambda part: part[index.to(part.device)].detach().cpu(), inputs),
            {
                head: map_tensors(lambda part: part[index.to(part.device)].cpu(), target)
                for head, target in targets.items()
            },
            row_ids[drawn],
            keys[drawn],
            self._size,
        )
        self.sample = chosen if kept is None else kept.merged(chosen)
