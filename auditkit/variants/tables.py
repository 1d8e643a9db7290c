"""Tables with damaged cells: values that went missing, and values of other rows.

Every new value is one that its column holds in another row. So dtypes, categories and units stay
what they are, whatever the column is made of. Call it with the whole sample: medians and other
rows' values are those of the rows that are given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from pandas.api import types
from torch import Tensor

from auditkit.errors import DataError
from auditkit.variants.draws import Purpose, generator
from auditkit.variants.variant import LEVELS, Variant

_SHARES = (0.1, 0.3, 0.5)  # of the cells of each column, by level


def corrupted_frame(frame: pd.DataFrame, variant: Variant, seed: int) -> pd.DataFrame:
    """A frame of features with damage to 10, 30 or 50 % of its cells (levels 1 to 3).

    `missing` takes values away and fills the gaps as a simple imputer would: with the median of
    numbers and times (the lower of two middle ones, a value that occurs), the most frequent value
    of all else (the first of several). `shuffled` gives the chosen cells of a column each other's
    values, so that its distribution stays what it was.

    Args:
        frame: any columns; it is left as it is. A cell without a value has none to lose: `missing`
            leaves it empty. So a column without any values does not change.
        variant: one of `auditkit.variants.variant.TABLE_CORRUPTIONS`.
        seed: decides on the cells. Those of a lower level are among those of a higher one.

    Raises:
        ValueError: there is no such corruption.

    Example:
        >>> frame = pd.DataFrame({"age": [20, 30, 40, 50], "town": ["A", "B", "B", "B"]})
        >>> corrupted_frame(frame, Variant("missing", 3), seed=1)["age"].tolist()
        [30, 30, 40, 30]
    """
    sources = _of_frame(variant)
    if frame.empty:
        return frame.copy()
    columns = []
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        rows = sources(column, _chosen(len(frame), variant, seed, place))
        columns.append(column.iloc[rows].reset_index(drop=True))
    # By position: names and index may hold doubles.
    changed = pd.concat(columns, axis=1)
    changed.columns, changed.index = frame.columns, frame.index
    return changed


def corrupted_columns(tensor: Tensor, variant: Variant, seed: int) -> Tensor:
    """A tensor of features with the damage of `corrupted_frame`, on its own device.

    Args:
        tensor: numbers, [n, features]; it is left as it is. NaN are cells without a value.
        variant: see `corrupted_frame`.
        seed: see `corrupted_frame`; both choose the same cells.

    Raises:
        DataError: the tensor has another number of axes.
        ValueError: there is no such corruption.

    Example:
        >>> tensor = torch.tensor([[1.0], [2.0], [9.0], [8.0]])
        >>> corrupted_columns(tensor, Variant("missing", 3), seed=1).flatten().tolist()
        [2.0, 2.0, 9.0, 2.0]
    """
    _of_frame(variant)
    if tensor.ndim != 2:
        raise DataError(
            f"The inputs have the shape {tuple(tensor.shape)}; a table is [units, features].",
            mend="Declare the medium 'table' only of inputs of this shape.",
        )
    if tensor.numel() == 0:
        return tensor.clone()
    rows, columns = tensor.shape
    chosen = [_chosen(rows, variant, seed, place) for place in range(columns)]
    if variant.name == "shuffled":
        sources = np.stack([_of_others(one) for one in chosen], axis=1)
        return tensor.gather(0, torch.from_numpy(sources).to(tensor.device))
    mask = torch.from_numpy(np.stack([one.mask for one in chosen], axis=1)).to(tensor.device)
    empty = tensor.isnan()
    return torch.where(mask & ~empty, _lower_medians(tensor, empty), tensor)


def _lower_medians(tensor: Tensor, empty: Tensor) -> Tensor:
    """[1, features] the lower median of the values that there are; by sorting, as NaN go last."""
    ordered = tensor.sort(dim=0).values
    middle = ((~empty).sum(dim=0, keepdim=True) - 1).clamp(min=0) // 2
    return ordered.gather(0, middle)


@dataclass(frozen=True)
class _Chosen:
    """The chosen cells of one column.

    Attributes:
        mask: which, bool [rows].
        order: their rows, in random order.
    """

    mask: np.ndarray
    order: np.ndarray


def _chosen(rows: int, variant: Variant, seed: int, place: int) -> _Chosen:
    drawn = generator(seed, place, Purpose.CELLS).random(rows)
    mask = drawn < _SHARES[LEVELS.index(variant.level)]
    order = np.argsort(drawn, kind="stable")
    return _Chosen(mask, order[: int(mask.sum())])


def _of_frame(variant: Variant) -> Callable[[pd.Series, _Chosen], np.ndarray]:
    found = _SOURCES.get(variant.name)
    if found is None or variant.level not in LEVELS:
        raise ValueError(f"there is no corruption of tables {variant}")
    return found


def _shuffled(column: pd.Series, chosen: _Chosen) -> np.ndarray:
    del column
    return _of_others(chosen)


def _of_others(chosen: _Chosen) -> np.ndarray:
    """From which row each cell has its value: in a random circle, so that none keeps its own."""
    sources = np.arange(len(chosen.mask))
    sources[chosen.order] = np.roll(chosen.order, 1)
    return sources


def _missing(column: pd.Series, chosen: _Chosen) -> np.ndarray:
    sources = np.arange(len(column))
    typical = typical_row(column)
    if typical is not None:
        sources[chosen.mask & column.notna().to_numpy()] = typical
    return sources


def typical_row(column: pd.Series) -> int | None:
    """The place of a row with the typical value of a column; None where there are no values.

    Of numbers and times it is the median (the lower of two middle ones), of all else the most
    frequent value (the first of several).

    >>> typical_row(pd.Series([3.0, None, 1.0, 2.0]))
    3
    """
    held = np.flatnonzero(column.notna().to_numpy())
    if not held.size:
        return None
    values = column.iloc[held]
    if _is_ordered(column):
        order = np.argsort(values.to_numpy(), kind="stable")
        return int(held[order[(len(order) - 1) // 2]])
    codes = equal_codes(values)
    return int(held[np.argmax(codes == np.argmax(np.bincount(codes)))])


def _is_ordered(column: pd.Series) -> bool:
    if types.is_bool_dtype(column.dtype):
        return False
    times = types.is_datetime64_any_dtype(column.dtype) or types.is_timedelta64_dtype(column.dtype)
    return times or types.is_numeric_dtype(column.dtype)


def equal_codes(values: pd.Series) -> np.ndarray:
    """Equal values have equal codes, numbered by their first row; no value has the code −1."""
    try:
        return pd.factorize(values)[0]
    except TypeError:  # lists and the like, which cannot be hashed
        return pd.factorize(values.map(repr))[0]


_SOURCES: dict[str, Callable[[pd.Series, _Chosen], np.ndarray]] = {
    "missing": _missing,
    "shuffled": _shuffled,
}
