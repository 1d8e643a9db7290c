"""A random sample of units for what is too dear for all of them: the k smallest keyed hashes.

The hash is of the row id and the seed, so that the sample is the same whatever the order, the batch
size or the number of workers, and two workers' samples merge into the sample of both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from auditkit.data.batch import Batch
from auditkit.evidence.bottom_k import in_order
from auditkit.evidence.facts import Facts
from auditkit.evidence.hashing import hashes
from auditkit.evidence.nests import concatenated, map_tensors

MAX_BYTES = 256 << 20
"""About how much the inputs of a sample take at most: of large ones fewer are drawn."""


@dataclass(frozen=True)
class Sampled:
    """Units drawn, on the CPU, in the order of their keys.

    Attributes:
        inputs: prepared inputs.
        row_ids: of the units, shape (n,).
        keys: keyed hashes of the row ids, uint64 of shape (n,).
        clusters: hashes of the clusters, uint64 of shape (n,); None where none is declared.
        size: how many are kept at most.
        facts: what is known of each unit beside its inputs.
    """

    inputs: Any
    row_ids: np.ndarray
    keys: np.ndarray
    clusters: np.ndarray | None
    size: int
    facts: Facts

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, order: np.ndarray) -> Sampled:
        """The units at these positions."""
        return Sampled(
            rows_of(self.inputs, order, len(self)),
            self.row_ids[order],
            self.keys[order],
            None if self.clusters is None else self.clusters[order],
            self.size,
            self.facts.take(order),
        )

    def first(self, count: int) -> Sampled:
        """The units with the `count` smallest keys: the sample of that size."""
        return self if count >= len(self) else self.take(np.arange(count))

    def merged(self, other: Sampled) -> Sampled:
        """The sample of both together."""
        size = min(self.size, other.size)
        both = Sampled(
            concatenated(self.inputs, other.inputs),
            np.concatenate([self.row_ids, other.row_ids]),
            np.concatenate([self.keys, other.keys]),
            None
            if self.clusters is None or other.clusters is None
            else np.concatenate([self.clusters, other.clusters]),
            size,
            self.facts.followed_by(other.facts),
        )
        return both.take(in_order(both.keys)[:size])


def rows_of(nest: Any, rows: np.ndarray, units: int) -> Any:
    """Some rows of a nest of tensors, on the CPU.

    Tensors whose first axis is not that of the units (a mask that all share) stay whole.

    Args:
        nest: tensors in tuples, lists and dicts.
        rows: positions, int64.
        units: length of the units' axis.
    """
    index = torch.from_numpy(np.ascontiguousarray(rows))

    def chosen(part: torch.Tensor) -> torch.Tensor:
        if part.shape[:1] != (units,):
            return part.detach().cpu()
        return part.detach()[index.to(part.device)].cpu()

    return map_tensors(chosen, nest)


def _has_units(inputs: Any, units: int) -> bool:
    """Whether some tensor of a nest has an axis of units."""
    shapes: list[tuple[int, ...]] = []
    map_tensors(lambda part: shapes.append(tuple(part.shape[:1])), inputs)
    return (units,) in shapes


def _bytes_of(inputs: Any, units: int) -> int:
    """How many bytes the prepared inputs of one unit take."""
    sizes: list[int] = []
    map_tensors(lambda part: sizes.append(part.numel() * part.element_size()), inputs)
    return sum(sizes) // max(units, 1)


class Sampler:
    """Keeps the `size` units with the smallest keyed hashes seen so far."""

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._seed = seed
        self.sample: Sampled | None = None

    def add(self, inputs: Any, batch: Batch, targets: Mapping[str, Any]) -> None:
        """Offer a batch; the device is read only when one of its units is drawn.

        Inputs without any tensor whose first axis is the units (a list of images, say) cannot be
        drawn from, and leave no sample.

        Args:
            inputs: prepared inputs of the batch.
            batch: for row ids and clusters.
            targets: head → its encoded targets, on the CPU.
        """
        if self.sample is None:
            self._size = min(self._size, max(1, MAX_BYTES // max(_bytes_of(inputs, len(batch)), 1)))
        keys = hashes(batch.row_ids, self._seed)
        drawn = self._drawn(keys)
        if not drawn.size or not _has_units(inputs, len(batch)):
            return
        chosen = Sampled(
            rows_of(inputs, drawn, len(batch)),
            batch.row_ids[drawn],
            keys[drawn],
            None if batch.clusters is None else hashes(batch.clusters[drawn]),
            self._size,
            Facts.of(batch, targets, drawn),
        )
        self.sample = chosen if self.sample is None else self.sample.merged(chosen)

    def _drawn(self, keys: np.ndarray) -> np.ndarray:
        """Positions of the batch's units that belong to the sample so far, by key."""
        kept = self.sample
        full = kept is not None and len(kept) >= self._size
        last = kept.keys[self._size - 1] if kept is not None and full else None
        return in_order(keys, last)[: self._size]
