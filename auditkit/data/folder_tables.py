"""A folder of files as a table: a row for each file, and what a side table says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from auditkit.data.digests import combined_digest
from auditkit.data.folders import Folder
from auditkit.data.frames import FrameReader
from auditkit.data.readers import Part, Reader, block_rows
from auditkit.data.wording import listed, nearest
from auditkit.errors import DataError

FILE = "file"
"""The column that holds a file's path, relative to the folder."""

FOLDER = "folder"
"""The column that holds the first folder of that path, as in class-per-folder data; or nothing."""

_LEAST_PART = 256
_MOST_PARTS = 64
"""A folder is shared out in at most so many blocks, of at least so many files."""


class FolderReader:
    """The files of a folder, sorted by path; a fragment is a block of files.

    Args:
        folder: where they lie.
        suffixes: which files count.
        side: a table that describes the files; None for none.
        key: the side table's column that holds the files' paths.
        pinned: the sha256 that the files must have (see `Folder.digest`).
    """

    format = "folder"

    def __init__(
        self,
        folder: Folder,
        suffixes: Sequence[str],
        *,
        side: Reader | None = None,
        key: str = FILE,
        pinned: str | None = None,
    ) -> None:
        self.location = folder.uri
        self.notes: list[str] = []
        self.folder = folder
        self._suffixes = tuple(suffixes)
        self._side = side
        self._key = key
        self._pinned = pinned
        self._rows: FrameReader | None = None
        self._names: list[str] = []
        self._digest = ""

    def schema(self) -> Mapping[str, str]:
        """`file`, `folder` and the side table's columns."""
        return self._table.schema()

    def parts(self) -> Sequence[Part]:
        """Blocks of files."""
        return self._table.parts()

    def frames(self, part: Part, columns: Sequence[str], rows: int) -> Iterator[pd.DataFrame]:
        """The block in frames of at most `rows` rows."""
        return self._table.frames(part, columns, rows)

    def digest(self) -> str:
        """The digest of the files, and of the side table where there is one."""
        if not self._digest:
            self.schema()
            found, notes = self.folder.digest(self._names, self._pinned)
            self.notes += notes
            parts = {"files": found}
            if self._side is not None:
                parts["side table"] = self._side.digest()
            self._digest = combined_digest(parts)
        return self._digest

    @property
    def _table(self) -> FrameReader:
        if self._rows is None:
            self._names, notes = self.folder.listing(self._suffixes)
            self.notes += notes
            frame = pd.DataFrame({FILE: pd.Series(self._names, dtype=object)})
            if self._side is not None:
                frame = self._joined(frame, self._side)
            frame[FOLDER] = [_first_folder(name) for name in frame[FILE]]
            size = max(_LEAST_PART, -(-len(frame) // _MOST_PARTS))
            self._rows = FrameReader(frame, part_rows=size)
        return self._rows

    def _joined(self, files: pd.DataFrame, side: Reader) -> pd.DataFrame:
        """Every file with its row; a row without a file is kept, and found damaged when read."""
        table = self._described(side)
        keys = pd.Index(table[self._key])
        self._refuse_undescribed(files[FILE], keys, side)
        absent = keys[~keys.isin(files[FILE])]
        names = [*files[FILE], *absent]
        places = keys.get_indexer(pd.Index(names, dtype=object))
        found: pd.DataFrame = table.iloc[places].reset_index(drop=True)
        found[FILE] = pd.Series(names, dtype=object)
        return found

    def _described(self, side: Reader) -> pd.DataFrame:
        columns = list(side.schema())
        if self._key not in columns or FOLDER in columns or (FILE in columns and self._key != FILE):
            raise DataError(
                f"{side.location} (side table of {self.location}) has the columns "
                f"{listed(columns)}; expected {self._key!r}, with the files' paths, and no other "
                f"called {FILE!r} or {FOLDER!r}.{nearest(self._key, columns)}",
                mend="Declare row_id: the side table's column of paths relative to the folder; "
                f"rename a column that is called {FILE!r} or {FOLDER!r} and holds something else.",
            )
        frames: list[pd.DataFrame] = [
            frame
            for part in side.parts()
            for frame in side.frames(part, columns, block_rows(len(columns)))
        ]
        table: pd.DataFrame = pd.concat(frames) if frames else pd.DataFrame(columns=columns)
        keys: pd.Series[Any] = table[self._key]
        doubled = keys[keys.duplicated()].unique()
        if len(doubled):
            raise DataError(
                f"{side.location} (side table of {self.location}) names {len(doubled)} files more "
                f"than once: {listed(doubled.tolist(), most=5)}.",
                mend="Keep one row for each file.",
            )
        return table

    def _refuse_undescribed(self, names: pd.Series[Any], keys: pd.Index[Any], side: Reader) -> None:
        missing = names[~names.isin(keys)].tolist()
        if missing:
            hint = f" It names {listed(keys.tolist(), most=2)}." if len(keys) else ""
            raise DataError(
                f"{side.location} (side table of {self.location}) has no row for {len(missing)} of "
                f"the {len(names)} files: {listed(missing, most=5)}.{hint}",
                mend="Write the paths relative to the folder, with their suffix, and add a row for "
                "every file; or take these files out of the folder.",
            )


def _first_folder(name: Any) -> str | None:
    parts = PurePosixPath(name).parts if isinstance(name, str) else ()
    return parts[0] if len(parts) > 1 else None
