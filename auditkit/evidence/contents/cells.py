"""Cells of a table in canonical form: what is the same value has one hash, whatever its type."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from auditkit.evidence.hashing import hashes

_MISSING = np.uint64(0x7FF8_0000_0000_0000)
_WHOLE = 2**53
"""Up to here floats tell all whole numbers apart."""


def numbers(column: pd.Series) -> np.ndarray | None:
    """The cells of a column of numbers, truths or times as float64, NaN where missing.

    Times are microseconds since 1970. None of any other column.
    """
    kind = column.dtype
    if pd.api.types.is_datetime64_any_dtype(kind):
        micros = column.to_numpy(dtype="datetime64[us]")
        return np.where(np.isnat(micros), np.nan, micros.astype(np.int64).astype(np.float64))
    if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind)):
        return None
    if pd.api.types.is_complex_dtype(kind) or isinstance(kind, pd.CategoricalDtype):
        return None
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def number_hashes(values: np.ndarray) -> np.ndarray:
    """The bits of numbers, uint64: 0 and −0 are one number, and so are all that are missing.

    >>> same = number_hashes(np.array([0.0, -0.0, np.nan, -np.nan]))
    >>> same[0] == same[1], same[2] == same[3], same[0] == same[2]
    (np.True_, np.True_, np.False_)
    """
    bits = (values + 0.0).view(np.uint64)
    found: np.ndarray = np.where(np.isnan(values), _MISSING, bits)
    return found


def value_hashes(column: pd.Series, *, as_read: bool = False) -> np.ndarray:
    """A hash of each cell, uint64 of shape (n,).

    1, 1.0 and True are one value, and whatever is missing is; text is taken as it is. A cell that
    cannot be compared (a list, an array) counts by what it shows.

    Args:
        column: of a table.
        as_read: whether text in other case or with other blanks is the same.
    """
    values = numbers(column)
    if values is not None:
        return _exactly(number_hashes(values), column)
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes = column.cat.codes.to_numpy()
        of_levels = value_hashes(pd.Series(column.cat.categories), as_read=as_read)
        return np.append(of_levels, _MISSING)[codes]
    cells = column.to_numpy(dtype=object)
    try:
        codes, levels = pd.factorize(cells)
    except TypeError:  # a cell that has no hash
        return _hashes_of(cells, as_read=as_read)
    return np.append(_hashes_of(np.asarray(levels, dtype=object), as_read=as_read), _MISSING)[codes]


def plain_text(text: str) -> str:
    """Text without what a copy often changes: case, blanks, and ways to write one character.

    >>> plain_text("  The ﬁrst\\nLINE ")
    'the first line'
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


def _exactly(found: np.ndarray, column: pd.Series) -> np.ndarray:
    """Hashes of numbers, with those of whole numbers that no float64 tells apart from the next."""
    whole = column.to_numpy() if isinstance(column.dtype, np.dtype) else None
    if whole is None or whole.dtype.kind not in "iu" or whole.dtype.itemsize < 8:
        return found
    large = (whole > _WHOLE) | (whole < -_WHOLE)
    return np.where(large, hashes(whole), found) if large.any() else found


def _hashes_of(cells: np.ndarray, *, as_read: bool) -> np.ndarray:
    """Hashes of cells of any kind."""
    shown = [_shown(cell) for cell in cells]
    text = np.array([isinstance(one, str) for one in shown], dtype=np.bool_)
    found = np.full(len(cells), _MISSING, dtype=np.uint64)
    if text.any():
        found[text] = hashes(_texts(shown, text, as_read=as_read))
    if not text.all():
        found[~text] = number_hashes(np.array([o for o in shown if not isinstance(o, str)]))
    return found


def _texts(shown: Sequence[Any], text: np.ndarray, *, as_read: bool) -> np.ndarray:
    chosen = np.empty(int(text.sum()), dtype=object)
    chosen[:] = [
        plain_text(one) if as_read else one for one in shown if isinstance(one, str)
    ]  # fmt: skip
    return chosen


def _shown(cell: Any) -> str | float:
    """A cell as text, or as a number; NaN where it is missing."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int | float | np.integer | np.floating | np.bool_):
        inexact = isinstance(cell, int | np.integer) and not -_WHOLE <= int(cell) <= _WHOLE
        return str(cell) if inexact else float(cell)
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return np.nan
    if isinstance(cell, bytes):
        return cell.hex()
    return f"{type(cell).__name__} {cell.tolist() if hasattr(cell, 'tolist') else cell!r}"
