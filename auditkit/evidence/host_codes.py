"""Codes that come from the data rather than from the model: groups, blocks, features."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from auditkit.data.columns import MISSING

BLOCKS = 64
MAX_LEVELS = 200
OTHER = "(other)"


class Vocabulary:
    """The levels of one open axis, in the order of their first appearance.

    Args:
        limit: how many levels are kept apart; what comes after is counted as `(other)`.
    """

    def __init__(self, limit: int = MAX_LEVELS) -> None:
        self._codes: dict[str, int] = {}
        self._limit = limit

    @property
    def labels(self) -> tuple[str, ...]:
        """The levels, by code."""
        return tuple(self._codes)

    def encode(self, values: pd.Categorical) -> np.ndarray:
        """Codes of a batch, int64 of shape (n,); levels not seen before get new codes."""
        lookup = np.array([self._code(str(level)) for level in values.categories], dtype=np.int64)
        if (values.codes < 0).any():
            lookup = np.append(lookup, self._code(MISSING))
        # A missing value has the code -1, which indexes the last entry: that of `(missing)`.
        return lookup[values.codes] if lookup.size else np.zeros(0, dtype=np.int64)

    def _code(self, level: str) -> int:
        if level not in self._codes:
            if len(self._codes) >= self._limit:
                level = OTHER
            self._codes.setdefault(level, len(self._codes))
        return self._codes[level]


class Bins:
    """Bins of one feature: fixed edges for numbers, an open vocabulary for anything else.

    Numbers get the codes 0 … k for k edges, and k + 1 for missing or infinite ones.
    """

    def __init__(self, edges: Sequence[float] | None) -> None:
        self._edges = None if edges is None else np.asarray(edges, dtype=np.float64)
        self._vocabulary = Vocabulary()

    @property
    def numeric(self) -> bool:
        """Whether the feature is binned by edges."""
        return self._edges is not None

    @property
    def labels(self) -> tuple[str, ...]:
        """A label for each code."""
        if self._edges is None:
            return self._vocabulary.labels
        shown = [f"{edge:.6g}" for edge in self._edges]
        between = [f"{low} to {high}" for low, high in pairwise(shown)]
        return (f"under {shown[0]}", *between, f"{shown[-1]} and over", MISSING)

    def encode(self, values: pd.Series) -> np.ndarray:
        """Codes of a batch, int64 of shape (n,)."""
        if self._edges is None:
            return self._vocabulary.encode(pd.Categorical(values.astype("object")))
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        codes = np.searchsorted(self._edges, numbers, side="right")
        codes[~np.isfinite(numbers)] = len(self._edges) + 1
        return codes.astype(np.int64)


def hashes(values: np.ndarray, seed: int = 0) -> np.ndarray:
    """A stable 64-bit hash of each value, uint64 of shape (n,); the same in every process."""
    array = np.asarray(values)
    if array.dtype.kind not in "iuf":
        array = array.astype(object)
    hashed = pd.util.hash_array(array, categorize=False)
    return _mix(hashed ^ np.uint64((seed * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF))


def _mix(state: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014), so that seeds are independent."""
    with np.errstate(over="ignore"):
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray = state ^ (state >> np.uint64(31))
    return mixed


def blocks(values: np.ndarray) -> np.ndarray:
    """The block of each unit by a hash of its id, int64 in [0, 64), shape (n,)."""
    return (hashes(values) % np.uint64(BLOCKS)).astype(np.int64)
