"""The units whose given label the model contradicts most, by row id: a list for people to look at.

A running selection on the device; the host keeps the row ids of the batches since it last looked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from auditkit.data.batch import Batch
from auditkit.evidence.hashing import hashes
from auditkit.evidence.needs import ReviewNeed
from auditkit.evidence.subject import Subject, ViewKey
from auditkit.evidence.units import Units
from auditkit.models.head import Outputs, Task
from auditkit.statistics.encoding import pack, unpack

_READ_EVERY = 64
_FLOATS = ("margin", "p_given", "p_predicted")
_CODES = ("given", "predicted")


@dataclass(frozen=True, eq=False)
class Review:
    """Labelled units whose label is not the model's most probable class, the clearest first.

    Attributes:
        rows: row ids as text.
        given: codes of their labels, int64 of shape (n,).
        predicted: codes of the most probable class, int64 of shape (n,).
        p_given, p_predicted: probabilities of the two, float64 of shape (n,).
        margin: log-odds of the label against that class, negative, float64 of shape (n,).
        keys: hashes of the row ids, which order units of one margin, uint64 of shape (n,).
        clusters: hashes of the clusters, uint64 of shape (n,); None where none is declared.
        size: units kept at most.

    Raises:
        ValueError: arrays of another length.
    """

    rows: tuple[str, ...]
    given: np.ndarray
    predicted: np.ndarray
    p_given: np.ndarray
    p_predicted: np.ndarray
    margin: np.ndarray
    keys: np.ndarray
    clusters: np.ndarray | None
    size: int

    def __post_init__(self) -> None:
        arrays = [self.keys, *(getattr(self, name) for name in (*_FLOATS, *_CODES))]
        if self.clusters is not None:
            arrays.append(self.clusters)
        if any(array.shape != (len(self.rows),) for array in arrays):
            raise ValueError("the columns of a review differ in length")

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, order: np.ndarray) -> Review:
        """The units at these positions."""
        arrays = {name: getattr(self, name)[order] for name in (*_FLOATS, *_CODES, "keys")}
        rows = tuple(self.rows[place] for place in order)
        clusters = None if self.clusters is None else self.clusters[order]
        return replace(self, rows=rows, clusters=clusters, **arrays)

    def merged(self, other: Review) -> Review:
        """The review of both parts of the data together, the same in any order."""
        joined = {
            name: np.concatenate([getattr(self, name), getattr(other, name)])
            for name in (*_FLOATS, *_CODES, "keys")
        }
        clusters = (
            None
            if self.clusters is None or other.clusters is None
            else np.concatenate([self.clusters, other.clusters])
        )
        size = min(self.size, other.size)
        both = Review(self.rows + other.rows, **joined, clusters=clusters, size=size)
        return both.take(np.lexsort((both.keys, both.margin))[:size])

    def to_bytes(self) -> bytes:
        """Versioned, without pickle."""
        arrays = {name: getattr(self, name) for name in (*_FLOATS, *_CODES)}
        arrays["keys"] = self.keys.view(np.int64)
        if self.clusters is not None:
            arrays["clusters"] = self.clusters.view(np.int64)
        return pack("review", {"rows": list(self.rows), "size": self.size}, arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> Review:
        """What `to_bytes` wrote; anything else is a ValueError."""
        header, arrays = unpack("review", data)
        if set(header) != {"rows", "size"} or set(arrays) - {"clusters"} != {
            *_FLOATS, *_CODES, "keys"
        }:  # fmt: skip
            raise ValueError("damaged review: expected rows, size and their arrays alone")
        clusters = arrays.pop("clusters", None)
        keys = arrays.pop("keys").view(np.uint64)
        return cls(
            tuple(header["rows"]),
            **arrays,
            keys=keys,
            clusters=None if clusters is None else clusters.view(np.uint64),
            size=header["size"],
        )


@dataclass(frozen=True)
class _Waiting:
    """Ids of one batch, until the host looks which of its units were selected."""

    start: int
    row_ids: np.ndarray
    clusters: np.ndarray | None


class ReviewAccumulator:
    """Selects the units of one need.

    Args:
        need: what is asked for.
        device: where outputs are.
    """

    def __init__(self, need: ReviewNeed, device: torch.device) -> None:
        self.need = need
        self._device = device
        # A column of each unit: `_FLOATS`, then `_CODES`, all exact in float64.
        self._kept = torch.zeros((5, 0), dtype=torch.float64, device=device)
        # Hashes and ordinal numbers of the same units.
        self._names = torch.zeros((2, 0), dtype=torch.int64, device=device)
        self._seen = 0
        self._batches = 0
        self._waiting: list[_Waiting] = []
        self._known: dict[int, tuple[str, np.ndarray | None]] = {}

    def add(self, units: Units, batch: Batch, labelled: np.ndarray | None) -> None:
        """Offer a batch.

        Args:
            units: of the need's view.
            batch: for ids.
            labelled: places of the units with a label; None if all have one.
        """
        chosen = slice(None) if labelled is None else labelled
        row_ids = batch.row_ids[chosen]
        clusters = None if batch.clusters is None else batch.clusters[chosen]
        self._waiting.append(_Waiting(self._seen, row_ids, clusters))
        found = contradictions(units)
        if labelled is not None:
            found = found[:, self._moved(labelled)]
        # Signed, and in the order of the unsigned.
        keys = hashes(row_ids) ^ np.uint64(1 << 63)
        ordinals = np.arange(self._seen, self._seen + len(row_ids))
        self._select(found, self._moved(np.stack([keys.view(np.int64), ordinals])))
        self._seen += len(row_ids)
        self._batches += 1
        if self._batches % _READ_EVERY == 0:
            self._look()

    def _moved(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self._device, non_blocking=True)

    def _select(self, found: Tensor, names: Tensor) -> None:
        kept, named = torch.cat([self._kept, found], dim=1), torch.cat([self._names, names], dim=1)
        by_key = named[0].argsort(stable=True)
        order = by_key[kept[0, by_key].argsort(stable=True)][: self.need.count]
        self._kept, self._names = kept[:, order], named[:, order]

    def _look(self) -> None:
        """Note the ids of the units selected so far, and forget all others; reads the device."""
        starts = [one.start for one in self._waiting]
        known: dict[int, tuple[str, np.ndarray | None]] = {}
        for ordinal in self._names[1].cpu().numpy():
            if (before := self._known.get(int(ordinal))) is not None:
                known[int(ordinal)] = before
                continue
            one = self._waiting[int(np.searchsorted(starts, ordinal, side="right")) - 1]
            place = slice(ordinal - one.start, ordinal - one.start + 1)
            cluster = None if one.clusters is None else hashes(one.clusters[place])
            known[int(ordinal)] = (str(one.row_ids[place][0]), cluster)
        self._known, self._waiting = known, []

    def review(self, *, clustered: bool) -> Review:
        """What was selected, without units that the model agrees with; reads the device."""
        self._look()
        kept, (keys, ordinals) = self._kept.cpu().numpy(), self._names.cpu().numpy()
        ids = [self._known[int(ordinal)] for ordinal in ordinals]
        clusters = [cluster for _, cluster in ids if cluster is not None]
        margin, p_given, p_predicted, given, predicted = kept
        found = Review(
            tuple(row for row, _ in ids),
            given.astype(np.int64),
            predicted.astype(np.int64),
            p_given,
            p_predicted,
            margin,
            keys.view(np.uint64) ^ np.uint64(1 << 63),
            np.concatenate([np.zeros(0, dtype=np.uint64), *clusters]) if clustered else None,
            self.need.count,
        )
        return found.take(np.flatnonzero(margin < 0))


def contradictions(units: Units) -> Tensor:
    """How each unit's label stands against the best other class, float64 of shape (5, n).

    The rows: log-odds of the label against that class, the probabilities of the two, their codes.
    """
    given = units.code("target")
    if units.view.task is not Task.MULTICLASS:
        odds, positive = units.value("log_odds"), units.positive.double()
        margin = torch.where(given == 1, odds, -odds)
        of_given = torch.where(given == 1, positive, 1 - positive)
        return torch.stack([margin, of_given, 1 - of_given, given.double(), 1.0 - given])
    scores = units.batch.scores
    # Logits lose nothing near 0 and 1; the order of the classes is the same.
    levels = units.batch.raw if units.view.head.outputs is Outputs.LOGITS else scores
    levels = levels.float() if levels.dtype.itemsize < 4 else levels
    of_given = levels.gather(1, given[:, None])[:, 0].double()
    best, rival = levels.scatter(1, given[:, None], -torch.inf).max(dim=1)
    best = best.double()
    if units.view.head.outputs is not Outputs.LOGITS:
        of_given, best = of_given.log(), best.log()
    pair = [scores.gather(1, one[:, None])[:, 0].double() for one in (given, rival)]
    return torch.stack([of_given - best, *pair, given.double(), rival.double()])


class ReviewLists:
    """The reviews of a plan.

    Args:
        needs: of the plan.
        subject: whose views they name.
        device: where outputs are.

    Raises:
        ValueError: a view that is not of probabilities of two or more classes.
    """

    def __init__(
        self, needs: tuple[ReviewNeed, ...], subject: Subject, device: torch.device
    ) -> None:
        for need in needs:
            view = subject.view(need.view)
            if not view.classifies or not view.probabilistic:
                raise ValueError(f"a review is of probabilities, not of {view.key or 'this'}")
        self._clustered = subject.clustered
        self._lists = [ReviewAccumulator(need, device) for need in needs]

    def add(
        self, units: Mapping[ViewKey, Units], batch: Batch, labelled: np.ndarray | None
    ) -> None:
        """Offer a batch to every list; see `ReviewAccumulator.add`."""
        if labelled is None or labelled.size:
            for one in self._lists:
                one.add(units[one.need.view], batch, labelled)

    def reviews(self) -> dict[ReviewNeed, Review]:
        """What was selected, by need; reads the device."""
        return {one.need: one.review(clustered=self._clustered) for one in self._lists}
