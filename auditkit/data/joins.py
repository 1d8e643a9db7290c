"""A side table: what describes the rows, joined to them by row id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from auditkit.data.readers import Reader, block_rows
from auditkit.data.roles import ids_array
from auditkit.data.wording import listed, nearest, quoted
from auditkit.errors import DataError


class SideTable:
    """Columns looked up by row id.

    Only the row id and the columns asked for are read, and they stay in memory: some 10 bytes for
    each row and column.

    Args:
        reader: the table.
        row_id: its column that holds the row ids.
        where: what errors call the split.
    """

    def __init__(self, reader: Reader, row_id: str, where: str) -> None:
        self.reader = reader
        self.row_id = row_id
        self.where = where
        self._ids: pd.Index[Any] | None = None
        self._columns: dict[str, pd.Series[Any]] = {}

    @property
    def title(self) -> str:
        """What errors call it."""
        return f"{self.reader.location} (side table of the {self.where})"

    def load(self, columns: Sequence[str]) -> None:
        """Read the row ids and some columns.

        Raises:
            DataError: a column is missing, the table is empty, or a row id stands twice.
        """
        self._refuse_absent(self.reader.schema(), columns)
        needed = list(dict.fromkeys((self.row_id, *columns)))
        frames = [
            frame
            for part in self.reader.parts()
            for frame in self.reader.frames(part, needed, block_rows(len(needed)))
        ]
        if not frames:
            raise DataError(f"{self.title} holds no rows.", mend="Check how it was written.")
        whole = pd.concat(frames)
        ids = pd.Index(ids_array(whole, self.row_id, f"side table of the {self.where}"))
        doubled = ids[ids.duplicated()].unique()
        if len(doubled):
            raise DataError(
                f"{self.title} holds {len(doubled)} row ids more than once: "
                f"{listed(doubled.tolist(), most=5)}.",
                mend="Keep one row for each row id.",
            )
        self._ids = ids
        self._columns = {name: _compact(whole[name]) for name in columns}

    def lookup(self, row_ids: np.ndarray, rows: pd.Index[Any]) -> Mapping[str, pd.Series[Any]]:
        """The columns for some row ids, [rows], indexed by `rows`.

        Raises:
            DataError: a row id is not in the table.
        """
        assert self._ids is not None, "load comes first"
        places = self._ids.get_indexer(pd.Index(row_ids))
        missing = row_ids[places < 0]
        if len(missing):
            raise DataError(
                f"{self.title} has no row for {len(missing)} of {len(row_ids)} row ids: "
                f"{listed(missing.tolist(), most=5)}.{self._hint(missing[0])}",
                mend="Add these rows to the side table, or correct the row ids.",
            )
        return {
            name: pd.Series(column.array.take(places), index=rows, name=name)
            for name, column in self._columns.items()
        }

    def digest(self) -> str:
        """The digest of the side table."""
        return self.reader.digest()

    def _hint(self, missing: Any) -> str:
        assert self._ids is not None
        sample = self._ids[0]
        if isinstance(sample, str) == isinstance(missing, str):
            return ""
        kinds = ("text", "whole numbers") if isinstance(sample, str) else ("whole numbers", "text")
        return (
            f" Its ids are {kinds[0]} such as {quoted(sample)}, those of the data are {kinds[1]}."
        )

    def _refuse_absent(self, schema: Mapping[str, str], columns: Sequence[str]) -> None:
        absent = [name for name in (self.row_id, *columns) if name not in schema]
        if absent:
            raise DataError(
                f"{self.title} has no column {listed(absent, most=5)}; it has {listed(schema)}."
                f"{nearest(absent[0], schema)}",
                mend="Correct the name, add the column, or return it in the data set's meta.",
            )


def _compact(column: pd.Series[Any]) -> pd.Series[Any]:
    """Text with few distinct values as codes."""
    text = pd.api.types.infer_dtype(column, skipna=True) == "string"
    return column.astype("category") if text else column
