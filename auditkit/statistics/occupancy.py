"""How many clusters there are, from the blocks that they were hashed to."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from auditkit.statistics.roots import bracketed_root


def clusters_in(held: int, blocks: int) -> float:
    """About how many clusters are in these blocks; at least one in each.

    Args:
        held: how many blocks hold any.
        blocks: how many there are, to which clusters were hashed evenly.

    Source: linear counting, Whang, Vander-Zanden and Taylor, ACM Transactions on Database Systems
    15 (1990) 208–229.

    Example:
        >>> [round(clusters_in(held, 64), 1) for held in (1, 3, 32, 61, 64)]
        [1.0, 3.0, 44.0, 194.3, inf]
    """
    if held >= blocks:
        return math.inf
    return math.log1p(-held / blocks) / math.log1p(-1 / blocks)


def clusters_among(members: ArrayLike, held: ArrayLike) -> float:
    """About how many of the clusters in blocks were met, where it is known which blocks were.

    A block of one cluster that was met is one cluster, exactly. Of a block of m it is not known
    how many were: with each cluster met alike, with probability q, on average
    m q / (1 − (1 − q)^m) of them. q is the share under which as many blocks as were met would be,
    weighed by their clusters (maximum likelihood). If every block with clusters was met, all
    clusters are taken; if only blocks of one were, the number is exact; of very many clusters in
    each block it is that of `clusters_in`.

    Args:
        members: `[blocks]`, clusters in each block; at least one is taken where it was met.
        held: `[blocks]`, bool: whether any of them was met.

    Returns:
        At least the number of blocks met, at most that of the clusters in them.

    Raises:
        ValueError: shapes that do not match, or negative numbers.

    Example:
        >>> clusters_among([1, 1, 0, 2, 1], [True, False, False, False, True])
        2.0
        >>> clusters_among([1, 1, 0, 2, 1], [True, True, False, True, True])
        5.0
        >>> round(clusters_among([1, 1, 1, 2, 2], [True, False, True, True, False]), 2)
        3.31
    """
    met = np.asarray(held, dtype=bool)
    number = np.asarray(members, dtype=np.float64)
    if number.ndim != 1 or number.shape != met.shape or not (number >= 0).all():
        raise ValueError("expected a row of numbers of clusters, and whether each block was met")
    number = np.maximum(number, met)
    inside, outside = number[met], float(number[~met].sum())
    if not outside or not inside.size:
        return float(inside.sum())
    total = float(number.sum())
    share = bracketed_root(lambda q: float(_met(inside, q).sum()) - q * total, 1e-12, 1.0)
    return float(_met(inside, share).sum())


def _met(members: np.ndarray, share: float) -> np.ndarray:
    """How many of a block's clusters were met on average, if any was and each is by chance."""
    any_met = -np.expm1(members * np.log1p(-share)) if share < 1 else np.ones_like(members)
    # A single cluster that was met is one, to the last bit.
    return np.where(members == 1, 1.0, members * share / any_met)
