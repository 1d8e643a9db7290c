"""Tables that are in memory already: DataFrames, mappings of arrays, Arrow tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from auditkit.data.arrow_frames import arrow_frame, as_table
from auditkit.data.batch import Fragment
from auditkit.data.digests import SHA256, frame_digest, plain_sha256
from auditkit.data.readers import Part, numbered, refuse_doubled
from auditkit.data.wording import listed
from auditkit.errors import DataError

RANGE = 2**18
"""Rows of a fragment, unless said otherwise."""


class FrameReader:
    """A table in memory; a fragment is a range of rows. The data are not copied.

    Args:
        data: a DataFrame (its index is not read), a mapping of name → 1-D array or sequence, or
            an Arrow table or anything that `pyarrow.table` takes.
        pinned: the sha256 that `digest` must give.
        part_rows: rows of a fragment, where they are not the usual number.
    """

    location = "Table in memory"

    def __init__(
        self, data: Any, pinned: str | None = None, *, part_rows: int | None = None
    ) -> None:
        self.format = _format(data)
        self.pinned = pinned
        self.notes: list[str] = []
        self._part_rows = part_rows
        self._frame = _frame(data)
        self._digest = ""

    def schema(self) -> Mapping[str, str]:
        """Column → pandas dtype."""
        refuse_doubled(list(self._frame.columns), "The table")
        return {str(name): str(dtype) for name, dtype in self._frame.dtypes.items()}

    def parts(self) -> Sequence[Part]:
        """Ranges of rows."""
        size = self._part_rows or RANGE
        starts = range(0, len(self._frame), size)
        ends = [min(start + size, len(self._frame)) for start in starts]
        return [
            Part(Fragment(f"rows {start}-{end - 1}", end - start), unit=place, first=start)
            for place, (start, end) in enumerate(zip(starts, ends, strict=True))
        ]

    def frames(self, part: Part, columns: Sequence[str], rows: int) -> Iterator[pd.DataFrame]:
        """The range in frames of at most `rows` rows."""
        chosen = self._frame[list(columns)]
        end = part.first + (part.fragment.rows or 0)
        for start in range(part.first, end, rows):
            yield numbered(chosen.iloc[start : min(start + rows, end)], start)

    def digest(self) -> str:
        """`sha256:…` of names, types and values."""
        self.schema()  # without doubled names, each name has one column
        self._digest = self._digest or frame_digest(self._frame)
        if self.pinned and self._digest != SHA256 + plain_sha256(self.pinned):
            raise DataError(
                f"The table has digest {self._digest}, but {self.pinned} is pinned.",
                mend="Look for what changed, and pin the new digest.",
            )
        return self._digest


def _format(data: Any) -> str:
    if isinstance(data, pd.DataFrame):
        return "DataFrame"
    return "arrays" if isinstance(data, Mapping) else "Arrow table"


def _frame(data: Any) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        return data
    if not isinstance(data, Mapping):
        return arrow_frame(as_table(data))
    arrays = {name: _array(name, values) for name, values in data.items()}
    lengths = {name: len(values) for name, values in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(
            f"The arrays differ in length: {listed(f'{n}: {k}' for n, k in lengths.items())}.",
            mend="Give every array one value for each row.",
        )
    return pd.DataFrame(arrays, copy=False)


def _array(name: object, values: Any) -> Any:
    if hasattr(values, "detach"):  # a tensor, without importing torch
        values = values.detach().cpu().numpy()
    if isinstance(values, pd.Series):
        return values.reset_index(drop=True)
    if isinstance(values, (list, tuple)):
        return pd.Series(values)  # np.asarray would turn 1 into "1" beside text
    array = values if isinstance(values, pd.api.extensions.ExtensionArray) else np.asarray(values)
    if array.ndim != 1:
        raise DataError(
            f"Array {name!r} has shape {tuple(array.shape)}, but a column of a table is 1-D.",
            mend="Hand arrays of more dimensions over as a torch TensorDataset.",
        )
    return array
