"""Codes made on the host, from the data rather than from the model: groups, blocks, features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from auditkit.data.batch import Batch
from auditkit.errors import DataError
from auditkit.evidence.hashing import BLOCKS, FOLDS, blocks, folds
from auditkit.evidence.levels import Bins, Vocabulary
from auditkit.evidence.needs import BLOCK, FOLD, Column
from auditkit.evidence.slice_levels import SliceLevels
from auditkit.evidence.subject import Subject
from auditkit.statistics.counts import Axis

Edges = Mapping[str, tuple[float, ...] | None]
"""Stream → edges of its bins; None for one that is not numeric."""

_HASHED: Mapping[Column, tuple[tuple[str, ...], Callable[[np.ndarray], np.ndarray]]] = {
    BLOCK: (tuple(str(block) for block in range(BLOCKS)), blocks),
    FOLD: (FOLDS, folds),
}
"""Columns that are a hash of the id of the independent unit: their labels, and the hash."""


class HostAxes:
    """The axes of one split whose codes come from the data; labels are found as these come in.

    Args:
        subject: what is audited.
        edges: of the features that may be asked for.
        split: its name, for messages.
    """

    def __init__(self, subject: Subject, edges: Edges, split: str) -> None:
        self._levels: dict[Column, Vocabulary | Bins] = {
            Column(kind, one.name): Vocabulary()
            for kind, declared in (
                ("group", subject.columns.groups),
                ("control", subject.columns.controls),
            )
            for one in declared
        }
        self._levels |= {Column("feature", name): Bins(edges[name]) for name in edges}
        self._slices = {
            name: SliceLevels(labels, _edges_of(name, edges))
            for name, labels in subject.slice_levels.items()
        }
        self._split = split

    def encode(self, batch: Batch, wanted: Sequence[Column]) -> dict[Column, np.ndarray]:
        """Codes of the wanted columns for one batch, int64 of shape (n,) each.

        Raises:
            DataError: a feature is wanted that this split does not have.
        """
        return {column: self._codes(batch, column) for column in wanted}

    def _codes(self, batch: Batch, column: Column) -> np.ndarray:
        if column in _HASHED:
            units = batch.row_ids if batch.clusters is None else batch.clusters
            return _HASHED[column][1](units)
        levels = self._levels[column]
        if isinstance(levels, Bins):
            return levels.encode(self._feature(batch, column.name))
        attributes = batch.groups if column.kind == "group" else batch.controls
        values = attributes[column.name]
        return levels.encode(np.asarray(values.codes), [str(one) for one in values.categories])

    def slice_codes(self, batch: Batch, column: Column) -> np.ndarray:
        """Codes of a group or feature among its levels of `Subject.slice_levels`; as `encode`."""
        levels = self._slices[str(column)]
        if column.kind == "feature":
            return levels.encode(self._feature(batch, column.name))
        values = batch.groups[column.name]
        return levels.recoded(np.asarray(values.codes), [str(one) for one in values.categories])

    def slice_axis(self, column: Column) -> Axis:
        """The axis whose codes are those of `slice_codes`."""
        return Axis(str(column), self._slices[str(column)].labels)

    def _feature(self, batch: Batch, name: str) -> pd.Series:
        if batch.frame is None or name not in batch.frame.columns:
            raise DataError(
                f"The {self._split} data have no table feature {name!r}, which the training data "
                "have and which is compared between the two.",
                mend="Declare features that both splits have, or give both as tables.",
            )
        return batch.frame[name]

    def size(self, column: Column) -> int:
        """How many codes the column has so far."""
        return len(_HASHED[column][0] if column in _HASHED else self._levels[column])

    def axis(self, column: Column) -> Axis:
        """The axis of a column, with its labels so far."""
        if column in _HASHED:
            return Axis(str(column), _HASHED[column][0])
        levels = self._levels[column]
        is_open = isinstance(levels, Vocabulary) or not levels.numeric
        return Axis(str(column), levels.labels, open=is_open)


def _edges_of(axis: str, edges: Edges) -> tuple[float, ...] | None:
    """The edges of an axis of slices; None for a group, and for a feature that is not numeric."""
    kind, _, name = axis.partition(":")
    return edges.get(name) if kind == "feature" else None
