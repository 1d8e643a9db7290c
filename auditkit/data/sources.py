"""From what the user names to one source."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from auditkit.data.batch import Source
from auditkit.data.columns import Columns
from auditkit.data.formats import open_reader
from auditkit.data.joins import SideTable
from auditkit.data.split_column import Fold
from auditkit.data.tables import TableSource

OUTSIDE = "outside"
"""The split of inputs of another kind than the model was made for."""


# Eight parameters: each is one fact about one table, and none groups naturally with another.
def table(
    data: Any,
    columns: Columns,
    *,
    sha256: str | None = None,
    csv: Mapping[str, Any] | None = None,
    file_format: str = "auto",
    storage: Mapping[str, Any] | None = None,
    fold: Fold | None = None,
    name: str = "data",
) -> TableSource:
    """A table as a source. Nothing is read yet, but files must exist.

    Args:
        data: a path, glob, folder, URL of a store, `package://PKG/path` or a list of these; or a
            DataFrame, a mapping of name → 1-D array, or an Arrow table.
        columns: what its columns mean.
        sha256: the digest that the bytes must have (of several files, the digest of the lines
            `<sha256>  <name>`); of a table in memory, its `digest()`.
        csv: options of CSV files, named as in `pandas.read_csv`.
        file_format: `csv`, `parquet` or `arrow`; `auto` goes by the suffix.
        storage: options of the fsspec file system.
        fold: the rows that belong to this split; None for all.
        name: the split's name, for errors.

    Raises:
        DataError: there is no such file, or it is empty.
        ConfigurationError: an option or the format is unknown.

    Example:
        >>> from auditkit.data import Group
        >>> columns = Columns(label="y", groups=(Group("sex", "sex"),))
        >>> source = table({"x": [1.0, 2.0], "y": [0, 1], "sex": ["F", "M"]}, columns)
        >>> source.check()
        >>> [len(batch) for part in source.fragments() for batch in source.batches(part, 1)]
        [1, 1]
    """
    reader = open_reader(
        data, sha256=sha256, csv=csv or {}, file_format=file_format, storage=storage or {}
    )
    return TableSource(reader, columns, name=name, fold=fold)


def torch_source(
    dataset: Any,
    columns: Columns,
    *,
    side_table: Any = None,
    csv: Mapping[str, Any] | None = None,
    storage: Mapping[str, Any] | None = None,
    name: str = "data",
) -> Source:
    """A torch `Dataset`, `IterableDataset`, `DataLoader`, or function that makes one, as a source.

    Args:
        dataset: what yields `(x, y)`, `(x, y, meta)`, dicts, or objects with x, y and meta.
        columns: what the keys of dicts and metadata mean.
        side_table: a table (as in `table`) that describes the rows; joined by `columns.row_id`.
        csv: options of the side table, if it is CSV.
        storage: options of the side table's file system.
        name: the split's name, for errors; of `outside` no targets are read.

    Raises:
        ConfigurationError: a side table without a declared row id.
    """
    # Tables are read without torch.
    from auditkit.data.outside import OutsideTorchSource
    from auditkit.data.torch_data import TorchSource

    side = None
    if side_table is not None:
        reader = open_reader(side_table, csv=csv or {}, storage=storage or {})
        side = SideTable(reader, columns.row_id or "", f"{name} data")
    kind = OutsideTorchSource if name == OUTSIDE else TorchSource
    return kind(dataset, columns, side=side, name=name)


def is_table(data: Any) -> bool:
    """Whether data are a table (a location, a frame, arrays, Arrow), rather than torch data."""
    if isinstance(data, (str, Path, pd.DataFrame, Mapping)):
        return True
    if isinstance(data, (list, tuple)):
        return bool(data) and all(isinstance(part, (str, Path)) for part in data)
    return hasattr(data, "__arrow_c_stream__") and not hasattr(data, "__next__")
