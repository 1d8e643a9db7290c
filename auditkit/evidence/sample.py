"""A random sample of units for what is too dear for all of them: the k smallest keyed hashes.

The hash is of the row id and the seed, so that the sample is the same whatever the order, the batch
size or the number of workers, and two workers' samples merge into the sample of both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from auditkit.data.batch import Batch
from auditkit.evidence.bottom_k import in_order
from auditkit.evidence.by_unit import UnlikeError, bytes_of, gathered, has_units, rows_of
from auditkit.evidence.facts import Facts
from auditkit.evidence.hashing import hashes

MAX_BYTES = 256 << 20
"""About how much the inputs of a sample take at most: of large ones fewer are drawn."""

NO_UNITS = "No sample could be drawn: no input is a tensor whose first axis is the units."


@dataclass(frozen=True)
class Sampled:
    """Units drawn, on the CPU, in the order of their keys.

    Attributes:
        inputs: prepared inputs; None where no tensor of them has an axis of units, and the model's
            preprocess makes them from the raw features (`facts.frame`) whenever they are wanted.
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
        """A copy of the units at these positions."""
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
        """The sample of both together.

        Raises:
            UnlikeError: their inputs differ in shape.
        """
        return together([self, other])


def together(parts: Sequence[Sampled]) -> Sampled:
    """The sample of several parts together; at least one.

    Raises:
        UnlikeError: their inputs differ in shape.
    """
    size = min(part.size for part in parts)
    keys = np.concatenate([part.keys for part in parts])
    order = in_order(keys)[:size]
    clusters = [part.clusters for part in parts if part.clusters is not None]
    return Sampled(
        gathered([part.inputs for part in parts], [len(part) for part in parts], order),
        np.concatenate([part.row_ids for part in parts])[order],
        keys[order],
        np.concatenate(clusters)[order] if len(clusters) == len(parts) else None,
        size,
        Facts.together([part.facts for part in parts]).take(order),
    )


class Sampler:
    """Keeps the `size` units with the smallest keyed hashes seen so far."""

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._seed = seed
        self._settled: Sampled | None = None
        self._pending: list[Sampled] = []
        self._waiting = 0
        self._sized = False
        self._lacking = ""

    @property
    def sample(self) -> Sampled | None:
        """The units drawn; None where none were offered, or `lacking` says why there are none."""
        self._settle()
        return self._settled

    @property
    def lacking(self) -> str:
        """Why no sample can be drawn, as a full sentence; "" if one can."""
        self._settle()
        return self._lacking

    def add(self, inputs: Any, batch: Batch, targets: Mapping[str, Any]) -> None:
        """Offer a batch, before the model has it: a model may write to its inputs.

        Only rows that are drawn are copied, and only for them is the device read. Inputs without
        any tensor whose first axis is the units (a list of images, say) can be drawn as raw
        features alone, and leave no sample where there are none.

        Args:
            inputs: prepared inputs of the batch.
            batch: for row ids, clusters and raw features.
            targets: head → its encoded targets, on the CPU.
        """
        if self._lacking:
            return
        if not self._sized:
            largest = MAX_BYTES // max(bytes_of(inputs, len(batch)), 1)
            self._size, self._sized = min(self._size, max(1, largest)), True
        keys = hashes(batch.row_ids, self._seed)
        drawn = self._drawn(keys)
        if not drawn.size:
            return
        by_unit = has_units(inputs, len(batch))
        if not by_unit and batch.frame is None:
            self._give_up(NO_UNITS)
            return
        self._pending.append(
            Sampled(
                rows_of(inputs, drawn, len(batch)) if by_unit else None,
                batch.row_ids[drawn],
                keys[drawn],
                None if batch.clusters is None else hashes(batch.clusters[drawn]),
                self._size,
                Facts.of(batch, targets, drawn),
            )
        )
        self._waiting += len(drawn)
        # What is kept is copied once for many batches, and never for a single unit.
        if self._waiting > self._size:
            self._settle()

    def _drawn(self, keys: np.ndarray) -> np.ndarray:
        """Positions of the batch's units that belong to the sample so far, by key."""
        kept = self._settled
        full = kept is not None and len(kept) >= self._size
        last = kept.keys[self._size - 1] if kept is not None and full else None
        return in_order(keys, last)[: self._size]

    def _settle(self) -> None:
        if not self._pending:
            return
        parts = self._pending if self._settled is None else [self._settled, *self._pending]
        self._pending, self._waiting = [], 0
        try:
            self._settled = together(parts)
        except UnlikeError as reason:
            self._give_up(f"No sample could be drawn. {reason}")

    def _give_up(self, reason: str) -> None:
        self._lacking, self._settled, self._pending = reason, None, []
