"""How many clusters there are, from the blocks that they were hashed to."""

from __future__ import annotations

import math


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
