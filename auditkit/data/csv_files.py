"""CSV files, streamed in blocks, every record counted before it is parsed.

Two parsers read each block. `csv.reader` splits it into records and counts their fields, since
pandas fills short records with missing values and cuts long ones without a word; then pandas
parses the columns asked for. That costs about as much again as pandas alone, and is the price of
naming the ragged line. The types are fixed by the first block, so that a later block of postal
codes without letters does not turn into numbers.
"""

from __future__ import annotations

import csv
import io
import lzma
import zlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any

import pandas as pd
from fsspec.compression import compr
from fsspec.utils import infer_compression

from auditkit.data.batch import Fragment
from auditkit.data.csv_dialect import Dialect
from auditkit.data.digests import files_digest
from auditkit.data.locations import File
from auditkit.data.readers import (
    Part,
    block_rows,
    numbered,
    refuse_doubled,
    refuse_other_schema,
)
from auditkit.data.wording import listed, quoted
from auditkit.errors import ConfigurationError, DataError

_CORRUPT = (EOFError, zlib.error, lzma.LZMAError, OSError)


@dataclass(frozen=True)
class _Block:
    text: str
    records: int
    first_row: int
    first_line: int


class CsvReader:
    """A table in one or several CSV files with the same columns; one fragment for each file.

    Args:
        files: in order.
        location: what descriptions call the table.
        dialect: how the files are written.
        pinned: the sha256 that they must have.
    """

    format = "csv"

    def __init__(
        self, files: Sequence[File], location: str, dialect: Dialect, pinned: str | None = None
    ) -> None:
        self.files = tuple(files)
        self.location = location
        self.dialect = dialect
        self.pinned = pinned
        self.notes: list[str] = []
        self._headers: list[list[str]] = []
        self._kinds: dict[str, str] = {}

    def schema(self) -> Mapping[str, str]:
        """Column → `number`, `text`, `truth value` or `unknown` (only missing values so far)."""
        if not self._kinds:
            self._headers = [self._header(file) for file in self.files]
            first = dict.fromkeys(self._columns(0), "")
            for place, file in enumerate(self.files):
                names = dict.fromkeys(self._columns(place), "")
                refuse_other_schema(file.uri, names, self.files[0].uri, first)
            self._kinds = self._first_kinds()
        return self._kinds

    def parts(self) -> Sequence[Part]:
        """One part for each file; how many rows it has, only reading tells."""
        return [
            Part(Fragment(f"{place}/{file.name}", None), file=place)
            for place, file in enumerate(self.files)
        ]

    def frames(self, part: Part, columns: Sequence[str], rows: int) -> Iterator[pd.DataFrame]:
        """The file in blocks of `rows` records."""
        kinds = self.schema()
        file = self.files[part.file]
        for block in self._blocks(part.file, rows):
            frame = self._parse(block, part.file, columns, kinds)
            for name in columns:
                self._refuse_other_kind(frame[name], kinds[name], file, block)
            yield numbered(frame, part.offset + block.first_row)

    def digest(self) -> str:
        """The digest of the files' bytes (as stored, so compressed ones too)."""
        return files_digest(self.files, self.pinned)

    def _columns(self, place: int) -> list[str]:
        header, index = self._headers[place], self.dialect.index_col
        return [name for at, name in enumerate(header) if index not in (at, name)]

    def _header(self, file: File) -> list[str]:
        with self._records(file) as (reader, _):
            names: list[str] = next(filter(None, reader), [])
        if self.dialect.names:
            names = list(self.dialect.names)
        names = [name or f"Unnamed: {place}" for place, name in enumerate(names)]
        refuse_doubled(names, file.uri)
        index = self.dialect.index_col
        if index is not None and index not in names and index not in range(len(names)):
            raise ConfigurationError(
                f"CSV option index_col is {index!r}, but {file.uri} has no such column.",
                mend=f"Its columns are {listed(names)}.",
            )
        separators = [sep for sep in ";\t|" if len(names) == 1 and sep in names[0]]
        if separators:
            raise DataError(
                f"{file.uri} has one column only, {names[0][:60]!r}.",
                mend=f"Declare the separator, csv: {{sep: {separators[0]!r}}}.",
            )
        return names

    def _first_kinds(self) -> dict[str, str]:
        with closing(self._blocks(0, block_rows(len(self._headers[0])))) as blocks:
            block = next(blocks, None)
        if block is None:
            raise DataError(
                f"{self.files[0].uri} has a header, but no rows.",
                mend="Check how it was written, or leave it out.",
            )
        frame = self._parse(block, 0, self._columns(0), {})
        return {name: _kind(frame[name]) for name in frame.columns}

    @contextmanager
    def _records(self, file: File) -> Iterator[tuple[Any, list[str]]]:
        """A reader of records, and the list in which the lines that it consumes gather."""
        with file.open() as handle, _decompressed(handle, file, self.dialect.compression) as raw:
            text = io.TextIOWrapper(raw, encoding=self.dialect.encoding, newline="")
            lines: list[str] = []
            reader = csv.reader(_kept(text, lines), **self.dialect.counting)
            try:
                yield reader, lines
            except UnicodeError as error:
                raise self._undecodable(file, error) from error
            except csv.Error as error:
                raise DataError(
                    f"{file.uri}, line {reader.line_num}: {error}.",
                    mend="Look for an opening quote without a closing one, or declare quotechar.",
                ) from error
            except _CORRUPT as error:
                raise DataError(
                    f"{file.uri} is corrupt or truncated after line {reader.line_num}: {error}.",
                    mend="Write or fetch the file again.",
                ) from error

    def _blocks(self, place: int, rows: int) -> Generator[_Block, None, None]:
        file, header = self.files[place], self._headers[place]
        with self._records(file) as (reader, lines):
            if not self.dialect.names:
                next(filter(None, reader), None)
            done = 0
            while True:
                lines.clear()
                first_line = reader.line_num + 1
                records = self._count(islice(filter(None, reader), rows), reader, header, file)
                if not records:
                    return
                yield _Block("".join(lines), records, done, first_line)
                done += records

    def _count(self, records: Iterator[list[str]], reader: Any, header: list[str], f: File) -> int:
        count, width = 0, len(header)
        for record in records:
            if len(record) != width:
                raise DataError(
                    f"{f.uri}, line {reader.line_num}: {len(record)} fields, "
                    f"where {width} were expected.",
                    mend="Mend the line (a separator inside a value needs quotes), or declare the "
                    "dialect under csv:.",
                )
            count += 1
        return count

    def _parse(
        self, block: _Block, place: int, columns: Sequence[str], kinds: Mapping[str, str]
    ) -> pd.DataFrame:
        file = self.files[place]
        types: dict[str, Any] = {name: "str" for name in columns if kinds.get(name) == "text"}
        types.update({str(k): v for k, v in self.dialect.dtype.items() if k in columns})
        try:
            frame = pd.read_csv(
                io.StringIO(block.text),
                header=None,
                names=self._headers[place],
                usecols=list(columns),
                dtype=types,
                index_col=False,
                low_memory=False,
                float_precision="round_trip",  # the default is off by one in the last digit
                **self.dialect.parsing,
            )
        except (ValueError, OverflowError, TypeError) as error:  # ParserError is a ValueError
            raise DataError(
                f"{file.uri}, lines from {block.first_line}: {error}.",
                mend="Mend the values, or declare another type, csv: {dtype: {column: str}}.",
            ) from error
        if len(frame) != block.records:
            raise DataError(
                f"{file.uri}, lines from {block.first_line}: {block.records} records were counted, "
                f"but {len(frame)} parsed.",
                mend="Look for stray quotes and blank records, or convert the file to Parquet.",
            )
        chosen: pd.DataFrame = frame[list(columns)]
        return chosen

    def _refuse_other_kind(
        self, column: pd.Series[Any], expected: str, file: File, block: _Block
    ) -> None:
        found = _kind(column)
        if "unknown" in (found, expected) or found == expected or column.name in self.dialect.dtype:
            return
        odd = column.dropna()
        if expected == "truth value":
            odd = odd[~odd.astype(str).str.lower().isin(["true", "false"]).to_numpy()]
        if expected == "number":
            odd = odd[pd.to_numeric(odd.astype(object), errors="coerce").isna().to_numpy()]
        value, row = (odd.iloc[0], odd.index[0]) if len(odd) else (None, column.index[0])
        raise DataError(
            f"Column {column.name!r} of {file.uri} holds {expected}s in its first rows, but "
            f"{quoted(value)} in row {block.first_row + row}.",
            mend="Mend the value, name it under csv: {na_values: [...]} if it means missing, or "
            f"declare csv: {{dtype: {{{column.name}: str}}}}.",
        )

    def _undecodable(self, file: File, error: UnicodeError) -> DataError:
        place = ""
        with file.open() as handle, _decompressed(handle, file, self.dialect.compression) as raw:
            for number, line in enumerate(raw, start=1):
                try:
                    line.decode(self.dialect.encoding)
                except UnicodeError as found:
                    place, error = f", line {number}", found
                    break
        return DataError(
            f"{file.uri}{place} is not {self.dialect.encoding.removesuffix('-sig')} text: {error}.",
            mend="Declare the encoding, for example csv: {encoding: latin-1}.",
        )


def _kept(text: IO[str], lines: list[str]) -> Iterator[str]:
    for line in text:
        lines.append(line)
        yield line


def _kind(column: pd.Series[Any]) -> str:
    if column.isna().all():
        return "unknown"
    if pd.api.types.is_bool_dtype(column):
        return "truth value"
    if pd.api.types.is_numeric_dtype(column):
        return "number"
    boolean = pd.api.types.infer_dtype(column, skipna=True) == "boolean"
    return "truth value" if boolean else "text"


@contextmanager
def _decompressed(handle: IO[bytes], file: File, compression: str | None) -> Iterator[Any]:
    name = infer_compression(file.path) if compression == "infer" else compression
    if name is None:
        yield handle
        return
    if name not in compr:
        raise ConfigurationError(
            f"{file.uri} is compressed by {name!r}, which this environment cannot read.",
            mend="Install fsspec's library for it, or store the file as gzip.",
        )
    with compr[name](handle, mode="rb") as raw:
        yield raw
