"""Places in ranked lists, and how much attention a place draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def places(
    lists: NDArray[np.uint64], scores: NDArray[np.float64], ties: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """The place of each item in its list, from 1 for the highest score.

    Args:
        lists: `[items]`, which list each is in.
        scores: `[items]`, finite.
        ties: `[items]`, by which equal scores are ordered, the smallest first.

    Returns:
        `[items]`.

    Raises:
        ValueError: a score is not a finite number.

    Example:
        >>> places(np.array([7, 7, 9, 7]), np.array([0.1, 0.9, 0.5, 0.9]), np.array([0, 5, 0, 2]))
        array([3, 2, 1, 1])
    """
    if not np.isfinite(scores).all():
        raise ValueError(f"{int((~np.isfinite(scores)).sum())} scores are not finite numbers")
    order = np.lexsort([ties, -scores, lists])
    ordered = lists[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sizes = np.diff(np.append(starts, len(lists)))
    found = np.empty(len(lists), dtype=np.int64)
    found[order] = np.arange(len(lists)) - np.repeat(starts, sizes) + 1
    return found


def exposure(place: NDArray[np.int64]) -> NDArray[np.float64]:
    """The attention that an item at a place draws: 1 / log2(1 + place).

    Source: Singh and Joachims, KDD 2018, 2219–2228; Biega, Gummadi and Weikum, SIGIR 2018, 405–414;
    the discount of Järvelin and Kekäläinen 2002.

    Example:
        >>> exposure(np.array([1, 3, 7])).round(3).tolist()
        [1.0, 0.5, 0.333]
    """
    discount: NDArray[np.float64] = 1 / np.log2(1 + place)
    return discount
