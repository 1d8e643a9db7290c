"""The bytes that a cell of a table stands for: its own, or those of the file that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from auditkit.data.damage import UnreadableError
from auditkit.data.folders import Folder
from auditkit.data.row_numbers import row_text
from auditkit.errors import ConfigurationError

_BYTES = (bytes, bytearray, memoryview)


class Contents:
    """The bytes of a column's cells.

    A cell holds bytes; or the path of a file, relative to a declared folder; or a mapping with
    `bytes` or `path`, as Hugging Face's `datasets` writes images and audio.

    Args:
        column: the column.
        folder: where the files lie that cells name; None where cells hold bytes.
        listed: whether the table is the listing of that folder, whose reader digests the files.
    """

    def __init__(self, column: str, folder: Folder | None, *, listed: bool = False) -> None:
        self.column = column
        self.folder = folder
        self._listed = listed

    def read(self, cell: Any) -> bytes:
        """The bytes of a cell.

        Raises:
            UnreadableError: there are none.
            ConfigurationError: it names a file, and no folder is declared.
        """
        cell = _held(cell)
        if isinstance(cell, _BYTES):
            if not len(cell):
                raise UnreadableError("it is empty (0 bytes)")
            return bytes(cell)
        if self.folder is None and isinstance(cell, str):
            raise ConfigurationError(
                f"Column {self.column!r} holds text such as {cell[:60]!r} instead of bytes, and no "
                "folder is declared in which files of that name could lie.",
                mend="Declare folder: the one that the paths are relative to.",
            )
        if self.folder is None:
            raise UnreadableError("it holds no bytes")
        return self.folder.read(cell)

    def name(self, frame: pd.DataFrame, place: int) -> str:
        """The file that the cell names, else its row."""
        cell = frame[self.column].iloc[place]
        path = cell.get("path") if isinstance(cell, Mapping) else cell
        return path if isinstance(path, str) and path else f"row {row_text(frame.index[place])}"

    def digest(self, frames: Iterator[pd.DataFrame]) -> str:
        """The digest of the files that the cells name; "" where others have digested them."""
        if self.folder is None or self._listed:
            return ""
        held = (_held(cell) for frame in frames for cell in frame[self.column])
        # Bytes are the table's own, and in its digest.
        return self.folder.digest(one for one in held if not isinstance(one, _BYTES))[0]

    def describe(self) -> dict[str, Any]:
        """The column, and whether its cells name files."""
        return {"column": self.column, "files": self.folder is not None}


def _held(cell: Any) -> Any:
    """The bytes or the path that a cell holds, perhaps within a mapping."""
    if isinstance(cell, Mapping):
        return cell.get("path") if cell.get("bytes") is None else cell["bytes"]
    return cell
