"""Features as simple models take them: numbers with gaps, and categories as codes.

Everything is learnt from the training units alone: levels, means and scales, and which columns are
kept. What occurs among them for the first time later is treated as missing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from auditkit.learners.learner import Unteachable

LARGEST = 1e30
"""Numbers beyond it count as this: their squares are still numbers."""

REACH = 10.0
"""Standard deviations from the mean at which a number is cut off, so that none outweighs all."""

ONE_HOT_LEVELS = 50
"""Levels of a category that have a column each; the others count as missing."""


class Features:
    """The columns of the training units.

    Args:
        frame: numbers as float64, categories as text; see `auditkit.learners.Lesson`.
        levels: how many levels of a category are told apart, the most frequent ones.

    Attributes:
        numeric: names of the columns of numbers.
        levels: category → its levels and their codes, the most frequent first.
    """

    def __init__(self, frame: pd.DataFrame, levels: int) -> None:
        numeric = [name for name in frame if pd.api.types.is_numeric_dtype(frame[name].dtype)]
        self.numeric: tuple[str, ...] = tuple(map(str, numeric))
        self.levels: Mapping[str, Mapping[str, int]] = {
            str(name): _levels(frame[name], levels) for name in frame if name not in numeric
        }
        self._ends = [_ends(_numbers(frame, name)) for name in self.numeric]

    def numbers(self, frame: pd.DataFrame) -> np.ndarray:
        """The numbers of some units, float64 of shape (n, numeric columns); NaN where missing.

        Infinite ones count as the largest, or smallest, of the training units.
        """
        columns = [
            np.nan_to_num(_numbers(frame, name), nan=np.nan, neginf=low, posinf=high)
            for name, (low, high) in zip(self.numeric, self._ends, strict=True)
        ]
        return _side_by_side(columns, len(frame)).clip(-LARGEST, LARGEST)

    def codes(self, frame: pd.DataFrame) -> np.ndarray:
        """The levels of some units, float64 of shape (n, categories).

        NaN where the level is missing, new, or none of the most frequent.
        """
        columns = [
            frame[name].map(known).to_numpy(np.float64, na_value=np.nan)
            if name in frame
            else np.full(len(frame), np.nan)
            for name, known in self.levels.items()
        ]
        return _side_by_side(columns, len(frame))


def _levels(column: pd.Series, most: int) -> dict[str, int]:
    counted = column.value_counts()
    # Equally frequent ones in the order of their names, whatever order the units came in.
    ordered = sorted(counted.items(), key=lambda item: (-item[1], str(item[0])))
    return {str(level): code for code, (level, _) in enumerate(ordered[:most])}


def _numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    if name not in frame:
        return np.full(len(frame), np.nan)
    # A column that was of numbers may hold words later.
    found = pd.to_numeric(frame[name], errors="coerce")
    return np.asarray(found.to_numpy(np.float64, na_value=np.nan))


def _ends(column: np.ndarray) -> tuple[float, float]:
    finite = column[np.isfinite(column)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)


def _side_by_side(columns: list[np.ndarray], units: int) -> np.ndarray:
    return np.stack(columns, axis=1) if columns else np.empty((units, 0))


class Standardised:
    """Features as columns of comparable size, without gaps: what a linear model takes.

    Numbers are standardised, and missing ones are the median; a column says which were missing,
    where some are. Each level of a category is a column of zeros and ones, and missing ones are
    zero throughout. Columns that do not vary are left out; of more than `most`, those are kept that
    tell most of the target by themselves.

    Args:
        frame: of the training units.
        target: class codes or numbers, shape (n,) or (n, several).
        most: how many columns are kept.

    Raises:
        Unteachable: no column varies.

    Example:
        >>> frame = pd.DataFrame({"age": [20.0, 30.0, np.nan], "job": ["a", "b", "a"]})
        >>> Standardised(frame, np.array([0, 1, 0]), 10)(frame).round(2).tolist()
        [[-1.22, 0.0, 1.0, 0.0], [1.22, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]]
    """

    def __init__(self, frame: pd.DataFrame, target: np.ndarray, most: int) -> None:
        self._features = Features(frame, ONE_HOT_LEVELS)
        numbers = self._features.numbers(frame)
        self._medians = _medians(numbers)
        filled = np.where(np.isnan(numbers), self._medians, numbers)
        self._means = filled.mean(axis=0)
        scales = filled.std(axis=0)
        self._scales = np.where(scales > 1e-12 * np.abs(self._means), scales, np.inf)
        wide = self._wide(frame)
        self._kept = np.flatnonzero(wide.std(axis=0) > 0)
        if not len(self._kept):
            raise Unteachable("No feature varies among the training units.")
        self._kept = self._kept[most_telling(wide[:, self._kept], target, most)]

    def __call__(self, frame: pd.DataFrame) -> np.ndarray:
        """The columns of some units, float64 of shape (n, columns)."""
        kept: np.ndarray = self._wide(frame)[:, self._kept]
        return kept

    def _wide(self, frame: pd.DataFrame) -> np.ndarray:
        numbers = self._features.numbers(frame)
        missing = np.isnan(numbers)
        standard = (np.where(missing, self._medians, numbers) - self._means) / self._scales
        codes = self._features.codes(frame)
        levels = [
            codes[:, [place]] == np.arange(len(known))
            for place, known in enumerate(self._features.levels.values())
        ]
        return np.concatenate([standard.clip(-REACH, REACH), missing, *levels], axis=1)


def _medians(numbers: np.ndarray) -> np.ndarray:
    """The median of each column, 0 of one that holds nothing."""
    empty = np.isnan(numbers).all(axis=0)
    return np.asarray(np.nanmedian(np.where(empty, 0.0, numbers), axis=0))


def most_telling(columns: np.ndarray, target: np.ndarray, most: int) -> np.ndarray:
    """Positions of the columns that tell most of the target by themselves, ascending, int64.

    Args:
        columns: float64 of shape (n, columns), NaN where missing.
        target: class codes (whole numbers) or numbers, shape (n,) or (n, several).
        most: how many at most.

    Returns:
        All, if they are no more; else those of the largest correlation with any class or number.
    """
    if columns.shape[1] <= most:
        return np.arange(columns.shape[1])
    centred = np.nan_to_num(columns - _means(columns))
    sizes = np.sqrt((centred**2).sum(axis=0))
    aims = _aims(target)
    aims = aims - aims.mean(axis=0)
    aims = aims / np.maximum(np.sqrt((aims**2).sum(axis=0)), 1e-300)
    told = np.abs(centred.T @ aims).max(axis=1) / np.maximum(sizes, 1e-300)
    return np.sort(np.argsort(-told, kind="stable")[:most])


def _means(columns: np.ndarray) -> np.ndarray:
    known = ~np.isnan(columns)
    return np.asarray(np.where(known, columns, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))


def _aims(target: np.ndarray) -> np.ndarray:
    """What columns are correlated with: membership of each class, or the numbers themselves."""
    if target.ndim == 1 and target.dtype.kind in "iub":
        return np.asarray(target[:, None] == np.unique(target), dtype=np.float64)
    return np.asarray(target.reshape(len(target), -1), dtype=np.float64)


__all__ = ["Features", "Standardised", "most_telling"]
