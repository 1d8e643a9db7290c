"""A small table read as a whole: canaries, pairs of prompts, and the like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditkit.data.columns import Columns
from auditkit.data.sources import table
from auditkit.errors import DataError

MOST_ROWS = 100_000
"""A table that is read as a whole has no more."""


def whole_table(
    data: Any, *, csv: Mapping[str, Any] | None = None, name: str = "data"
) -> dict[str, tuple[Any, ...]]:
    """All rows of a table: column → its values, in order.

    Args:
        data: as for `auditkit.data.table`.
        csv: options of CSV files.
        name: what errors call it.

    Raises:
        DataError: the table is missing, damaged, empty, or has more than 100,000 rows.

    Example:
        >>> whole_table({"text": ["a", "b"]})
        {'text': ('a', 'b')}
    """
    source = table(data, Columns(label=None), csv=csv, name=name)
    source.check()
    found: dict[str, list[Any]] = {}
    rows = 0
    for fragment in source.fragments():
        for batch in source.batches(fragment, 8192):
            assert batch.frame is not None  # it is a table
            rows += len(batch)
            if rows > MOST_ROWS:
                raise DataError(
                    f"The table {name!r} has more than {MOST_ROWS:,} rows, and is read as a whole.",
                    mend="Give a random sample of it.",
                )
            for column in batch.frame.columns:
                found.setdefault(str(column), []).extend(batch.frame[column].tolist())
    return {column: tuple(values) for column, values in found.items()}


__all__ = ["MOST_ROWS", "whole_table"]
