"""Two models on the same units, where units come in clusters.

The error of the difference is the jackknife's, block by block. It goes into the exact interval as
counts of as many independent units: few discordant units then have the bounds that they have where
units are independent, at the least, and none at all leave an honest interval too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from auditkit.measurement import Estimate
from auditkit.statistics.clustered_means import clustered_mean
from auditkit.statistics.estimates import exact_paired_difference


def clustered_paired_difference(
    wins: ArrayLike, losses: ArrayLike, units: ArrayLike, clusters: int
) -> Estimate:
    """The difference (wins − losses) / n of two proportions on the same clustered units.

    Args:
        wins: `[blocks]`, units of each block on which only the first is right.
        losses: `[blocks]`, units on which only the second is.
        units: `[blocks]`, all of them; blocks of whole clusters.
        clusters: how many clusters there are.

    Returns:
        `paired_exact` of effective counts, with Student's critical values.

    Raises:
        NoEstimateError: a few blocks hold most of the units.
        ValueError: fewer than two blocks with units.

    Source: the delete-one-block jackknife as of `auditkit.statistics.jackknife`; effective counts
    after Rao and Scott, Biometrics 48 (1992) 577–585.

    Example:
        >>> found = clustered_paired_difference([4, 0, 3, 1], [0, 1, 0, 1], [20] * 4, clusters=12)
        >>> {name: round(number, 2) for name, number in found.parameters.items()}
        {'wins': 3.37, 'losses': 0.84, 'n': 33.71, 'df': 3}
    """
    won, lost, n = (np.asarray(one, dtype=np.float64) for one in (wins, losses, units))
    jackknifed = clustered_mean(n, won - lost).parameters
    size = _independent(won.sum(), lost.sum(), n.sum(), jackknifed["se"], clusters)
    scale = size / n.sum()
    return exact_paired_difference(won.sum() * scale, lost.sum() * scale, size, df=jackknifed["df"])


def _independent(wins: float, losses: float, n: float, se: float, clusters: int) -> float:
    """How many independent units tell as much."""
    difference = (wins - losses) / n
    spread = (wins + losses) / n - difference**2
    if spread <= 0:
        # All units agree, so that nothing shows how they depend on each other.
        return min(float(clusters), n)
    # Chance alone can make blocks look more alike than independent units are.
    return spread / max(se**2, spread / n)
