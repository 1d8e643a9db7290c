"""Sums held as a pair (high, low) of float64, so that merging loses nothing that matters.

A pair carries about 106 bits. The error of a merged sum is then some 1e-31 of the sum of the
absolute values, in whatever order and grouping the parts come.

Source: Knuth, The Art of Computer Programming 2, 4.2.2 (the error of one addition is itself a
float); Dekker, Numerische Mathematik 18 (1971) 224–242 (pairs).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]


def _sum_with_error(first: Floats, second: Floats) -> Pair:
    total = first + second
    shadow = total - first
    return total, (first - (total - shadow)) + (second - shadow)


def add(first: Pair, second: Pair) -> Pair:
    """The sum of two pairs, elementwise."""
    total, error = _sum_with_error(first[0], second[0])
    return _sum_with_error(total, error + (first[1] + second[1]))


def reduce(pair: Pair, axis: int) -> Pair:
    """The sum over one dimension, by halves; a dimension of size zero sums to zero."""
    high, low = (np.moveaxis(part, axis, 0) for part in pair)
    if high.shape[0] == 0:
        return np.zeros(high.shape[1:]), np.zeros(high.shape[1:])
    while high.shape[0] > 1:
        half = high.shape[0] // 2
        summed = add((high[:half], low[:half]), (high[half : 2 * half], low[half : 2 * half]))
        odd = slice(2 * half, None)
        high, low = (
            np.concatenate([part, rest[odd]])
            for part, rest in zip(summed, (high, low), strict=True)
        )
    return high[0], low[0]


def reduce_runs(pair: Pair, starts: NDArray[np.intp]) -> Pair:
    """The sum over each run of the last dimension, by halves; runs begin at `starts`."""
    high, low = pair
    sizes = np.diff(np.append(starts, high.shape[-1]))
    while sizes.size and sizes.max() > 1:
        places = np.arange(high.shape[-1]) - np.repeat(starts, sizes)
        first = np.flatnonzero(places % 2 == 0)
        # The last of a run of odd length has no neighbour, and waits for the next round.
        paired = places[first] + 1 < np.repeat(sizes, sizes)[first]
        one, other = first[paired], first[paired] + 1
        summed = add((high[..., one], low[..., one]), (high[..., other], low[..., other]))
        high, low = high[..., first].copy(), low[..., first].copy()
        high[..., paired], low[..., paired] = summed
        sizes = (sizes + 1) // 2
        starts = np.cumsum(sizes) - sizes
    return high, low
