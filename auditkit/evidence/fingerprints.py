"""The units of a split by what they hold, for what compares units with each other.

Of more units than fit, those with the smallest keyed hashes are kept, so that it is the same ones
in any order, batch size or number of workers. They live as long as their audit: no record holds
them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from auditkit.evidence.bottom_k import in_order

MAX_BYTES = 256 << 20
"""About how large the fingerprints of one split grow, whatever the number of rows asked for."""

_BESIDE = 64
"""Bytes of a row beside its vector: id, key, hash of the content, cluster and time."""


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """Units of one split, in the order of their keys.

    Attributes:
        row_ids: of the units, int64 or text as of `Batch`, shape (n,).
        keys: keyed hashes of the row ids, uint64 of shape (n,): the same as in all row-wise
            evidence.
        content: hash of 128 bits of what a unit holds, in canonical form, uint64 of shape (n, 2);
            two units that hold the same have one hash.
        vectors: what a unit holds, as a vector of length one, float16 of shape (n, d): units that
            hold nearly the same have a scalar product near 1. A unit of which nothing can be said
            (an image of one colour) has zeros. d = 0 where there are no vectors.
        clusters: hashes of the clusters, uint64 of shape (n,); None where none is declared.
        times: of the units, float64 of shape (n,): as declared, or seconds since 1970; NaN where
            there is none. None where none is declared.
        size: units kept at most.
        seen: units read.
        lacking: why there are no vectors, or no units, as a full sentence; "" if there are.
    """

    row_ids: np.ndarray
    keys: np.ndarray
    content: np.ndarray
    vectors: np.ndarray
    clusters: np.ndarray | None
    times: np.ndarray | None
    size: int
    seen: int
    lacking: str = ""

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def sampled(self) -> bool:
        """Whether some units were left out."""
        return self.seen > len(self) >= self.size

    @property
    def drawn(self) -> str:
        """A sentence on which units these are; "" if they are all."""
        if not self.sampled:
            return ""
        return (
            f"A random sample of {len(self):,} of {self.seen:,} rows, drawn by a keyed hash of "
            "their ids."
        )

    def take(self, order: np.ndarray) -> Fingerprints:
        """A copy of the units at these positions."""
        return Fingerprints(
            self.row_ids[order],
            self.keys[order],
            self.content[order],
            self.vectors[order],
            None if self.clusters is None else self.clusters[order],
            None if self.times is None else self.times[order],
            self.size,
            self.seen,
            self.lacking,
        )

    def merged(self, other: Fingerprints) -> Fingerprints:
        """The units of both parts together; one that both have read is there once."""
        return together([self, other])

    def to_bytes(self) -> bytes:
        """The units as an Arrow stream, reversible by `from_bytes`."""
        columns = {
            "row_id": pa.array(self.row_ids.tolist() if len(self) else [], _id_type(self.row_ids)),
            "key": pa.array(self.keys),
            "high": pa.array(np.ascontiguousarray(self.content[:, 0])),
            "low": pa.array(np.ascontiguousarray(self.content[:, 1])),
            "vector": _wide(self.vectors),
        }
        for name, values in (("cluster", self.clusters), ("time", self.times)):
            if values is not None:
                columns[name] = pa.array(values)
        about = {
            "size": self.size,
            "seen": self.seen,
            "lacking": self.lacking,
            "width": self.vectors.shape[1],
        }
        table = pa.table(columns).replace_schema_metadata({"about": json.dumps(about)})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return bytes(sink.getvalue())

    @classmethod
    def from_bytes(cls, data: bytes) -> Fingerprints:
        """The units that `to_bytes` wrote; nothing in the bytes is run."""
        table = pa.ipc.open_stream(data).read_all()
        about = json.loads(table.schema.metadata[b"about"])
        numbers = {
            name: table[name].to_numpy()
            for name in ("key", "high", "low", "cluster", "time")
            if name in table.column_names
        }
        ids, whole = table["row_id"], pa.types.is_integer(table.schema.field("row_id").type)
        return cls(
            np.array(ids.to_pylist(), dtype=np.int64 if whole else object),
            numbers["key"],
            np.column_stack([numbers["high"], numbers["low"]]),
            _narrow(table["vector"], about["width"]),
            numbers.get("cluster"),
            numbers.get("time"),
            about["size"],
            about["seen"],
            about["lacking"],
        )


def rows_at_most(rows: int, width: int) -> int:
    """How many units are kept of vectors with so many numbers, where `rows` are asked for.

    >>> rows_at_most(500_000, 256), rows_at_most(1000, 256)
    (466033, 1000)
    """
    return max(1, min(rows, MAX_BYTES // (_BESIDE + 2 * width)))


def nothing_seen(size: int) -> Fingerprints:
    """The fingerprints of no unit at all."""
    none = np.zeros(0, dtype=np.uint64)
    return Fingerprints(
        np.zeros(0, dtype=np.int64),
        none,
        none.reshape(0, 2),
        np.zeros((0, 0), dtype=np.float16),
        None,
        None,
        size,
        0,
    )


def together(parts: Sequence[Fingerprints]) -> Fingerprints:
    """The fingerprints of several parts together; at least one.

    Where one part has no vectors, or they differ in length, none has: `lacking` says so.
    """
    seen, size = sum(part.seen for part in parts), min(part.size for part in parts)
    # A part of no unit knows neither the type of the ids nor the length of the vectors.
    known = [part for part in parts if part.seen] or list(parts[:1])
    lacking = min(filter(None, (part.lacking for part in known)), default="")
    if not lacking and len({part.vectors.shape[1] for part in known}) > 1:
        lacking = "There are no vectors of the content, since units differ in their kind."
    keys = np.concatenate([part.keys for part in known])
    order = in_order(keys)
    again = np.zeros(len(order), dtype=np.bool_)
    again[1:] = keys[order[1:]] == keys[order[:-1]]
    order = order[~again][:size]
    clusters = [part.clusters for part in known if part.clusters is not None]
    times = [part.times for part in known if part.times is not None]
    return Fingerprints(
        np.concatenate([part.row_ids for part in known])[order],
        keys[order],
        np.concatenate([part.content for part in known])[order],
        np.zeros((len(order), 0), dtype=np.float16)
        if lacking
        else _gathered([part.vectors for part in known], order),
        np.concatenate(clusters)[order] if len(clusters) == len(known) else None,
        np.concatenate(times)[order] if len(times) == len(known) else None,
        size,
        seen,
        lacking,
    )


def _gathered(parts: Sequence[np.ndarray], order: np.ndarray) -> np.ndarray:
    """Rows of several arrays one after the other, without a copy of all of them."""
    found = np.empty((len(order), parts[0].shape[1]), dtype=np.float16)
    start = 0
    for part in parts:
        here = np.flatnonzero((order >= start) & (order < start + len(part)))
        found[here] = part[order[here] - start]
        start += len(part)
    return found


def _id_type(row_ids: np.ndarray) -> pa.DataType:
    return pa.int64() if row_ids.dtype.kind in "iu" else pa.string()


def _wide(vectors: np.ndarray) -> pa.Array:
    rows = np.ascontiguousarray(vectors, dtype=np.float16)
    kind = pa.binary(rows.shape[1] * 2)
    return pa.Array.from_buffers(kind, len(rows), [None, pa.py_buffer(rows)])


def _narrow(column: pa.ChunkedArray, width: int) -> np.ndarray:
    if not width or not len(column):
        return np.zeros((len(column), width), dtype=np.float16)
    whole = pa.concat_arrays(column.chunks)
    numbers = np.frombuffer(whole.buffers()[1], dtype=np.float16)
    return numbers[: len(column) * width].reshape(len(column), width).copy()
