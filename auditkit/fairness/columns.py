"""A column of labels, predictions or groups as small whole numbers, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from auditkit.data.columns import MISSING
from auditkit.data.grouping import MOST_LEVELS, MOST_NUMBERS, level_label
from auditkit.errors import DataError

# Whole numbers in a range as narrow as this are their own codes; wider ones are looked up.
_NARROW = 256
_FITS = 1 << 15
_BLOCK = 1 << 19
# Classes are more readily many than groups are.
MOST_CLASSES = 10_000

WHOLE, NUMBER, TRUTH, TEXT = "whole", "number", "truth", "text"
"""Kinds of levels: what the labels of an axis are turned back into."""


@dataclass(frozen=True)
class Coded:
    """One column as codes.

    Attributes:
        name: of the axis.
        labels: the level of each code; some may not occur.
        kind: `whole`, `number`, `truth` or `text`.
        values: integers of any type, shape (n,); the code is the value minus `offset`.
        offset: the value of the code 0.
    """

    name: str
    labels: tuple[str, ...]
    kind: str
    values: Any
    offset: int = 0


@dataclass(frozen=True)
class Column:
    """A column as the user gave it.

    Attributes:
        title: what errors call it.
        axis: the name of its axis.
        classes: whether it holds classes (then nothing may be missing), or groups.
    """

    title: str
    axis: str
    classes: bool

    @property
    def most_numbers(self) -> int:
        """How many distinct numbers are levels, and not a measurement."""
        return MOST_CLASSES if self.classes else MOST_NUMBERS

    def coded(self, values: Any) -> Coded:
        """The codes of a pandas or NumPy column, shape (n,).

        Raises:
            DataError: missing or infinite values, a measurement in place of levels, or too many.
        """
        if isinstance(getattr(values, "dtype", None), pd.CategoricalDtype):
            return self._categories(pd.Series(values))
        if isinstance(getattr(values, "dtype", None), pd.StringDtype):
            return self._levels(values.array, TEXT)
        if isinstance(getattr(values, "dtype", None), pd.api.extensions.ExtensionDtype):
            array = _plain(values)
        else:
            array = np.asarray(values)
        if array.dtype.kind == "b":
            kind = WHOLE if self.classes else TRUTH
            labels = ("0", "1") if self.classes else ("False", "True")
            return Coded(self.axis, labels, kind, array.view(np.uint8))
        if array.dtype.kind in "iu":
            return self._whole(array, WHOLE)
        if array.dtype.kind == "f":
            return self._numbers(array)
        return self._levels(array.astype(object, copy=False), TEXT)

    def _whole(self, array: np.ndarray, kind: str) -> Coded:
        low, high = int(array.min()), int(array.max())
        if high - low < _NARROW:
            labels = tuple(map(str, range(low, high + 1)))
            found = Coded(self.axis, labels, kind, array, low)
            if len(labels) > self.most_numbers:
                self._refuse_numbers(int(np.count_nonzero(np.bincount(array - low))))
            return found
        return self._levels(array, kind)

    def _numbers(self, array: np.ndarray) -> Coded:
        low, high = array.min(), array.max()
        missing = bool(np.isnan(low))
        if missing:
            self._refuse_missing(int(np.isnan(array).sum()))
            known = array[~np.isnan(array)]
            low, high = (known.min(), known.max()) if known.size else (0.0, 0.0)
        if np.isinf(low) or np.isinf(high):
            raise DataError(
                f"{self.title} holds {int(np.isinf(array).sum()):,} infinite values.",
                mend="Replace them by numbers, or by missing values.",
            )
        if not missing and high - low < _NARROW and abs(low) < _FITS > abs(high):
            # Two bytes each in place of eight, a block at a time: the column may be large.
            whole = np.empty(len(array), dtype=np.int16)
            for rows in _blocks(len(array)):
                whole[rows] = array[rows]
                if (whole[rows] != array[rows]).any():
                    break
            else:
                return self._whole(whole, NUMBER)
        if self.classes:
            self._refuse_continuous(array)
        return self._levels(array, NUMBER)

    def _refuse_continuous(self, array: np.ndarray) -> None:
        odd = array[np.floor(array) != array]
        if odd.size:
            raise DataError(
                f"{self.title} is continuous (it holds {odd[0]:g}); expected classes.",
                mend="Pass decisions, for example y_pred=probability >= 0.5, and the probabilities "
                "as scores=. For a regression use user_metric_frame.",
            )

    def _categories(self, values: pd.Series[Any]) -> Coded:
        categories = values.cat.categories
        codes = values.cat.codes.to_numpy()
        if codes.size and codes.min() < 0:
            self._refuse_missing(int((codes < 0).sum()))
        kind = _kind(np.asarray(categories))
        labels = (MISSING, *map(level_label, categories))
        if len(set(labels)) < len(labels):
            return self._levels(values.astype(object).to_numpy(), kind)
        return Coded(self.axis, labels, kind, codes, -1)

    def _levels(self, array: Any, kind: str) -> Coded:
        """The codes of anything else, looked up a block at a time."""
        names: dict[str, int] = {MISSING: 0}
        kinds: set[str] = set()
        codes = np.empty(len(array), dtype=np.int16)
        for rows in _blocks(len(array)):
            places, found = pd.factorize(array[rows])
            if len(places) and places.min() < 0:
                self._refuse_missing(int((places < 0).sum()))
            block_kind = _kind(np.asarray(found, dtype=object)) if kind == TEXT else kind
            kinds.update({block_kind} if len(found) else ())
            truth = self.classes and block_kind == TRUTH
            labels = [level_label(int(level) if truth else level) for level in found]
            lookup = [names.setdefault(label, len(names)) for label in labels]
            self._refuse_many(len(names) - 1, block_kind)
            codes[rows] = np.array([*lookup, 0], dtype=np.int16)[places]
        return Coded(self.axis, tuple(names), _common(kinds, classes=self.classes), codes)

    def _refuse_many(self, levels: int, kind: str) -> None:
        if kind in (WHOLE, NUMBER):
            self._refuse_numbers(levels)
        if levels > max(self.most_numbers, MOST_LEVELS):
            raise DataError(
                f"{self.title} has more than {max(self.most_numbers, MOST_LEVELS):,} levels.",
                mend="Pass a coarser column, or one in which rare levels are put together.",
            )

    def _refuse_missing(self, number: int) -> None:
        if self.classes:
            raise DataError(
                f"{self.title} has {number:,} missing values.",
                mend="Leave those rows out of every argument, or fill them in.",
            )

    def _refuse_numbers(self, number: int) -> None:
        if number <= self.most_numbers:
            return
        what = "classes" if self.classes else "groups"
        mend = (
            "Pass decisions as y_pred and probabilities as scores=."
            if self.classes
            else "Cut it into ranges first, for example with pandas.cut."
        )
        raise DataError(
            f"{self.title} is numeric and has more than {self.most_numbers:,} distinct values: "
            f"a measurement, not {what}.",
            mend=mend,
        )


def _blocks(n: int) -> Iterator[slice]:
    for start in range(0, n, _BLOCK):
        yield slice(start, min(start + _BLOCK, n))


def _common(kinds: set[str], *, classes: bool) -> str:
    """The kind of a column from those of its blocks."""
    if classes and TRUTH in kinds:
        kinds = kinds - {TRUTH} | {WHOLE}
    if kinds == {WHOLE, NUMBER}:
        return NUMBER
    return kinds.pop() if len(kinds) == 1 else TEXT


def _plain(values: Any) -> np.ndarray:
    """A column of pandas' own nullable types as NumPy's, missing values as NaN or None."""
    series = pd.Series(values)
    if series.isna().any():
        numeric = pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series)
        return series.astype("float64" if numeric else object).to_numpy()
    return np.asarray(series.tolist())


def _kind(found: np.ndarray) -> str:
    if found.dtype.kind != "O":
        return {"i": WHOLE, "u": WHOLE, "f": NUMBER, "b": TRUTH}.get(found.dtype.kind, TEXT)
    known = [value for value in found if not pd.isna(value)]
    if known and all(isinstance(value, (bool, np.bool_)) for value in known):
        return TRUTH
    if known and all(isinstance(value, (int, np.integer)) for value in known):
        return WHOLE
    if known and all(isinstance(value, (int, float, np.number)) for value in known):
        return NUMBER
    return TEXT


_RESTORING: Mapping[str, Callable[[str], Any]] = {
    WHOLE: int,
    NUMBER: float,
    TRUTH: lambda label: label == "True",
    TEXT: str,
}


def restored(labels: tuple[str, ...], kind: str) -> list[Any]:
    """What the labels of an axis stand for; `(missing)` stays as it is.

    Example:
        >>> restored(("0", "1.5", "(missing)"), "number")
        [0.0, 1.5, '(missing)']
    """
    return [label if label == MISSING else _RESTORING[kind](label) for label in labels]


def ordered(labels: tuple[str, ...], kind: str) -> list[int]:
    """The positions of the labels in the order that a reader expects, missing last."""
    values = restored(labels, kind)
    return sorted(
        range(len(labels)),
        key=lambda at: (labels[at] == MISSING, 0 if labels[at] == MISSING else values[at]),
    )
