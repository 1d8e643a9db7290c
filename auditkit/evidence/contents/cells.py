"""Cells of a table in canonical form: what is the same value has one hash, whatever its type."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from auditkit.evidence.hashing import hashes

_MISSING = np.uint64(0x7FF8_0000_0000_0000)
_WHOLE = 2**53
"""Up to here floats tell all whole numbers apart."""

_NEVER = {"f": np.nan, "i": 0, "u": 0}
"""What stands for a missing number; of whole numbers none is missing."""


@dataclass(frozen=True, eq=False)
class Levels:
    """The values that occur in a column, and which cell holds which.

    Attributes:
        values: numbers or objects, of which the last stands for what is missing.
        codes: position of each cell's value, int64 of shape (n,); −1, the last, where it is
            missing.
    """

    values: np.ndarray
    codes: np.ndarray

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers, truths or times, which are microseconds since 1970."""
        return self.values.dtype != object

    @classmethod
    def of(cls, column: pd.Series) -> Levels:
        """The levels of a column of any type."""
        kind = column.dtype
        if isinstance(kind, pd.CategoricalDtype):
            named = cls.of(pd.Series(column.cat.categories))
            places = np.append(named.codes, -1)  # a missing one has the code −1
            return cls(named.values, places[column.cat.codes.to_numpy()])
        if _holds_numbers(kind):
            codes, found = pd.factorize(_numbers(column))
            return cls(np.append(found, found.dtype.type(_NEVER[found.dtype.kind])), codes)
        try:
            codes, names = pd.factorize(column)
            found = np.asarray(names, dtype=object)
        except TypeError:  # a cell that has no hash
            codes, found = np.arange(len(column)), column.to_numpy(dtype=object)
        values = np.empty(len(found) + 1, dtype=object)
        values[:-1] = found
        return cls(values, codes)

    def hashes(self, *, as_read: bool = False) -> np.ndarray:
        """A hash of each value, uint64.

        1, 1.0 and True are one value, and whatever is missing is; text is taken as it is. A cell
        that cannot be compared (a list, an array) counts by what it shows.

        Args:
            as_read: whether text in other case or with other blanks is the same.
        """
        if self.numeric:
            return number_hashes(self.values)
        return _hashes_of(self.values, as_read=as_read)


def number_hashes(values: np.ndarray) -> np.ndarray:
    """A hash of each number, uint64: 0 and −0 are one number, and so are all that are missing.

    >>> same = number_hashes(np.array([0.0, -0.0, np.nan, -np.nan]))
    >>> same[0] == same[1], same[2] == same[3], same[0] == same[2]
    (np.True_, np.True_, np.False_)
    """
    floats = values.astype(np.float64) + 0.0
    found: np.ndarray = np.where(np.isnan(floats), _MISSING, floats.view(np.uint64))
    if values.dtype.kind in "iu" and values.dtype.itemsize > 4:
        large = (values > _WHOLE) | (values < -_WHOLE)
        return np.where(large, hashes(values), found) if large.any() else found
    return found


def plain_text(text: str) -> str:
    """Text without what a copy often changes: case, blanks, and ways to write one character.

    >>> plain_text("  The ﬁrst\\nLINE ")
    'the first line'
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


def _holds_numbers(kind: Any) -> bool:
    types = pd.api.types
    if types.is_datetime64_any_dtype(kind):
        return True
    return types.is_numeric_dtype(kind) and not types.is_complex_dtype(kind)


def _numbers(column: pd.Series) -> np.ndarray:
    """Whole numbers as they are, all others as float64 with NaN where they are missing."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        micros = column.to_numpy(dtype="datetime64[us]")
        return np.where(np.isnat(micros), np.nan, micros.astype(np.int64).astype(np.float64))
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iu":
        return column.to_numpy()
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _hashes_of(cells: np.ndarray, *, as_read: bool) -> np.ndarray:
    """Hashes of cells of any kind."""
    found = np.full(len(cells), _MISSING, dtype=np.uint64)
    shown = [_shown(cell) for cell in cells]
    texts = [place for place, one in enumerate(shown) if isinstance(one, str)]
    if texts:
        written = (str(shown[place]) for place in texts)
        plain = [plain_text(one) if as_read else one for one in written]
        found[texts] = hashes(np.array(plain, dtype=object))
    others = [place for place, one in enumerate(shown) if not isinstance(one, str)]
    found[others] = number_hashes(np.array([shown[place] for place in others], dtype=np.float64))
    return found


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
