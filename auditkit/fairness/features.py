"""The arguments of Fairlearn's functions, whatever they are made of, as named columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from auditkit.errors import DataError

_MEND = "Pass one value for each row: a list, an array, a Series or a tensor of shape (n,)."


def row_of(values: Any, title: str) -> Any:
    """One column: a Series, an array, or a tensor on an accelerator, of shape (n,).

    Raises:
        DataError: more than one column.
    """
    if isinstance(values, pd.DataFrame) and len(values.columns) == 1:
        return values.iloc[:, 0]
    if isinstance(values, (pd.Series, pd.Index, pd.api.extensions.ExtensionArray)):
        return pd.Series(values)
    if _is_tensor(values):
        values = values.detach()
        if str(values.dtype) == "torch.bfloat16":
            values = values.float()  # NumPy has no such type
        values = values if _on_accelerator(values) else values.numpy()
    elif not isinstance(values, np.ndarray):
        values = _array(values, title)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise DataError(
            f"{title} has the shape {tuple(values.shape)}; expected one column.", mend=_MEND
        )
    return values


def named_columns(features: Any, base: str) -> dict[str, Any]:
    """Columns by name; unnamed ones are called `base` and their number.

    Args:
        features: None, one column, or a DataFrame, dict or two-dimensional array of them.
        base: for example `sensitive_feature_`.

    Raises:
        DataError: names that are no text, or something that is no column.
    """
    if features is None:
        return {}
    if isinstance(features, pd.DataFrame):
        if not features.columns.is_unique:
            twice = features.columns[features.columns.duplicated()][0]
            raise DataError(f"Two features are named {twice!r}.", mend="Rename one of them.")
        return _named({name: features.iloc[:, at] for at, name in enumerate(features.columns)})
    if isinstance(features, dict):
        return _named({name: row_of(column, str(name)) for name, column in features.items()})
    if isinstance(features, pd.Series):
        return _named({f"{base}0" if features.name is None else features.name: features})
    if not _is_tensor(features):
        features = features if isinstance(features, np.ndarray) else _array(features, base)
    if features.ndim != 2:
        return {f"{base}0": row_of(features, f"{base}0")}
    columns = (features[:, at] for at in range(features.shape[1]))
    return {f"{base}{at}": _typed(row_of(one, base)) for at, one in enumerate(columns)}


def on_device(columns: list[Any]) -> Any:
    """The accelerator that one of the columns is on; None if all are in memory."""
    return next((column.device for column in columns if _on_accelerator(column)), None)


def _array(values: Any, title: str) -> np.ndarray:
    try:
        found = np.asarray(values)
        # NumPy turns a list of text and missing values into text altogether.
        return found if found.dtype.kind not in "US" else np.asarray(values, dtype=object)
    except ValueError:
        raise DataError(f"{title} is no column of values.", mend=_MEND) from None


def _named(columns: dict[Any, Any]) -> dict[str, Any]:
    for name in columns:
        if not isinstance(name, str):
            raise DataError(
                f"The feature {name!r} is named by a {type(name).__name__}; expected text.",
                mend="Rename the column, for example with rename(columns=str).",
            )
    return columns


def _typed(column: Any) -> Any:
    """A column of a table of objects with its own type."""
    if isinstance(column, np.ndarray) and column.dtype == object:
        return pd.Series(column).infer_objects()
    return column


def _is_tensor(values: Any) -> bool:
    return hasattr(values, "detach") and hasattr(values, "device")


def _on_accelerator(values: Any) -> bool:
    return _is_tensor(values) and values.device.type != "cpu"
