"""Values of a column that no role may hold: missing, infinite, of mixed types; and plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from auditkit.data.row_numbers import first_rows, row_range, row_text
from auditkit.data.wording import quoted
from auditkit.errors import DataError

PLAIN_KINDS = frozenset(
    {
        "string",
        "boolean",
        "integer",
        "floating",
        "mixed-integer-float",
        "decimal",
        "date",
        "datetime",
        "datetime64",
        "categorical",
        "empty",
    }
)
"""What `pandas.api.types.infer_dtype` calls a column of objects that are all of one sort."""


def refuse_mixed(column: pd.Series[Any], title: str) -> None:
    """Refuse a column of objects that are not all of one sort.

    Args:
        column: a block, its index the row numbers.
        title: how the error's text begins, for example `Label column 'y' (evaluation)`.

    Raises:
        DataError: the column mixes text with numbers, or holds lists, dicts and the like.
    """
    if column.dtype != object:
        return
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind in PLAIN_KINDS:
        return
    firsts = _first_of_each_type(column)
    if len(firsts) == 1:
        name, (row, _) = next(iter(firsts.items()))
        raise DataError(
            f"{title} holds values of type {name} ({first_rows([row])}), which is neither text, "
            "number, truth value nor date.",
            mend="Declare a column with one plain value in each row.",
        )
    found = " and ".join(
        f"{name} ({quoted(value)} in row {row_text(row)})"
        for name, (row, value) in list(firsts.items())[:3]
    )
    raise DataError(
        f"{title} mixes types: {found}.",
        mend="Convert the column to one type before the audit, for example by astype(str).",
    )


def refuse_mixed_feature(column: pd.Series[Any], where: str) -> None:
    """Refuse a feature that mixes text with numbers; other objects are the model's own affair.

    Raises:
        DataError: the column holds both text and numbers.
    """
    if column.dtype != object:
        return
    if not pd.api.types.infer_dtype(column, skipna=True).startswith("mixed"):
        return
    types = set(map(type, column.dropna()))
    if str in types and any(issubclass(found, (int, float, np.number)) for found in types):
        refuse_mixed(column, f"Feature {column.name!r} ({where})")


def refuse_missing(column: pd.Series[Any], title: str, mend: str) -> None:
    """Refuse missing values, and infinite ones in a column of floats.

    Raises:
        DataError: with the count within this block of rows, and the first rows.
    """
    for bad, sort in ((column.isna().to_numpy(), "missing"), (_infinite(column), "infinite")):
        rows = column.index[bad]
        if len(rows):
            raise DataError(
                f"{title} has {len(rows)} {sort} value{'s' if len(rows) > 1 else ''} among "
                f"{row_range(column.index)}, {first_rows(rows)}.",
                mend=mend,
            )


def plain_array(column: pd.Series[Any]) -> np.ndarray:
    """The values as a NumPy array of bool, int64, float, datetime64 or (text) object.

    The column has no missing values. Extension types (nullable, Arrow) become plain ones, so that
    the same data give the same array whatever they are stored in.

    Example:
        >>> import pandas as pd
        >>> plain_array(pd.Series([1, 2], dtype="Int64"))
        array([1, 2])
    """
    kinds = pd.api.types
    if kinds.is_bool_dtype(column):
        return column.to_numpy(dtype=np.bool_)
    if kinds.is_integer_dtype(column):
        unsigned = kinds.is_unsigned_integer_dtype(column) and column.max() >= 2**63
        return column.to_numpy(dtype=np.uint64 if unsigned else np.int64)
    if kinds.is_float_dtype(column):
        plain = isinstance(column.dtype, np.dtype)
        return column.to_numpy() if plain else column.to_numpy(dtype=np.float64)
    if kinds.is_datetime64_any_dtype(column):
        return _naive(column).to_numpy()
    if kinds.infer_dtype(column, skipna=True) == "boolean":
        return column.to_numpy(dtype=np.bool_)
    return column.to_numpy(dtype=object)


def times_array(column: pd.Series[Any], title: str) -> np.ndarray:
    """Moments as datetime64 (UTC), or numbers as they are; ISO 8601 text is parsed.

    Raises:
        DataError: a value is missing or is no moment.
    """
    mend = "Give every row a moment, as a date column, a number, or ISO 8601 text."
    refuse_mixed(column, title)
    refuse_missing(column, title, mend)
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return plain_array(column)
    moments = pd.to_datetime(column.astype(object), errors="coerce", utc=True, format="ISO8601")
    rows = column.index[moments.isna().to_numpy()]
    if len(rows):
        raise DataError(
            f"{title} holds {quoted(column.loc[rows[0]])} in row {row_text(rows[0])}, which is no "
            "ISO 8601 moment.",
            mend=mend,
        )
    return _naive(moments).to_numpy()


def _naive(moments: pd.Series[Any]) -> pd.Series[Any]:
    return moments if moments.dt.tz is None else moments.dt.tz_convert("UTC").dt.tz_localize(None)


def _infinite(column: pd.Series[Any]) -> np.ndarray:
    if not pd.api.types.is_float_dtype(column):
        return np.zeros(len(column), dtype=np.bool_)
    infinite: np.ndarray = np.isinf(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return infinite


def _first_of_each_type(column: pd.Series[Any]) -> dict[str, tuple[Any, Any]]:
    firsts: dict[str, tuple[Any, Any]] = {}
    for row, value in column.dropna().items():
        firsts.setdefault(type(value).__name__, (row, value))
    return firsts
