"""A split of media before its columns are given a meaning, and how it is opened then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditkit.data.columns import Columns
from auditkit.data.damage import TOLERATED, checked_share
from auditkit.data.folder_tables import FILE, FolderReader
from auditkit.data.folders import Folder
from auditkit.data.formats import open_reader
from auditkit.data.media_source import Decoder, MediaSource
from auditkit.data.readers import Reader
from auditkit.data.split_column import Fold
from auditkit.errors import ConfigurationError


@dataclass(frozen=True)
class Opening:
    """With what a split of media is opened.

    Attributes:
        columns: what the columns mean.
        sha256: the digest that the table, or the files of the folder, must have.
        side_table: a table that describes the files of a folder.
        csv: options of CSV files.
        storage: options of the fsspec file system.
        split_column: the column that tells the splits of one table apart.
    """

    columns: Columns
    sha256: str | None = None
    side_table: Any = None
    csv: Mapping[str, Any] | None = None
    storage: Mapping[str, Any] | None = None
    split_column: str | None = None

    def table(self, data: Any) -> Reader:
        """A table of which each row is a unit, or several make one.

        Raises:
            ConfigurationError: a side table is given beside it.
        """
        if self.side_table is not None:
            raise ConfigurationError(
                "The units lie in a table, and a side table goes with folders and torch data only.",
                mend="Join the tables before the audit.",
            )
        return open_reader(data, sha256=self.sha256, csv=self.csv or {}, storage=self.storage or {})

    def folder(self, location: str | Path, suffixes: tuple[str, ...]) -> FolderReader:
        """The files of a folder, with what the side table says of them."""
        side = None
        if self.side_table is not None:
            side = open_reader(self.side_table, csv=self.csv or {}, storage=self.storage or {})
        return FolderReader(
            Folder(location, self.storage),
            suffixes,
            side=side,
            key=self.columns.row_id or FILE,
            pinned=self.sha256,
        )


@dataclass(frozen=True)
class Media:
    """A split of images, sounds, texts or series, as `dataset` takes it.

    Attributes:
        open: from how it is opened to the table of its units and their decoder.
        meaning: what the columns mean, where such data give them a meaning of their own.
        damaged: the share of units that may be damaged.
        beside: columns that are read beside the units, and are no inputs: `Batch.frame`.

    Raises:
        ConfigurationError: the share is no number from 0 to 1.
    """

    open: Callable[[Opening], tuple[Reader, Decoder]]
    meaning: Callable[[Columns], Columns]
    damaged: float = TOLERATED
    beside: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        checked_share(self.damaged)

    def source(self, opening: Opening, *, name: str, fold: Fold | None = None) -> MediaSource:
        """The split. Nothing is decoded yet, but files must exist.

        Raises:
            DataError: there is no such file or folder.
            ConfigurationError: features are declared, or an option means nothing.
        """
        reader, decoder = self.open(opening)
        return MediaSource(
            reader,
            opening.columns,
            decoder,
            name=name,
            fold=fold,
            tolerated=self.damaged,
            beside=self.beside,
        )
