"""Splits that share one table, told apart by a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from auditkit.data.grouping import level_label
from auditkit.data.row_numbers import first_rows, row_range
from auditkit.data.values import refuse_mixed
from auditkit.data.wording import listed, nearest
from auditkit.errors import ConfigurationError, DataError


@dataclass(frozen=True)
class Fold:
    """The rows of one split: those whose value in the split column is one of these.

    Attributes:
        column: the split column; it is no feature.
        values: the values that belong to this split, as text.
    """

    column: str
    values: tuple[str, ...]

    def select(self, frame: pd.DataFrame, where: str) -> tuple[pd.DataFrame, set[str]]:
        """The rows of this split (their index stays), and the values that the frame holds.

        Raises:
            DataError: a row has no value in the split column.
        """
        column = frame[self.column]
        title = f"Split column {self.column!r} ({where})"
        refuse_mixed(column, title)
        codes, values = pd.factorize(column)
        rows = frame.index[codes < 0]
        if len(rows):
            raise DataError(
                f"{title} has {len(rows)} missing values among "
                f"{row_range(frame.index)}, {first_rows(rows)}.",
                mend="Say for each row which split it belongs to.",
            )
        labels = pd.Index([level_label(value) for value in values], dtype=object)
        return frame[labels.isin(self.values).take(codes)], set(labels)

    def refuse_absent(self, seen: set[str], where: str) -> None:
        """Refuse values of this split that are not among those seen.

        Raises:
            DataError: with the values that there are.
        """
        for value in self.values:
            if value not in seen:
                raise DataError(
                    f"Split column {self.column!r} has no row with value {value!r}, which the "
                    f"{where} data need; it holds {listed(sorted(seen))}."
                    f"{nearest(value, seen)}",
                    mend="Correct the values under split:.",
                )


def folds(split: Mapping[str, Any]) -> dict[str, Fold]:
    """Split name → its rows, from `{"column": name, "values": {split: [values]}}`.

    Raises:
        ConfigurationError: a key is missing or unknown, or a value belongs to two splits.

    Example:
        >>> folds({"column": "fold", "values": {"training": [0, 1], "evaluation": 2}})["training"]
        Fold(column='fold', values=('0', '1'))
    """
    column, values = split.get("column"), split.get("values")
    if set(split) != {"column", "values"} or not isinstance(column, str) or not values:
        raise ConfigurationError(
            f"A split by column needs 'column' and 'values', but has {listed(split)}.",
            mend="Write {column: fold, values: {training: [train], evaluation: [test]}}.",
        )
    named = {name: Fold(column, _labels(of_split)) for name, of_split in values.items()}
    owners: dict[str, str] = {}
    for name, fold in named.items():
        for value in fold.values:
            if value in owners:
                raise ConfigurationError(
                    f"Value {value!r} of split column {column!r} belongs to {owners[value]} and "
                    f"to {name}.",
                    mend="Give each value to one split.",
                )
            owners[value] = name
    return named


def _labels(values: object) -> tuple[str, ...]:
    several = isinstance(values, Sequence) and not isinstance(values, str)
    return tuple(level_label(value) for value in (values if several else [values]))  # type: ignore
