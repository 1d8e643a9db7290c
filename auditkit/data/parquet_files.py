"""Parquet files: footers first, then row groups, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from auditkit.data.arrow_frames import arrow_frame, schema_kinds
from auditkit.data.batch import Fragment
from auditkit.data.digests import files_digest
from auditkit.data.locations import File
from auditkit.data.readers import Part, numbered, refuse_doubled, refuse_other_schema
from auditkit.errors import DataError

READ_AHEAD = 1 << 20
"""Bytes of a column held at a time, so that memory does not grow with the row group."""


class ParquetReader:
    """A table in one or several Parquet files with the same columns; a fragment is a row group.

    Args:
        files: in order.
        location: what descriptions call the table.
        pinned: the sha256 that they must have.
    """

    format = "parquet"

    def __init__(self, files: Sequence[File], location: str, pinned: str | None = None) -> None:
        self.files = tuple(files)
        self.location = location
        self.pinned = pinned
        self.notes: list[str] = []
        self._schema: dict[str, str] = {}
        self._parts: list[Part] = []

    def schema(self) -> Mapping[str, str]:
        """Column → Arrow type, from the footers."""
        self._read_footers()
        return self._schema

    def parts(self) -> Sequence[Part]:
        """One part for each row group that holds rows."""
        self._read_footers()
        return self._parts

    def frames(self, part: Part, columns: Sequence[str], rows: int) -> Iterator[pd.DataFrame]:
        """The row group in frames of about `rows` rows; pages are read as they are needed."""
        file = self.files[part.file]
        done = 0
        with _opened(file, part.fragment.id) as parquet:
            batches = parquet.iter_batches(
                batch_size=rows, row_groups=[part.unit], columns=list(columns), use_threads=False
            )
            for batch in batches:
                frame = arrow_frame(batch)[list(columns)]
                yield numbered(frame, part.offset + done)
                done += len(frame)
        if done != part.fragment.rows:
            raise DataError(
                f"{part.fragment.id} of {file.uri} holds {done} rows, but its footer promises "
                f"{part.fragment.rows}.",
                mend="Write or fetch the file again.",
            )

    def digest(self) -> str:
        """The digest of the files' bytes, or their manifest."""
        return files_digest(self.files, self.pinned)

    def _read_footers(self) -> None:
        if self._schema:
            return
        parts: list[Part] = []
        schema: dict[str, str] = {}
        for place, file in enumerate(self.files):
            with _opened(file, "footer") as parquet:
                arrow_schema = parquet.schema_arrow
                sizes = [
                    parquet.metadata.row_group(unit).num_rows
                    for unit in range(parquet.metadata.num_row_groups)
                ]
            refuse_doubled(arrow_schema.names, file.uri)
            kinds = schema_kinds(arrow_schema)
            schema = schema or kinds
            refuse_other_schema(file.uri, kinds, self.files[0].uri, schema)
            parts += _row_groups(place, file, sizes)
        self._schema, self._parts = schema, parts


def _row_groups(place: int, file: File, sizes: Sequence[int]) -> list[Part]:
    parts, first = [], 0
    for unit, rows in enumerate(sizes):
        if rows:
            name = f"{place}/{file.name}#{unit}"
            parts.append(Part(Fragment(name, rows), file=place, unit=unit, first=first))
        first += rows
    return parts


@contextmanager
def _opened(file: File, what: str) -> Iterator[Any]:
    """An open Parquet file; what goes wrong inside becomes a `DataError` that names the part."""
    try:
        with file.open() as handle:
            yield pq.ParquetFile(handle, buffer_size=READ_AHEAD, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{file.uri} cannot be read as Parquet ({what}): {error}.",
            mend="It is corrupt, truncated or of another format: write or fetch it again.",
        ) from error
