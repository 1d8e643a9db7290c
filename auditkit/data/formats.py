"""Which reader reads what: by suffix, or as declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from auditkit.data.arrow_files import ArrowReader
from auditkit.data.csv_dialect import dialect
from auditkit.data.csv_files import CsvReader
from auditkit.data.frames import FrameReader
from auditkit.data.locations import File, locate
from auditkit.data.parquet_files import ParquetReader
from auditkit.data.readers import Reader
from auditkit.data.wording import listed
from auditkit.errors import ConfigurationError

FORMATS: Mapping[str, tuple[str, ...]] = {
    "csv": (".csv", ".tsv"),
    "parquet": (".parquet", ".pq", ".parq"),
    "arrow": (".arrow", ".feather", ".ipc", ".arrows"),
}
"""Format → the suffixes that mean it."""

_COMPRESSED = ("", ".gz", ".bz2", ".xz", ".zst", ".zip")
SUFFIXES = tuple(
    suffix + (packed if name == "csv" else "")
    for name, suffixes in FORMATS.items()
    for suffix in suffixes
    for packed in (_COMPRESSED if name == "csv" else ("",))
)
"""Every suffix of a file that counts as data in a folder."""


def open_reader(
    data: Any,
    *,
    sha256: str | None = None,
    csv: Mapping[str, Any] | None = None,
    file_format: str = "auto",
    storage: Mapping[str, Any] | None = None,
) -> Reader:
    """The reader of a table; files are looked for, but not read.

    Raises:
        DataError: no such file, or an empty one.
        ConfigurationError: an unknown format or option, or files of several formats.
    """
    if not isinstance(data, (str, Path)) and not _locations(data):
        _refuse_csv_options(csv, "a table in memory")
        return FrameReader(data, sha256)
    files = locate(data, suffixes=SUFFIXES, storage=storage)
    location = str(data) if isinstance(data, (str, Path)) else f"{data[0]} and {len(data) - 1} more"
    name = _format(files) if file_format == "auto" else file_format
    if name == "csv":
        separator = "\t" if ".tsv" in PurePosixPath(files[0].path).suffixes else ","
        return CsvReader(files, location, dialect(csv or {}, separator=separator), sha256)
    _refuse_csv_options(csv, f"{name} data")
    readers: dict[str, Callable[[Sequence[File], str, str | None], Reader]] = {
        "parquet": ParquetReader,
        "arrow": ArrowReader,
    }
    if name not in readers:
        raise ConfigurationError(
            f"There is no format {name!r}; there are {listed(FORMATS)}.", mend="Use one of these."
        )
    return readers[name](files, location, sha256)


def _locations(data: Any) -> bool:
    several = isinstance(data, (list, tuple))
    return several and all(isinstance(part, (str, Path)) for part in data)


def _refuse_csv_options(csv: Mapping[str, Any] | None, what: str) -> None:
    if csv:
        raise ConfigurationError(
            f"CSV options ({listed(csv)}) are given for {what}.", mend="Leave them out."
        )


def _format(files: Sequence[File]) -> str:
    found = {file.uri: _format_of(file) for file in files}
    if len(set(found.values())) > 1:
        shown = ", ".join(f"{uri} ({name})" for uri, name in list(found.items())[:3])
        raise ConfigurationError(
            f"The files of one table have several formats: {shown}.",
            mend="Name files of one format, or declare the format.",
        )
    return next(iter(found.values()))


def _format_of(file: File) -> str:
    name = file.name.lower()
    for packed in _COMPRESSED:
        name = name.removesuffix(packed) if packed else name
    for known, suffixes in FORMATS.items():
        if name.endswith(suffixes):
            return known
    raise ConfigurationError(
        f"The format of {file.uri} cannot be told from its name.",
        mend=f"Declare it as one of {listed(FORMATS)}, or give the file one of the suffixes "
        f"{', '.join(s for suffixes in FORMATS.values() for s in suffixes)}.",
    )
