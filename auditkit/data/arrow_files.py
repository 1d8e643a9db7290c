"""Arrow IPC files (Feather 2): a fragment is a record batch; streams are one fragment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd
import pyarrow as pa

from auditkit.data.arrow_frames import arrow_frame, schema_kinds
from auditkit.data.batch import Fragment
from auditkit.data.digests import files_digest
from auditkit.data.locations import File
from auditkit.data.readers import Part, numbered, refuse_doubled, refuse_other_schema
from auditkit.errors import DataError

_MAGIC = b"ARROW1"
_STREAM = -1


class ArrowReader:
    """A table in one or several Arrow files with the same columns.

    Args:
        files: in order; with a footer (`.arrow`, `.feather`) or streams (`.arrows`).
        location: what descriptions call the table.
        pinned: the sha256 that they must have.
    """

    format = "arrow"

    def __init__(self, files: Sequence[File], location: str, pinned: str | None = None) -> None:
        self.files = tuple(files)
        self.location = location
        self.pinned = pinned
        self.notes: list[str] = []
        self._schema: dict[str, str] = {}
        self._parts: list[Part] = []

    def schema(self) -> Mapping[str, str]:
        """Column → Arrow type."""
        self._open()
        return self._schema

    def parts(self) -> Sequence[Part]:
        """One part for each record batch that holds rows; one for a whole stream."""
        self._open()
        return self._parts

    def frames(self, part: Part, columns: Sequence[str], rows: int) -> Iterator[pd.DataFrame]:
        """The part in frames of at most `rows` rows."""
        done = 0
        with _reading(self.files[part.file], columns) as reader:
            stream = part.unit == _STREAM
            batches = iter(reader) if stream else iter([reader.get_batch(part.unit)])
            for batch in batches:
                for start in range(0, batch.num_rows, rows):
                    piece = batch.slice(start, rows)
                    yield numbered(arrow_frame(piece)[list(columns)], part.offset + done)
                    done += piece.num_rows

    def digest(self) -> str:
        """The digest of the files' bytes, or their manifest."""
        return files_digest(self.files, self.pinned)

    def _open(self) -> None:
        if self._schema:
            return
        parts: list[Part] = []
        schema: dict[str, str] = {}
        for place, file in enumerate(self.files):
            with _reading(file) as reader:
                refuse_doubled(reader.schema.names, file.uri)
                kinds = schema_kinds(reader.schema)
            schema = schema or kinds
            refuse_other_schema(file.uri, kinds, self.files[0].uri, schema)
            parts += _file_parts(place, file, list(kinds)[:1])
        self._schema, self._parts = schema, parts


def _file_parts(place: int, file: File, one_column: Sequence[str]) -> list[Part]:
    """The parts of a file; the sizes of record batches come from reading one column."""
    parts, first = [], 0
    with _reading(file, one_column) as reader:
        if not hasattr(reader, "num_record_batches"):
            return [Part(Fragment(f"{place}/{file.name}", None), file=place, unit=_STREAM)]
        for unit in range(reader.num_record_batches):
            rows = reader.get_batch(unit).num_rows
            if rows:
                name = f"{place}/{file.name}#{unit}"
                parts.append(Part(Fragment(name, rows), file=place, unit=unit, first=first))
            first += rows
    return parts


@contextmanager
def _reading(file: File, columns: Sequence[str] = ()) -> Iterator[Any]:
    """An open reader of some columns (all, if none are named), by the file's first bytes."""
    try:
        with file.open() as handle:
            has_footer = handle.read(len(_MAGIC)) == _MAGIC
            handle.seek(0)
            opened = pa.ipc.open_file if has_footer else pa.ipc.open_stream
            options = pa.ipc.IpcReadOptions()
            if columns:
                names = opened(handle).schema.names
                handle.seek(0)
                options = pa.ipc.IpcReadOptions(
                    included_fields=[names.index(name) for name in columns]
                )
            yield opened(handle, options=options)
    except (pa.ArrowException, OSError, EOFError) as error:
        raise DataError(
            f"{file.uri} cannot be read as an Arrow file: {error}.",
            mend="It is corrupt, truncated or of another format: write or fetch it again.",
        ) from error
