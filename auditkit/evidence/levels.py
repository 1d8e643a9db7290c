"""Codes of levels that are found as the data come in: groups, and features of text or numbers.

What is counted must not depend on the order in which the data are read. So a feature of very many
levels keeps those whose hash is smallest: whichever order they come in, the same are kept, with all
their units, and the rest is `(other)`.

Source: the sample of distinct values by smallest hashes is that of Cohen 1997 and of Bar-Yossef et
al. 2002 (bottom-k sketch).
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from auditkit.data.columns import MISSING
from auditkit.data.grouping import level_label
from auditkit.evidence.hashing import hashes
from auditkit.statistics.axes import shape_of
from auditkit.statistics.cell_codes import flat, positions_of
from auditkit.statistics.counts import Axis, Counts
from auditkit.statistics.sparse_counts import AnyCounts, SparseCounts, held

MAX_LEVELS = 200
OTHER = "(other)"
NOT_A_NUMBER = "(not a finite number)"


class Vocabulary:
    """The levels of one open axis, in the order of their first appearance.

    Args:
        limit: how many levels are kept apart in the end (see `settled`); None for all.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._codes: dict[str, int] = {}
        self._limit = limit
        # The `limit` smallest hashes so far, negated, since heapq has the smallest on top.
        self._smallest: list[int] = []

    @property
    def labels(self) -> tuple[str, ...]:
        """The levels, by code. Those met before others displaced them are still among them."""
        return tuple(self._codes)

    def __len__(self) -> int:
        return len(self._codes)

    def encode(self, places: np.ndarray, levels: Sequence[str]) -> np.ndarray:
        """Codes of a batch, int64 of shape (n,); levels not seen before get new codes.

        Args:
            places: which of `levels` each unit has, shape (n,); −1 for a missing value.
            levels: the levels of the batch.
        """
        # A missing value has the place −1, which indexes the last entry: that of `(missing)`.
        met = [*levels, MISSING] if (places < 0).any() else list(levels)
        new = [level for level in met if level not in self._codes]
        keys = dict(zip(new, _keys(new), strict=True)) if self._limit is not None else {}
        lookup = [self._code(level, keys.get(level, 0)) for level in met]
        codes: np.ndarray = np.asarray(lookup, dtype=np.int64)[places]
        return codes

    def _code(self, level: str, key: int) -> int:
        if level not in self._codes:
            level = level if self._admits(level, key) else OTHER
            self._codes.setdefault(level, len(self._codes))
        return self._codes[level]

    def _admits(self, level: str, key: int) -> bool:
        if self._limit is None or level in (MISSING, OTHER):
            return True
        if len(self._smallest) < self._limit:
            heapq.heappush(self._smallest, -key)
            return True
        return -heapq.heappushpop(self._smallest, -key) != key


def _keys(levels: Sequence[str]) -> list[int]:
    """The hash of each level."""
    found: list[int] = hashes(np.array(levels, dtype=object)).tolist()
    return found


class Bins:
    """Bins of one feature: fixed edges for numbers, a vocabulary for anything else.

    Numbers get the codes 0 … k for k edges, k + 1 if they are missing, and k + 2 if there is
    something else in their place.

    Args:
        edges: in ascending order; None for a feature that is not numeric.
    """

    def __init__(self, edges: Sequence[float] | None) -> None:
        self._edges = None if edges is None else np.asarray(edges, dtype=np.float64)
        self._vocabulary = Vocabulary(MAX_LEVELS)

    @property
    def numeric(self) -> bool:
        """Whether the feature is binned by edges."""
        return self._edges is not None

    @property
    def labels(self) -> tuple[str, ...]:
        """A label for each code."""
        if self._edges is None:
            return self._vocabulary.labels
        return numeric_labels(self._edges.tolist())

    def __len__(self) -> int:
        return len(self._vocabulary) if self._edges is None else len(self._edges) + 3

    def encode(self, values: pd.Series) -> np.ndarray:
        """Codes of a batch, int64 of shape (n,)."""
        if self._edges is None:
            places, levels = pd.factorize(values, use_na_sentinel=True)
            return self._vocabulary.encode(places, [level_label(level) for level in levels])
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        codes = np.searchsorted(self._edges, numbers, side="right")
        codes[~np.isfinite(numbers)] = len(self._edges) + 2
        codes[values.isna().to_numpy(bool)] = len(self._edges) + 1
        return codes.astype(np.int64)


def numeric_labels(edges: Sequence[float]) -> tuple[str, ...]:
    """Labels of the bins that edges make, and of what is no number.

    Edges are written with as many digits as tell them apart.

    >>> numeric_labels([25.0, 60.5])
    ('under 25', '25 to 60.5', '60.5 and over', '(missing)', '(not a finite number)')
    """
    shown = told_apart(edges)
    between = [f"{low} to {high}" for low, high in pairwise(shown)]
    return (f"under {shown[0]}", *between, f"{shown[-1]} and over", MISSING, NOT_A_NUMBER)


def told_apart(edges: Sequence[float]) -> list[str]:
    """Numbers as text, with no more digits than tell them apart, and from 0 and 1.

    >>> told_apart([0.5, 0.99999, 0.999999])
    ['0.5', '0.99999', '0.999999']
    """
    ends = [end for end in (0.0, 1.0) if end not in edges]
    for digits in range(3, 17):
        shown = [f"{edge:.{digits}g}" for edge in (*edges, *ends)]
        if len(set(shown)) == len(shown):
            return shown[: len(edges)]
    return [repr(edge) for edge in edges]


def settled(counts: AnyCounts) -> AnyCounts:
    """Counts with the levels of each open axis in order, and those of a feature kept to the limit.

    Of two settled parts of the data, and of any more, the settled sum is that of the whole.
    """
    if isinstance(counts, SparseCounts):
        axes, codes = settled_cells(counts.axes, counts.codes)
        return held(SparseCounts.added_up(axes, codes, counts.units))
    axes, (values,) = settled_arrays(counts.axes, counts.values)
    return held(Counts(axes, values))


def settled_arrays(
    axes: Sequence[Axis], *arrays: np.ndarray
) -> tuple[tuple[Axis, ...], list[np.ndarray]]:
    """As `settled`, of arrays (…, *axes)."""
    result, settling = list(axes), list(arrays)
    for place, axis in enumerate(axes):
        if axis.open:
            labels, into = _layout(axis)
            result[place] = Axis(axis.name, labels, open=True)
            dimension = place - len(axes)
            settling = [_gathered(array, dimension, into, len(labels)) for array in settling]
    return tuple(result), settling


def settled_cells(axes: Sequence[Axis], codes: np.ndarray) -> tuple[tuple[Axis, ...], np.ndarray]:
    """As `settled`, of the flat codes of cells: in the order given, some maybe repeated."""
    result = list(axes)
    positions = positions_of(codes, shape_of(axes))
    for place, axis in enumerate(axes):
        if axis.open:
            labels, into = _layout(axis)
            result[place] = Axis(axis.name, labels, open=True)
            positions[place] = np.asarray(into, dtype=np.int64)[positions[place]]
    return tuple(result), flat(positions, shape_of(result), len(codes))


def _layout(axis: Axis) -> tuple[tuple[str, ...], list[int]]:
    """The labels in their final order, and where each of the axis's labels goes."""
    named = [label for label in axis.labels if label not in (MISSING, OTHER)]
    kept = set(axis.labels)
    if axis.name.startswith("feature:") and len(named) > MAX_LEVELS:
        by_hash = sorted(zip(_keys(named), named, strict=True))
        kept = {*(label for _, label in by_hash[:MAX_LEVELS]), OTHER, *({MISSING} & kept)}
    labels = tuple(sorted(kept))
    positions = {label: place for place, label in enumerate(labels)}
    return labels, [positions[label if label in kept else OTHER] for label in axis.labels]


def _gathered(array: np.ndarray, dimension: int, into: list[int], size: int) -> np.ndarray:
    moved = np.moveaxis(array, dimension, 0)
    result = np.zeros((size, *moved.shape[1:]), dtype=array.dtype)
    np.add.at(result, np.asarray(into, dtype=np.int64), moved)
    return np.moveaxis(result, 0, dimension)
