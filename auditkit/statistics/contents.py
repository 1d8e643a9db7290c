"""What units hold, as far as comparing them takes it: hashes of what is the same, and vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Contents:
    """What units hold.

    Attributes:
        hashes: of what is the same, uint64 of shape (n, 2).
        vectors: of length one, or zero where nothing can be said, float16 or float32 of shape
            (n, d); d = 0 where there are none.
    """

    hashes: np.ndarray
    vectors: np.ndarray

    def __len__(self) -> int:
        return len(self.hashes)

    def take(self, places: np.ndarray) -> Contents:
        """The units at these positions."""
        return Contents(self.hashes[places], self.vectors[places])

    @property
    def distinct(self) -> np.ndarray:
        """Positions of the first unit of each content, ascending."""
        firsts = first_of(self.hashes, self.hashes)
        return np.flatnonzero(firsts == np.arange(len(firsts)))

    def telling(self, places: np.ndarray) -> np.ndarray:
        """Those of the positions at which something can be said of the content."""
        says = np.any(self.vectors, axis=1)
        told: np.ndarray = places[says[places]]
        return told

    def vectors_at(self, places: np.ndarray) -> np.ndarray:
        """The vectors at ascending positions; not copied where these are all."""
        return self.vectors if len(places) == len(self) else self.vectors[places]


def first_of(hashes: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The first position of each wanted hash, int64 of shape (len(wanted),); −1 of absent ones.

    Example:
        >>> hashes = np.array([[1, 1], [1, 2], [1, 1]], dtype=np.uint64)
        >>> first_of(hashes, np.array([[1, 1], [2, 1]], dtype=np.uint64))
        array([ 0, -1])
    """
    both = np.concatenate([hashes, wanted])
    order = np.lexsort((both[:, 1], both[:, 0]))
    ordered = both[order]
    starts = np.ones(len(both), dtype=np.bool_)
    starts[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    # The sort keeps the order of equal ones, so the first of a group has its smallest position.
    first = order[np.flatnonzero(starts)][np.cumsum(starts) - 1]
    found = np.empty(len(both), dtype=np.int64)
    found[order] = np.where(first < len(hashes), first, -1)
    wanted_first: np.ndarray = found[len(hashes) :]
    return wanted_first
