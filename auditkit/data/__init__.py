"""Data sets and their splits: tables in any store, and a user's torch data, as batches."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditkit.data.batch import Batch, Fragment, Source
    from auditkit.data.columns import MISSING, Columns, Group, ProxyGroup
    from auditkit.data.datasets import Dataset, dataset, declared_groups
    from auditkit.data.integrity import Integrity
    from auditkit.data.media import audio, images, series, text
    from auditkit.data.openings import Media
    from auditkit.data.sources import table, torch_source
    from auditkit.data.split_column import Fold, folds

__all__ = [
    "MISSING",
    "Batch",
    "Columns",
    "Dataset",
    "Fold",
    "Fragment",
    "Group",
    "Integrity",
    "Media",
    "ProxyGroup",
    "Source",
    "audio",
    "dataset",
    "declared_groups",
    "folds",
    "images",
    "series",
    "table",
    "text",
    "torch_source",
]

# pandas and pyarrow take a second to import: only what is used is loaded.
_HOMES = {
    "MISSING": "columns",
    "Batch": "batch",
    "Columns": "columns",
    "Dataset": "datasets",
    "Fold": "split_column",
    "Fragment": "batch",
    "Group": "columns",
    "Integrity": "integrity",
    "Media": "openings",
    "ProxyGroup": "columns",
    "Source": "batch",
    "audio": "media",
    "dataset": "datasets",
    "declared_groups": "datasets",
    "folds": "split_column",
    "images": "media",
    "series": "media",
    "table": "sources",
    "text": "media",
    "torch_source": "sources",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
