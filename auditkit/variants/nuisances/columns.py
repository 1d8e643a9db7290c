"""Nuisances of tables: a column that has one value in every row.

The user names the value that is given to all. To take a column out gives all rows its typical value
in the sample (the median of numbers, the most frequent of all else), so that nothing is left in it
to tell rows apart by.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import torch
from pandas.api import types
from torch import Tensor

from auditkit.errors import ConfigurationError, DataError
from auditkit.variants.nuisances.nuisance import APPLIED, Nuisance
from auditkit.variants.tables import typical_row


def intervened_frame(frame: pd.DataFrame, nuisance: Nuisance, direction: str) -> pd.DataFrame:
    """A frame whose column has one value in every row; dtypes stay what they are.

    Args:
        frame: features of the whole sample, since the typical value is theirs; left as it is.
        nuisance: of the kind `column`, by name.
        direction: `applied` or `removed`.

    Raises:
        ConfigurationError: there is no such column, or none of its kind can hold the value.
        DataError: the column has no value anywhere, so that none is typical.

    Example:
        >>> ward = Nuisance.of({"kind": "column", "column": "ward", "value": "B"})
        >>> frame = pd.DataFrame({"ward": ["A", "A", "B"]})
        >>> intervened_frame(frame, ward, "removed")["ward"].tolist()
        ['A', 'A', 'A']
    """
    place = column_place(frame, nuisance)
    column = frame.iloc[:, place]
    if direction == APPLIED:
        value = _cell(column, nuisance)
    elif (row := typical_row(column)) is not None:
        value = column.iloc[[row]]
    else:
        raise DataError(
            f"The column {nuisance['column']!r} has no value in the sample, so that none is "
            "typical.",
            mend="Name another column.",
        )
    parts = [frame.iloc[:, one] for one in range(frame.shape[1])]
    parts[place] = value.iloc[[0] * len(frame)].set_axis(frame.index)
    # By position: names may come twice.
    return pd.concat([part.rename(None) for part in parts], axis=1).set_axis(frame.columns, axis=1)


def column_place(frame: pd.DataFrame, nuisance: Nuisance) -> int:
    """Where the column of a nuisance stands among the features.

    Raises:
        ConfigurationError: there is no such column, or there are several.
    """
    named = nuisance["column"]
    if isinstance(named, int) and named < frame.shape[1]:
        return named
    found = [place for place, name in enumerate(frame.columns) if str(name) == named]
    if len(found) == 1:
        return found[0]
    known = ", ".join(map(str, list(frame.columns)[:12]))
    raise ConfigurationError(
        f"The nuisance {nuisance} is of the column {named!r}, of which the features hold "
        f"{len(found) or 'none'}; they are {known}{' …' * (frame.shape[1] > 12)}.",
        mend="Name one of the features.",
    )


def _cell(column: pd.Series, nuisance: Nuisance) -> pd.Series:
    """The value as the one cell of a column of the same dtype."""
    given = nuisance["value"]
    try:
        if _is_of_kind(given, column.dtype):
            made = pd.Series([given], dtype=object).astype(column.dtype)
            if made.iloc[0] == given:
                return made
    except (TypeError, ValueError, OverflowError):
        pass  # told below, in words
    raise ConfigurationError(
        f"The nuisance {nuisance} gives the column {nuisance['column']!r} the value {given!r}, "
        f"which a column of {column.dtype} cannot hold.",
        mend="Give a value of the kind that the column has; of a categorical one, a category.",
    )


def _is_of_kind(given: Any, dtype: Any) -> bool:
    """Whether a column of a dtype could hold a value without making another of it."""
    if isinstance(dtype, pd.CategoricalDtype):
        return given in dtype.categories
    if types.is_bool_dtype(dtype) or isinstance(given, bool):
        return types.is_bool_dtype(dtype) and isinstance(given, bool)
    return isinstance(given, str) != types.is_numeric_dtype(dtype)


def intervened_columns(tensor: Tensor, nuisance: Nuisance, direction: str) -> Tensor:
    """As `intervened_frame`, of a tensor of features [n, features] on its own device.

    The column is named by its place; NaN are cells without a value.

    Raises:
        ConfigurationError, DataError: as `intervened_frame`; the tensor has no columns.

    Example:
        >>> second = Nuisance.of({"kind": "column", "column": 1, "value": 7})
        >>> intervened_columns(torch.zeros(1, 2), second, "applied").tolist()
        [[0.0, 7.0]]
    """
    named, given = nuisance["column"], nuisance["value"]
    if tensor.ndim != 2 or not isinstance(named, int) or named >= tensor.shape[1]:
        raise ConfigurationError(
            f"The nuisance {nuisance} is of the column {named!r}, and the model is given a tensor "
            f"of the shape {tuple(tensor.shape)} without names.",
            mend="Give the place of the column, from 0.",
        )
    if isinstance(given, str | bool):
        raise ConfigurationError(
            f"The nuisance {nuisance} gives a column of numbers the value {given!r}.",
            mend="Give a number.",
        )
    changed = tensor.clone()
    changed[:, named] = given if direction == APPLIED else _median(tensor[:, named], nuisance)
    return changed


def _median(column: Tensor, nuisance: Nuisance) -> Any:
    held = column[~column.isnan()]
    if not len(held):
        raise DataError(
            f"The column {nuisance['column']} has no value in the sample, so that none is typical.",
            mend="Name another column.",
        )
    return torch.sort(held).values[(len(held) - 1) // 2]
