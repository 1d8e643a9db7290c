"""What describes the rows of torch data: from their metadata, else from a side table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from auditkit.data.beside import Beside, BesideReader
from auditkit.data.columns import Columns
from auditkit.data.joins import SideTable
from auditkit.data.roles import ids_array
from auditkit.data.torch_items import meta_frame
from auditkit.data.wording import listed
from auditkit.errors import ConfigurationError, DataError


@dataclass(frozen=True)
class Described:
    """Row ids of a batch, and what is declared of its rows."""

    row_ids: np.ndarray
    beside: Beside


class RowDescriptions:
    """Describes the rows of a batch.

    Args:
        columns: the declaration.
        side: a table joined by `columns.row_id`; None if all is in the metadata.
        where: what errors call the split.

    Raises:
        ConfigurationError: a side table without a declared row id.
    """

    def __init__(self, columns: Columns, side: SideTable | None, where: str) -> None:
        if side is not None and columns.row_id is None:
            raise ConfigurationError(
                f"The {where} have a side table, but no row id by which to join it.",
                mend="Declare row_id: the side table's column of row ids (where the data set "
                "returns none, its indices are the row ids).",
            )
        self.columns = columns
        self.side = side
        self.where = where
        self._beside = BesideReader(columns, where)
        self._joined: tuple[str, ...] | None = None

    @property
    def has_own_ids(self) -> bool:
        """False if the row ids are the data's indices, which cannot stand twice."""
        return self.columns.row_id is not None

    def __call__(self, meta: Mapping[str, Any], ordinals: np.ndarray) -> Described:
        """The description of a batch.

        Args:
            meta: column → values, one for each row.
            ordinals: the rows' indices in the data, [rows].

        Raises:
            DataError: a column is found nowhere, a row id is not in the side table, or values
                are missing where they must not be.
        """
        columns, where = self.columns, self.where
        joined = self._joined_columns(meta)
        own_id = columns.row_id if columns.row_id in meta or self.side is None else None
        needed = [name for name in columns.side if name not in joined]
        frame = meta_frame(meta, [*needed, *([] if own_id is None else [own_id])], ordinals)
        ids = ids_array(frame, own_id, where)
        if self.side is not None and joined:
            frame = frame.assign(**self.side.lookup(ids, frame.index))
        return Described(ids, self._beside(frame))

    def _joined_columns(self, meta: Mapping[str, Any]) -> tuple[str, ...]:
        """The columns that come from the side table: those that the first batch's meta lack."""
        if self._joined is None:
            absent = tuple(name for name in self.columns.side if name not in meta)
            if self.side is None:
                return ()
            if not absent:
                raise DataError(
                    f"{self.side.title} is joined, but every declared column is in the data's "
                    f"metadata already: {listed(self.columns.side)}.",
                    mend="Leave the side table out, or declare the columns that it adds.",
                )
            self.side.load(absent)
            self._joined = absent
        return self._joined
