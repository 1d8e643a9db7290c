"""Random samples without a random generator: the units with the smallest keyed hashes.

Which units these are depends on their ids and the key alone, not on the order, the batches or the
number of workers; of two parts' samples the sample of both can be had.

Source: Cohen 1997 (bottom-k sketch); Duffield, Lund and Thorup 2007 (priority sampling).
"""

from __future__ import annotations

import numpy as np


def in_order(keys: np.ndarray, below: np.uint64 | None = None) -> np.ndarray:
    """Positions of the keys, smallest first, int64; of those under `below` where it is given.

    Example:
        >>> in_order(np.array([7, 2, 5], dtype=np.uint64), below=np.uint64(7)).tolist()
        [1, 2]
    """
    chosen = np.arange(len(keys)) if below is None else np.flatnonzero(keys < below)
    order: np.ndarray = chosen[np.argsort(keys[chosen], kind="stable")]
    return order


def whole_units(ordered: np.ndarray, size: int) -> tuple[int, np.uint64 | None]:
    """How many of the first rows are units that fit into `size` rows as a whole.

    Rows of one key are one unit. Every part's cutoff lies at or above that of the whole: so what
    lies under the smallest of them is all that is needed to find the whole's.

    Args:
        ordered: keys of the rows, ascending.
        size: number of rows at most.

    Returns:
        The number, and the key of the first unit left out; None if none is.

    Example:
        >>> keys = np.array([1, 1, 4, 4, 4, 9], dtype=np.uint64)
        >>> whole_units(keys, 4)
        (2, np.uint64(4))
        >>> whole_units(keys, 6)
        (6, None)
    """
    if len(ordered) <= size:
        return len(ordered), None
    cutoff = ordered[size]
    return int(np.searchsorted(ordered, cutoff)), cutoff
