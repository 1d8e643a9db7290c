"""The levels by which slices are searched for: fixed before the pass, from the first rows.

Levels that are known beforehand make tables of fixed shape, which add up in any order. A feature of
many levels keeps the most frequent of the first rows, and any other is `(other)`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from auditkit.data.columns import MISSING
from auditkit.data.grouping import level_label
from auditkit.evidence.levels import OTHER, Bins, numeric_labels

MOST_LEVELS = 20
_MOST_EDGES = 7


def coarser(edges: Sequence[float]) -> tuple[float, ...]:
    """At most seven of the edges, evenly spaced: a slice of a sixteenth cubed holds nobody.

    >>> coarser([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    (2, 4, 6, 8, 10, 12, 14)
    """
    if len(edges) <= _MOST_EDGES:
        return tuple(edges)
    places = np.arange(1, _MOST_EDGES + 1) * (len(edges) + 1) // (_MOST_EDGES + 1) - 1
    return tuple(edges[place] for place in places.tolist())


def bin_labels(edges: Sequence[float]) -> tuple[str, ...]:
    """The levels of a numeric feature with these (not yet coarser) edges."""
    return numeric_labels(coarser(edges))


def frequent_labels(labels: pd.Series) -> tuple[str, ...]:
    """The most frequent levels in alphabetical order, and two for all that is not among them.

    Args:
        labels: of the first rows, text; a missing value is one of them (`(missing)`).

    >>> frequent_labels(pd.Series(["b", "a", "b"]))
    ('a', 'b', '(missing)', '(other)')
    """
    counts = labels[~labels.isin([MISSING, OTHER])].value_counts()
    # Of equally frequent ones the first in the alphabet, whichever came first.
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    return (*sorted(str(level) for level, _ in ranked[:MOST_LEVELS]), MISSING, OTHER)


def labels_of_values(values: pd.Series) -> pd.Series:
    """The level of each value of a categorical feature, as text."""
    places, levels = pd.factorize(values, use_na_sentinel=True)
    names = np.array([*(level_label(level) for level in levels), MISSING], dtype=object)
    return pd.Series(names[places], dtype=object)


class SliceLevels:
    """Codes of one axis of a slice search, from values or from the levels of a group.

    Args:
        labels: of the levels; the place of each is its code.
        edges: of a numeric feature, not yet coarser; None for levels.
    """

    def __init__(self, labels: Sequence[str], edges: Sequence[float] | None = None) -> None:
        self.labels = tuple(labels)
        self._bins = None if edges is None else Bins(coarser(edges))
        self._codes = {label: code for code, label in enumerate(self.labels)}

    def encode(self, values: pd.Series) -> np.ndarray:
        """Codes of a feature's values, int64 of shape (n,)."""
        if self._bins is not None:
            return self._bins.encode(values)
        places, levels = pd.factorize(values, use_na_sentinel=True)
        return self.recoded(places, [level_label(level) for level in levels])

    def recoded(self, places: np.ndarray, levels: Sequence[str]) -> np.ndarray:
        """Codes from places among levels; −1 is a missing value. int64 of shape (n,)."""
        other = self._codes[OTHER]
        # The place −1 indexes the last entry: that of `(missing)`.
        lookup = [self._codes.get(level, other) for level in (*levels, MISSING)]
        codes: np.ndarray = np.asarray(lookup, dtype=np.int64)[places]
        return codes
