"""Rows one by one, for what sums cannot carry: a capped random sample of them, in Arrow.

Only what a check declared is kept. Rows are named by keyed hashes of their ids, never by the ids.
Of more rows than fit, the units (rows, clusters or lists) with the smallest hashes are kept, each
whole; `sampled` says so. A log lives as long as its audit: no record holds it, and a store only
where the user asks for it (`auditkit.evidence.kept_outcomes`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from auditkit.evidence.bottom_k import in_order, whole_units
from auditkit.evidence.needs import Column

MAX_BYTES = 64 << 20
"""About how large a log grows at most, whatever the number of rows that a check asks for."""

MAX_BYTES_TOGETHER = 256 << 20
"""About how large all logs of one split grow together: of many, each gets its part."""

UNIT, ROW, CLUSTER = "unit", "row", "cluster"
IDENTITY = "identity"
EMBEDDING, OUTPUTS = "embedding", "outputs"


@dataclass(frozen=True, eq=False)
class RowLog:
    """The rows of one need that were kept, by the fragment that they came from.

    Logs of several workers merge to that of the whole, in any order; a fragment that two of them
    read counts once.

    Attributes:
        fragments: id → table with the columns `unit`, `row` and, where a cluster is declared,
            `cluster` (hashes, uint64); one of each declared column and value; and, where asked
            for, `identity`, `embedding` and `outputs`.
        seen: id → number of rows that were read of the fragment.
        size: rows kept at most.
        cutoff: hash of the first unit that was left out; None if all were kept.
        lacking: why the layer asked for gave no embedding; "" if it did, or none was asked for.
    """

    fragments: Mapping[str, pa.Table]
    seen: Mapping[str, int]
    size: int
    cutoff: np.uint64 | None = None
    lacking: str = ""

    def __len__(self) -> int:
        return sum(len(table) for table in self.fragments.values())

    @property
    def rows_seen(self) -> int:
        """How many rows there are in all, kept or not."""
        return sum(self.seen.values())

    @property
    def sampled(self) -> bool:
        """Whether some rows were left out."""
        return self.cutoff is not None

    @property
    def drawn(self) -> str:
        """A sentence on which rows these are; "" if they are all."""
        if not self.sampled:
            return ""
        return (
            f"A random sample of {len(self):,} of {self.rows_seen:,} rows, drawn by a keyed hash "
            "of their ids."
        )

    @cached_property
    def table(self) -> pa.Table:
        """All rows kept, in the order of the hashes of their units, then of their own."""
        if not self.fragments:
            return pa.table({UNIT: pa.array([], pa.uint64()), ROW: pa.array([], pa.uint64())})
        whole = pa.concat_tables(self.fragments.values())
        order = np.lexsort([_numbers(whole, ROW), _numbers(whole, UNIT)])
        return whole.take(pa.array(order)).combine_chunks()

    @property
    def units(self) -> np.ndarray:
        """Hash of the unit that each row is kept with, uint64 of shape (rows,)."""
        return _numbers(self.table, UNIT)

    @property
    def rows(self) -> np.ndarray:
        """Keyed hash of each row's id, uint64 of shape (rows,)."""
        return _numbers(self.table, ROW)

    @property
    def identities(self) -> np.ndarray:
        """Salted hash of each row's id, uint64 of shape (rows,).

        Raises:
            KeyError: none was asked for.
        """
        return self._of(IDENTITY).astype(np.uint64)

    @property
    def clusters(self) -> np.ndarray | None:
        """Hash of each row's cluster, uint64 of shape (rows,); None where none is declared.

        It is salted where the need has a salt.
        """
        return _numbers(self.table, CLUSTER) if CLUSTER in self.table.column_names else None

    def codes(self, column: Column) -> np.ndarray:
        """Codes of a column, int64 of shape (rows,).

        Raises:
            KeyError: it was not asked for, or holds labels.
        """
        return self._of(str(column)).astype(np.int64)

    def labels(self, column: Column) -> np.ndarray:
        """Labels of a group, control or feature, text of shape (rows,).

        Raises:
            KeyError: it was not asked for.
        """
        return self._of(str(column)).astype(str)

    def values(self, name: str) -> np.ndarray:
        """A value of each row, float64 of shape (rows,).

        Raises:
            KeyError: it was not asked for.
        """
        return self._of(f"value:{name}").astype(np.float64)

    @property
    def embedding(self) -> np.ndarray:
        """What the layer computed, float32 of shape (rows, d), d at most 64.

        Raises:
            KeyError: none was asked for, or there is none; see `lacking`.
        """
        if not len(self) and not self.lacking:
            return np.zeros((0, 0), dtype=np.float32)
        return self._wide(EMBEDDING)

    @property
    def outputs(self) -> np.ndarray:
        """All that the view's head returned, float32 of shape (rows, numbers).

        Raises:
            KeyError: it was not asked for.
        """
        return self._wide(OUTPUTS) if len(self) else np.zeros((0, 0), dtype=np.float32)

    def _wide(self, name: str) -> np.ndarray:
        if name not in self.table.column_names:
            raise KeyError(name)
        column = self.table[name].combine_chunks()
        flat = column.flatten().to_numpy(zero_copy_only=False)
        return np.asarray(flat.reshape(len(self), -1))

    def _of(self, name: str) -> np.ndarray:
        if not len(self):
            return np.zeros(0)
        return _numbers(self.table, name)

    def merged(self, other: RowLog) -> RowLog:
        """The log of both parts of the data together."""
        fragments, seen = dict(self.fragments), dict(self.seen)
        for name, rows in other.seen.items():
            if seen.get(name, -1) < rows:
                seen[name] = rows
                if name in other.fragments:
                    fragments[name] = other.fragments[name]
        lowest = [log.cutoff for log in (self, other) if log.cutoff is not None]
        lacking = min(filter(None, (self.lacking, other.lacking)), default="")
        return settled(fragments, seen, self.size, min(lowest, default=None), lacking)

    def to_bytes(self) -> bytes:
        """The log as an Arrow stream, reversible by `from_bytes`."""
        names = sorted(self.fragments)
        content = {
            "fragments": [[name, len(self.fragments[name])] for name in names],
            "seen": dict(sorted(self.seen.items())),
            "size": self.size,
            "cutoff": None if self.cutoff is None else int(self.cutoff),
            "lacking": self.lacking,
        }
        whole = pa.concat_tables(self.fragments[name] for name in names) if names else self.table
        whole = whole.combine_chunks().replace_schema_metadata({"log": json.dumps(content)})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, whole.schema) as writer:
            writer.write_table(whole)
        return bytes(sink.getvalue())

    @classmethod
    def from_bytes(cls, data: bytes) -> RowLog:
        """The log that `to_bytes` wrote; nothing in the bytes is run."""
        whole = pa.ipc.open_stream(data).read_all()
        content = json.loads(whole.schema.metadata[b"log"])
        whole = whole.replace_schema_metadata(None)
        fragments, start = {}, 0
        for name, rows in content["fragments"]:
            fragments[name] = whole.slice(start, rows)
            start += rows
        cutoff = None if content["cutoff"] is None else np.uint64(content["cutoff"])
        return cls(fragments, content["seen"], content["size"], cutoff, content["lacking"])


def settled(
    fragments: Mapping[str, pa.Table],
    seen: Mapping[str, int],
    size: int,
    cutoff: np.uint64 | None,
    lacking: str,
) -> RowLog:
    """A log of no more than `size` of these rows; see `RowLog` for the arguments."""
    kept = {name: _below(table, cutoff) for name, table in fragments.items()}
    units = [_numbers(table, UNIT) for table in kept.values()]
    keys = np.concatenate(units) if units else np.zeros(0, dtype=np.uint64)
    _, full = whole_units(keys[in_order(keys)], size)
    if full is not None:
        cutoff = full
        kept = {name: _below(table, cutoff) for name, table in kept.items()}
    if lacking:
        kept = {name: without_embedding(table) for name, table in kept.items()}
    return RowLog(
        {n: table for n, table in kept.items() if len(table)}, seen, size, cutoff, lacking
    )


def _below(table: pa.Table, cutoff: np.uint64 | None) -> pa.Table:
    if cutoff is None:
        return table
    inside = _numbers(table, UNIT) < cutoff
    return table if inside.all() else table.filter(pa.array(inside))


def without_embedding(table: pa.Table) -> pa.Table:
    """A table without the embedding, whether it has one or not."""
    return table.drop_columns([EMBEDDING]) if EMBEDDING in table.column_names else table


def _numbers(table: pa.Table, name: str) -> np.ndarray:
    column: Any = table[name]
    return np.asarray(column.to_numpy())
