"""Takes the fingerprints of one split, batch by batch; only what may be kept is looked at."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from auditkit.data.batch import Batch
from auditkit.evidence.bottom_k import in_order
from auditkit.evidence.contents import DIMENSIONS, content_of
from auditkit.evidence.fingerprint_needs import FingerprintNeed
from auditkit.evidence.fingerprints import Fingerprints, nothing_seen, rows_at_most, together
from auditkit.evidence.hashing import hashes

_WAITING = 0.25
"""How much waits to be put together, as a share of what is kept at most."""


class Fingerprinter:
    """Fills the fingerprints of one need.

    Args:
        need: how many units.
        seed: of the sample.
        medium: what an input is, as of `auditkit.models.medium`; "" where that is not known.
        answers: columns that hold a model's answers, which are no content.
    """

    def __init__(
        self, need: FingerprintNeed, seed: int, medium: str = "", answers: Collection[str] = ()
    ) -> None:
        self._size = rows_at_most(need.rows, DIMENSIONS)
        self._seed = seed
        self._medium = medium
        self._answers = answers
        self._settled = nothing_seen(self._size)
        self._pending: list[Fingerprints] = []
        self._waiting = 0
        self._passed = 0

    @property
    def fingerprints(self) -> Fingerprints:
        """What was found so far."""
        self._settle()
        return self._settled

    def add(self, batch: Batch) -> None:
        """Offer a batch, before the model has it: a model may write to its inputs."""
        keys = hashes(batch.row_ids, self._seed)
        rows = self._drawn(keys)
        self._passed += len(batch) - len(rows)
        if not rows.size:
            return
        content = content_of(batch, rows, self._medium, self._answers)
        told = rows if len(content) else rows[:0]
        self._pending.append(
            Fingerprints(
                batch.row_ids[told],
                keys[told],
                content.hashes,
                content.vectors.astype(np.float16),
                None if batch.clusters is None else hashes(batch.clusters[told]),
                None if batch.times is None else _times(batch.times[told]),
                self._size,
                len(rows),
                content.lacking,
            )
        )
        self._waiting += len(rows)
        # What is kept is copied once for many batches, and what waits is a part of it.
        if self._waiting > _WAITING * self._size:
            self._settle()

    def _drawn(self, keys: np.ndarray) -> np.ndarray:
        """Positions of the batch's units that belong to the smallest so far, by key."""
        kept = self._settled
        last = kept.keys[self._size - 1] if len(kept) >= self._size else None
        return in_order(keys, last)[: self._size]

    def _settle(self) -> None:
        if not self._pending and not self._passed:
            return
        whole = together([self._settled, *self._pending])
        self._settled = replace(whole, seen=whole.seen + self._passed)
        self._pending, self._waiting, self._passed = [], 0, 0


def _times(times: np.ndarray) -> np.ndarray:
    """Times as numbers; dates as seconds since 1970."""
    array = np.asarray(times)
    if array.dtype.kind == "M":
        micros = array.astype("datetime64[us]")
        seconds = micros.astype(np.int64) / 1e6
        return np.where(np.isnat(micros), np.nan, seconds)
    return array.astype(np.float64)
