"""From the columns of a frame to targets, row ids, clusters, weights and the like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from auditkit.data.columns import Columns, Label, ProxyGroup
from auditkit.data.row_numbers import first_rows
from auditkit.data.values import plain_array, refuse_missing, refuse_mixed
from auditkit.data.wording import quoted
from auditkit.errors import DataError

# Probabilities that were written with three digits need not sum to one exactly.
_SUM_TOLERANCE = 5e-3

WEIGHT_RANGE = (1e-12, 1e12)
"""The smallest and the largest weight other than 0."""

_NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty")


# What to do where labels are missing. Leaving the rows out would hide whoever was refused: those
# left are all selected, and every comparison of selection rates passes.
DECLARE_LABELLED = (
    "Find the outcome out; or keep the rows, and declare data.labelled, whom the outcome is known "
    'of ("accepted applicants").'
)


def targets_of(frame: pd.DataFrame, label: Label, where: str, *, some: bool = False) -> Any:
    """The true outcomes: array [rows], [rows, columns] for several columns, or head → array.

    Args:
        frame: with the columns of the label.
        label: as declared.
        where: what errors call the split.
        some: whether labels may be missing; they are NaN then.

    Raises:
        DataError: a label is missing, infinite, of mixed types, or text among several columns.
    """
    if label is None:
        return None
    if isinstance(label, Mapping):
        return {head: targets_of(frame, part, where, some=some) for head, part in label.items()}
    if isinstance(label, str):
        return _target(frame[label], where, some=some)
    columns = [_target(frame[name], where, some=some) for name in label]
    for name, values in zip(label, columns, strict=True):
        if values.dtype.kind not in "biuf":
            raise DataError(
                f"Label column {name!r} ({where}) holds values such as {quoted(values[0])}, but "
                "several label columns must each hold 0/1, truth values or numbers.",
                mend="Make one column of 0 and 1 for each label.",
            )
    return np.column_stack(columns)


def labelled_rows(frame: pd.DataFrame, columns: Columns) -> np.ndarray | None:
    """Whether each row has all of its labels, bool [rows]; None where all rows must have."""
    if columns.labelled is None or not columns.labels:
        return None
    return np.asarray(frame[list(columns.labels)].notna().to_numpy().all(axis=1))


def ids_array(frame: pd.DataFrame, column: str | None, where: str) -> np.ndarray:
    """Row ids, [rows]: the column's values, or the numbers of the rows where none is declared.

    Raises:
        DataError: an id is missing, or is neither a whole number nor text.
    """
    if column is None:
        return frame.index.to_numpy(dtype=np.int64)
    title = f"Row id column {column!r} ({where})"
    return _identity(frame[column], title, "Give every row an id, or declare no row id column.")


def clusters_array(frame: pd.DataFrame, column: str | None, where: str) -> np.ndarray | None:
    """Cluster ids, [rows]; None where no cluster is declared.

    Raises:
        DataError: a cluster is missing, or is neither a whole number nor text.
    """
    if column is None:
        return None
    title = f"Cluster column {column!r} ({where})"
    return _identity(
        frame[column], title, "Give such rows a cluster each of its own, or leave them out."
    )


def queries_array(frame: pd.DataFrame, column: str | None, where: str) -> np.ndarray | None:
    """The list that each row is ranked in, [rows]; None where none is declared.

    Raises:
        DataError: an id is missing, or is neither a whole number nor text.
    """
    if column is None:
        return None
    return _identity(
        frame[column], f"Query column {column!r} ({where})", "Leave out rows that are in no list."
    )


def previous_array(frame: pd.DataFrame, column: str | None, where: str) -> np.ndarray | None:
    """The class that the previous version predicted, as labels write it, [rows].

    Raises:
        DataError: a value is missing, infinite or of mixed types.
    """
    if column is None:
        return None
    values, title = frame[column], f"Column {column!r} of previous predictions ({where})"
    refuse_mixed(values, title)
    refuse_missing(values, title, "Give the previous version's prediction of every row.")
    return plain_array(values)


def weights_array(frame: pd.DataFrame, column: str | None, where: str) -> np.ndarray | None:
    """How many units of the population each row stands for, float64 [rows].

    Raises:
        DataError: a weight is missing, negative, no number, or so large or small (other than 0)
            that sums of its squares lose it.
    """
    if column is None:
        return None
    title = f"Weight column {column!r} ({where})"
    weights = _numbers(frame[column], title)
    low, high = WEIGHT_RANGE
    taken = (weights == 0) | ((weights >= low) & (weights <= high))
    what = f"no weight: neither 0 nor between {low:g} and {high:g}"
    _refuse_outside(frame.index, np.asarray(~taken), title, what)
    return weights


def probabilities_array(frame: pd.DataFrame, group: ProxyGroup, where: str) -> np.ndarray:
    """The probability of each level of a proxy group, float64 [rows, levels].

    Raises:
        DataError: a probability lies outside [0, 1], or those of a row don't sum to one.
    """
    title = f"Proxy group {group.name!r} ({where})"
    columns = [
        _numbers(frame[name], f"{title}, column {name!r}") for name in group.columns.values()
    ]
    probabilities = np.column_stack(columns)
    inside = np.asarray(((probabilities >= 0) & (probabilities <= 1)).all(axis=1))
    _refuse_outside(frame.index, ~inside, title, "a probability outside 0 to 1, or none")
    off = np.abs(probabilities.sum(axis=1) - 1) > _SUM_TOLERANCE
    _refuse_outside(frame.index, off, title, "probabilities that do not sum to one")
    return probabilities


def _numbers(column: pd.Series[Any], title: str) -> np.ndarray:
    refuse_mixed(column, title)
    kinds = pd.api.types
    if kinds.is_numeric_dtype(column) and not kinds.is_complex_dtype(column):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    # Asked of the values: text that looks like numbers, and dates, would be converted in silence.
    if kinds.infer_dtype(column.astype(object), skipna=True) not in _NUMBERS:
        raise DataError(
            f"{title} holds values such as {quoted(column.dropna().iloc[0])}, which are no "
            "numbers.",
            mend="Declare a numeric column.",
        )
    return column.astype(object).to_numpy(dtype=np.float64, na_value=np.nan)


def _refuse_outside(rows: pd.Index[Any], wrong: np.ndarray, title: str, what: str) -> None:
    if wrong.any():
        count = int(wrong.sum())
        raise DataError(
            f"{title} has {count} row{'s' if count > 1 else ''} with {what}, "
            f"{first_rows(rows[wrong])}.",
            mend="Correct these values, or leave these rows out.",
        )


def _target(column: pd.Series[Any], where: str, *, some: bool) -> np.ndarray:
    title = f"Label column {column.name!r} ({where})"
    refuse_mixed(column, title)
    missing = column.isna().to_numpy()
    if not some or not missing.any():
        refuse_missing(column, title, DECLARE_LABELLED)
        return plain_array(column)
    known = column[~missing]
    refuse_missing(known, title, DECLARE_LABELLED)
    return _with_gaps(plain_array(known), missing)


def _with_gaps(known: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """The known values in their places, NaN in the others."""
    # An empty array of objects, where a block knows no label, must not make several columns text.
    plain = known.dtype.kind in "biuf" or not len(known)
    values = np.full(len(missing), np.nan, dtype=np.float64 if plain else object)
    values[~missing] = known
    return values


def _identity(column: pd.Series[Any], title: str, mend: str) -> np.ndarray:
    refuse_mixed(column, title)
    refuse_missing(column, title, mend)
    values = plain_array(column)
    if values.dtype.kind == "f":
        broken = column.index[values != np.floor(values)]
        if len(broken) or (np.abs(values) >= 2**53).any():
            raise DataError(
                f"{title} holds fractions or numbers beyond 2**53 as floats, "
                f"{first_rows(broken) if len(broken) else 'which may have lost digits'}.",
                mend="Store it as whole numbers or text.",
            )
        return values.astype(np.int64)
    if values.dtype.kind == "u":
        return values.astype(np.int64) if values.max(initial=0) < 2**63 else values.astype(object)
    if values.dtype.kind in "bM":
        return values.astype(str).astype(object)
    return values
