"""Fills row logs batch by batch; the device is read once for many batches.

Which rows may be kept is known from their ids, so that most rows of a long pass are passed over
without looking at the outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from auditkit.data.batch import Batch
from auditkit.errors import ConfigurationError
from auditkit.evidence.bottom_k import in_order
from auditkit.evidence.hashing import hashes
from auditkit.evidence.host_axes import HostAxes
from auditkit.evidence.identities import DRAWN_BY, identities
from auditkit.evidence.needs import BLOCK, FOLD, Column, RowNeed, rests_on_labels
from auditkit.evidence.row_log import (
    CLUSTER,
    EMBEDDING,
    IDENTITY,
    MAX_BYTES,
    MAX_BYTES_TOGETHER,
    OUTPUTS,
    ROW,
    UNIT,
    RowLog,
    settled,
    without_embedding,
)
from auditkit.evidence.subject import ViewKey
from auditkit.evidence.units import Units
from auditkit.models.layers import Heard
from auditkit.models.wrapped import WrappedModel

MAX_DIMENSIONS = 64
_PROJECTION_SEED = 20_260_101
_TEXT_BYTES = 24


@dataclass(frozen=True)
class _Part:
    """What one batch leaves until the device is read: its rows that may be kept."""

    fragment: str
    hashed: Mapping[str, np.ndarray]
    of_data: Mapping[Column, np.ndarray]
    of_outputs: Tensor
    outputs: Tensor | None
    embedding: Tensor | None


class RowRecorder:
    """Fills the log of one need.

    Args:
        need: what to keep.
        host: the axes of the data, for their labels.
        seed: of the sample.
        size: rows kept at most; see `rows_at_most`.
    """

    def __init__(self, need: RowNeed, host: HostAxes, seed: int, size: int) -> None:
        self.need = need
        self.of_data = [column for column in need.columns if column.of_data]
        self._of_outputs = [column for column in need.columns if not column.of_data]
        self._host = host
        self._seed = DRAWN_BY if need.salt else seed
        self._log = RowLog({}, {}, size)
        self._seen: dict[str, int] = {}
        self._pending: list[_Part] = []
        self._waiting = 0
        self._dimensions: int | None = None
        self._lacking = ""
        self._of_labels = rests_on_labels(need)

    # Six arguments with self: a batch, and what was made of it.
    def add(
        self,
        fragment: str,
        batch: Batch,
        codes: Mapping[Column, np.ndarray],
        units: Mapping[ViewKey, Units],
        heard: Heard | None,
    ) -> None:
        """Offer a batch.

        Args:
            fragment: that the batch is of.
            batch: for ids.
            codes: of the columns of the data, int64 of shape (n,) each.
            units: of each view.
            heard: what the layer computed; None if none was asked for.
        """
        labelled = batch.labelled_places if self._of_labels else None
        offered = len(batch) if labelled is None else len(labelled)
        self._seen[fragment] = self._seen.get(fragment, 0) + offered
        keys = hashes(self._whole(batch), self._seed)
        rows = in_order(keys, self._log.cutoff)
        if labelled is not None:
            rows = rows[np.isin(rows, labelled)]
        lack = "" if heard is None else heard.lack(self.need.layer, len(batch))
        self._lacking = self._lacking or lack
        if not rows.size:
            return
        positions = torch.from_numpy(rows)
        hashed = {UNIT: keys[rows], ROW: hashes(batch.row_ids[rows], self._seed)}
        if batch.clusters is not None:
            hashed[CLUSTER] = hashes(batch.clusters[rows])
        if self.need.salt:
            hashed |= self._salted(batch, rows)
        self._pending.append(
            _Part(
                fragment,
                hashed,
                {column: codes[column][rows] for column in self.of_data},
                self._numbers(units, positions),
                self._outputs(units, positions),
                self._embedding(heard, positions),
            )
        )
        self._waiting += len(rows)
        if self._waiting > 2 * self._log.size:
            self._settle()

    def _salted(self, batch: Batch, rows: np.ndarray) -> dict[str, np.ndarray]:
        """The names of rows and clusters that outlive the run."""
        named = {IDENTITY: identities(batch.row_ids[rows], self.need.salt, "row")}
        if batch.clusters is not None:
            named[CLUSTER] = identities(batch.clusters[rows], self.need.salt, "cluster")
        return named

    def _whole(self, batch: Batch) -> np.ndarray:
        """The ids of the units that are kept whole."""
        if self.need.whole == "query":
            if batch.queries is None:
                raise ConfigurationError(
                    "A check asks for lists, and no column of lists is declared.",
                    mend="Declare data.query.",
                )
            return batch.queries
        by_cluster = self.need.whole == "cluster" and batch.clusters is not None
        return batch.clusters if by_cluster and batch.clusters is not None else batch.row_ids

    def _numbers(self, units: Mapping[ViewKey, Units], positions: Tensor) -> Tensor:
        """Codes and values of the outputs, float64 of shape (columns and values, rows)."""
        if self.need.view is None or not (self._of_outputs or self.need.values):
            return torch.zeros((0, len(positions)), dtype=torch.float64)
        of_view = units[self.need.view]
        found = [of_view.code(column.kind).double() for column in self._of_outputs]
        found += [of_view.value(name) for name in self.need.values]
        stacked = torch.stack(found)
        return stacked[:, positions.to(stacked.device, non_blocking=True)]

    def _outputs(self, units: Mapping[ViewKey, Units], positions: Tensor) -> Tensor | None:
        """All that the head returned, float32 of shape (rows, numbers)."""
        if not self.need.outputs or self.need.view is None:
            return None
        raw: Tensor = units[self.need.view].batch.raw
        chosen = raw[positions.to(raw.device, non_blocking=True)].detach().float()
        return chosen[:, None] if chosen.ndim == 1 else chosen

    def _embedding(self, heard: Heard | None, positions: Tensor) -> Tensor | None:
        if heard is None or self._lacking:
            return None
        found = heard.embedding(positions)
        known = self._dimensions = self._dimensions or found.shape[1]
        if known != found.shape[1]:
            self._lacking = (
                f"The layer {self.need.layer!r} gave vectors of {known} numbers, and of "
                f"{found.shape[1]} for other units."
            )
            return None
        return projected(found)

    def log(self) -> RowLog:
        """What was kept; reads the device."""
        self._settle()
        return self._log

    def _settle(self) -> None:
        tables: dict[str, list[pa.Table]] = {
            name: [table] for name, table in self._log.fragments.items()
        }
        for part, table in zip(self._pending, self._tables(), strict=True):
            tables.setdefault(part.fragment, []).append(table)
        self._pending, self._waiting = [], 0
        log = self._log
        whole = {name: _concatenated(found, self._lacking) for name, found in tables.items()}
        self._log = settled(whole, dict(self._seen), log.size, log.cutoff, self._lacking)

    def _tables(self) -> Iterator[pa.Table]:
        """A table of each part, from one read of the device."""
        if not self._pending:
            return
        numbers = torch.cat([part.of_outputs for part in self._pending], dim=1).cpu().numpy()
        vectors = _together(part.embedding for part in self._pending)
        outputs = _together(part.outputs for part in self._pending)
        start = 0
        for part in self._pending:
            end = start + len(part.hashed[UNIT])
            rows = {OUTPUTS: outputs, EMBEDDING: None if self._lacking else vectors}
            wide = {name: one[start:end] for name, one in rows.items() if one is not None}
            yield self._table(part, numbers[:, start:end], wide)
            start = end

    def _table(self, part: _Part, numbers: np.ndarray, wide: Mapping[str, np.ndarray]) -> pa.Table:
        columns: dict[str, pa.Array] = {name: pa.array(one) for name, one in part.hashed.items()}
        for column in self.of_data:
            columns[str(column)] = self._labelled(column, part.of_data[column])
        codes = len(self._of_outputs)
        for column, found in zip(self._of_outputs, numbers[:codes], strict=True):
            columns[str(column)] = pa.array(found.astype(np.int64))
        for name, found in zip(self.need.values, numbers[codes:], strict=True):
            columns[f"value:{name}"] = pa.array(found)
        for name, rows in wide.items():
            flat = pa.array(np.ascontiguousarray(rows).ravel())
            columns[name] = pa.FixedSizeListArray.from_arrays(flat, rows.shape[1])
        return pa.table(columns)

    def _labelled(self, column: Column, codes: np.ndarray) -> pa.Array:
        """Labels, since codes of open axes are those of one process alone."""
        if column in (BLOCK, FOLD):
            return pa.array(codes)
        labels = pa.array(self._host.axis(column).labels, pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(codes), labels).cast(pa.string())


def _together(parts: Iterable[Tensor | None]) -> np.ndarray | None:
    """The rows of all parts that have any, from one read of the device."""
    found = [part for part in parts if part is not None]
    return torch.cat(found).cpu().numpy() if found else None


def _concatenated(tables: Sequence[pa.Table], lacking: str) -> pa.Table:
    same = [without_embedding(table) for table in tables] if lacking else tables
    return pa.concat_tables(same).combine_chunks()


def rows_at_most(need: RowNeed, logs: int = 1, numbers: int = 0) -> int:
    """How many rows of a need are kept: as many as it asks for, or as fit beside other logs.

    Args:
        need: what is kept of a row.
        logs: how many logs there are.
        numbers: how many numbers the head gives of a row, where all are kept.
    """
    width = 8 * (3 + bool(need.salt) + len(need.values)) + _TEXT_BYTES * len(need.columns)
    width += 4 * MAX_DIMENSIONS if need.layer else 0
    width += 4 * numbers if need.outputs else 0
    return min(need.rows, max(1, min(MAX_BYTES, MAX_BYTES_TOGETHER // logs) // width))


def projected(embedding: Tensor) -> Tensor:
    """An embedding of at most 64 dimensions, float32 of shape (rows, min(d, 64)).

    A larger one is multiplied by a Gaussian matrix that is the same for every model of its size:
    distances are kept within about a fifth, and what a line separates in the projection, a line
    separates in the embedding. The converse does not hold: probes of it are lower bounds.

    Source: Johnson and Lindenstrauss 1984; Achlioptas 2003.

    Args:
        embedding: float32 of shape (rows, d).
    """
    dimensions = embedding.shape[1]
    if dimensions <= MAX_DIMENSIONS:
        return embedding
    return embedding @ _projection(dimensions).to(embedding.device)


@lru_cache(maxsize=4)
def _projection(dimensions: int) -> Tensor:
    generator = np.random.default_rng((_PROJECTION_SEED, dimensions))
    matrix = generator.normal(size=(dimensions, MAX_DIMENSIONS)) / MAX_DIMENSIONS**0.5
    return torch.from_numpy(matrix.astype(np.float32))


def _numbers_of(need: RowNeed, model: WrappedModel) -> int:
    """How many numbers the head of a need gives of a row."""
    if need.view is None:
        return 0
    (head,) = (head for head in model.heads if head.name == need.view.head)
    return head.numbers


class RowRecorders:
    """The logs of a plan.

    Args:
        needs: of the plan.
        model: opened.
        host: the axes of the data.
        seed: of the samples.

    Attributes:
        columns: those of the data whose codes are needed.
    """

    def __init__(
        self, needs: Sequence[RowNeed], model: WrappedModel, host: HostAxes, seed: int
    ) -> None:
        self._recorders = [
            RowRecorder(need, host, seed, rows_at_most(need, len(needs), _numbers_of(need, model)))
            for need in needs
        ]
        self._model = model
        self._layers = tuple(dict.fromkeys(need.layer for need in needs if need.layer))
        self.columns = tuple(
            dict.fromkeys(column for one in self._recorders for column in one.of_data)
        )

    @contextmanager
    def listening(self) -> Iterator[Mapping[str, Heard]]:
        """While the context lasts, the layers asked for are heard: layer → what it computed."""
        with ExitStack() as stack:
            yield {
                layer: stack.enter_context(self._model.listening(layer)) for layer in self._layers
            }

    def add(
        self,
        fragment: str,
        batch: Batch,
        codes: Mapping[Column, np.ndarray],
        units: Mapping[ViewKey, Units],
        heard: Mapping[str, Heard],
    ) -> None:
        """Offer a batch to every log; see `RowRecorder.add`."""
        for recorder in self._recorders:
            recorder.add(fragment, batch, codes, units, heard.get(recorder.need.layer))

    def logs(self) -> dict[RowNeed, RowLog]:
        """What was kept, by need."""
        return {recorder.need: recorder.log() for recorder in self._recorders}
