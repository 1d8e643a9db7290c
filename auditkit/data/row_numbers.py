"""The numbers of rows: unique within a split, stable, and readable in errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

FILE_STRIDE = 2**40
"""Row numbers of the n-th file start at n times this: unique without counting any file's rows."""


def row_text(row: Any) -> str:
    """A row's number in its file (the first is 0), and which file if it is not the first.

    Example:
        >>> row_text(4), row_text(4 + 2**40)
        ('4', '4 of file 2')
    """
    file, number = divmod(int(row), FILE_STRIDE)
    return f"{number} of file {file + 1}" if file else str(number)


def first_rows(rows: Iterable[Any], most: int = 5) -> str:
    """The first few rows, for an error's text.

    Example:
        >>> first_rows([4, 17])
        'first in rows 4, 17'
    """
    shown = [row_text(row) for row, _ in zip(rows, range(most), strict=False)]
    return f"first in row{'s' if len(shown) > 1 else ''} {', '.join(shown)}"


def row_range(rows: Any) -> str:
    """From which row to which, for an error's text.

    Example:
        >>> row_range([4, 5, 6])
        'rows 4 to 6'
    """
    return f"rows {row_text(rows[0])} to {row_text(rows[-1])}"
