"""A column becomes the levels of a group."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from auditkit.data.columns import EMPTY, MISSING, Group, number_label
from auditkit.data.row_numbers import first_rows
from auditkit.data.values import refuse_mixed
from auditkit.data.wording import listed, quoted
from auditkit.errors import DataError

MOST_NUMBERS = 50
"""More distinct numbers than this are a measurement, not a group: they need cuts."""

MOST_LEVELS = 200
"""More levels than this make cells too small to say anything about."""


class Grouping:
    """Turns the column of one group into levels, block by block.

    It keeps the levels seen so far, since a column with too many levels shows only over many
    blocks. Work per block is a factorisation; no Python runs per row.

    Args:
        group: the group, with its cuts.
        where: what errors call the split.
        role: what errors call the attribute: `group` or `control`.

    Example:
        >>> import pandas as pd
        >>> grouping = Grouping(Group("age", "age", cuts=(25, 60)), "evaluation")
        >>> list(grouping(pd.Series([30.0, None, 70.0])))
        ['[25, 60)', '(missing)', '≥ 60']
    """

    def __init__(self, group: Group, where: str, role: str = "group") -> None:
        self.role = role
        self.group = group
        self.where = where
        self.seen: set[str] = set()

    def __call__(self, column: pd.Series[Any]) -> pd.Categorical:
        """The levels of a block, [rows]; categories are those that occur, missing last.

        Args:
            column: the block, its index the row numbers that errors name.

        Raises:
            DataError: mixed types, infinite numbers, cuts on text, or too many levels.
        """
        refuse_mixed(column, self._title)
        numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        if numeric:
            self._refuse_infinite(column)
        codes, levels = self._cut(column) if self.group.cuts else self._distinct(column, numeric)
        codes, levels = _with_missing(np.asarray(codes, dtype=np.int64), levels)
        self.seen.update(levels)
        self._refuse_many(column, numeric, len(self.seen - {MISSING}))
        return pd.Categorical.from_codes(codes, categories=pd.Index(levels, dtype=object))

    @property
    def _title(self) -> str:
        return f"Column {self.group.column!r} of {self.role} {self.group.name!r} ({self.where})"

    def _cut(self, column: pd.Series[Any]) -> tuple[np.ndarray, list[str]]:
        try:
            values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError):
            sample = column.dropna().iloc[0]
            raise DataError(
                f"{self._title} has cuts, which need numbers, but holds values such as "
                f"{quoted(sample)}.",
                mend="Leave out the cuts, or declare a numeric column.",
            ) from None
        codes = np.searchsorted(np.asarray(self.group.cuts, dtype=np.float64), values, "right")
        codes[np.isnan(values)] = -1
        present = np.unique(codes[codes >= 0])
        intervals = self.group.intervals
        renumbered = np.full(len(intervals) + 1, -1)
        renumbered[present] = np.arange(len(present))
        return renumbered[codes], [intervals[code] for code in present]

    def _distinct(self, column: pd.Series[Any], numeric: bool) -> tuple[np.ndarray, list[str]]:
        codes, values = pd.factorize(column, sort=False)
        self._refuse_many(column, numeric, len(values))
        ranks = np.asarray(pd.Index(values).argsort())
        renumbered = np.full(len(values) + 1, -1)
        renumbered[ranks] = np.arange(len(values))
        return renumbered[codes], [level_label(values[rank]) for rank in ranks]

    def _refuse_infinite(self, column: pd.Series[Any]) -> None:
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        rows = column.index[np.isinf(values)]
        if len(rows):
            raise DataError(
                f"{self._title} has {len(rows)} infinite values, {first_rows(rows)}.",
                mend="Replace them by numbers, or by missing values.",
            )

    def _refuse_many(self, column: pd.Series[Any], numeric: bool, levels: int) -> None:
        if self.group.cuts:
            return
        if numeric and levels > MOST_NUMBERS:
            raise DataError(
                f"{self._title} is numeric and has more than {MOST_NUMBERS} distinct values.",
                mend=f"Declare cuts, for example cuts: {_quartiles(column)}.",
            )
        if levels > MOST_LEVELS:
            raise DataError(
                f"{self._title} has more than {MOST_LEVELS} levels, among them "
                f"{listed(pd.unique(column.dropna()), most=3)}.",
                mend="Declare a coarser column, or one in which rare levels are put together.",
            )


def level_label(value: object) -> str:
    """A value as a level's name.

    Example:
        >>> level_label(3.0), level_label(True), level_label("")
        ('3', 'True', '(empty)')
    """
    if isinstance(value, str):
        return value or EMPTY
    if isinstance(value, (float, np.floating)):
        return number_label(float(value)) if np.isfinite(value) else str(value)
    return str(value)


def ordered_levels(group: Group, levels: Sequence[str]) -> list[str]:
    """Levels in the order a reader expects: by cut, by number, else by alphabet; missing last.

    Example:
        >>> ordered_levels(Group("age", "age", cuts=(25, 60)), ["≥ 60", "(missing)", "< 25"])
        ['< 25', '≥ 60', '(missing)']
        >>> ordered_levels(Group("n", "n"), ["10", "9"])
        ['9', '10']
    """
    places = {level: place for place, level in enumerate(group.intervals)}
    known = sorted(level for level in levels if level != MISSING)
    with contextlib.suppress(ValueError):  # where they are not numbers, the alphabet holds
        known.sort(key=lambda level: places.get(level, 0) if places else float(level))
    return known + [MISSING] * (MISSING in levels)


def _with_missing(codes: np.ndarray, levels: list[str]) -> tuple[np.ndarray, list[str]]:
    """Missing rows (-1) get a level of their own, and equal labels are made one."""
    if len(set(levels)) < len(levels) or MISSING in levels:
        distinct = list(dict.fromkeys(level for level in levels if level != MISSING))
        places = {level: place for place, level in enumerate(distinct)}
        codes = np.array([places.get(level, -1) for level in levels] + [-1])[codes]
        levels = distinct
    if (codes < 0).any():
        codes = np.where(codes < 0, len(levels), codes)
        levels = [*levels, MISSING]
    return codes, levels


def _quartiles(column: pd.Series[Any]) -> list[float]:
    values = column.dropna().to_numpy(dtype=np.float64)
    cuts = np.unique([float(f"{cut:.3g}") for cut in np.quantile(values, [0.25, 0.5, 0.75])])
    return [int(cut) if cut.is_integer() else cut for cut in cuts.tolist()]
