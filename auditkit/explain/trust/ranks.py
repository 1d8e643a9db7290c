"""How alike two maps of the same unit order its regions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def spearman(first: Floats, second: Floats) -> Floats:
    """Spearman's rank correlation of each row of one table with the same row of another.

    Args:
        first: [n, regions]; NaN where a region does not count for the unit.
        second: likewise.

    Returns:
        [n], from −1 to 1; NaN where fewer than two regions count on both sides, or all that do are
        equal on one of them.

    Source: Spearman 1904, with mean ranks for ties.

    Example:
        >>> one = np.array([[1.0, 2.0, 3.0], [5.0, 5.0, 5.0]])
        >>> spearman(one, np.array([[10.0, 20.0, 30.0], [1.0, 2.0, 3.0]]))
        array([ 1., nan])
    """
    known = ~np.isnan(first) & ~np.isnan(second)
    a, b = _centred(first, known), _centred(second, known)
    size = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    together: Floats = np.where(size > 0, (a * b).sum(axis=1), np.nan)
    return together / np.where(size > 0, size, 1.0)


def beyond(together: Floats, first: Floats, second: Floats) -> Floats:
    """Correlations that are left when a third thing is held fixed: partial correlations.

    Args:
        together: [n] of two maps.
        first: [n] of the first and the third.
        second: [n] of the second and the third.

    Returns:
        [n], from −1 to 1; NaN where one of the two is the third as it is, and nothing is left.

    Source: Kendall 1942; Fisher 1924 for the formula.

    Example:
        >>> beyond(np.array([0.9, 1.0]), np.array([0.6, 1.0]), np.array([0.8, 1.0])).round(6)
        array([0.875,   nan])
    """
    left = np.sqrt(np.maximum((1 - first**2) * (1 - second**2), 0.0))
    told = left > _ROUNDING
    found: Floats = np.where(told, together - first * second, np.nan)
    return np.clip(found / np.where(told, left, 1.0), -1.0, 1.0)


_ROUNDING = 1e-9


def _centred(values: Floats, known: Flags) -> Floats:
    """Ranks within each row, less their mean; 0 where nothing is known."""
    ranks = rankdata(np.where(known, values, np.nan), axis=1, nan_policy="omit")
    ranks = np.where(known, ranks, 0.0)
    means = ranks.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    centred: Floats = np.where(known, ranks - means[:, None], 0.0)
    return centred


def orders(strength: Floats, seed: int) -> NDArray[np.int64]:
    """The place of each region in the order of a map, from 0 for the strongest.

    Equal ones are ordered at random: a map that does not tell them apart must gain nothing by
    where they lie.

    Args:
        strength: [n, regions]; those of NaN come last.
        seed: of the order among equals.

    Example:
        >>> orders(np.array([[0.1, 3.0, 2.0, np.nan]]), seed=0)
        array([[2, 0, 1, 3]])
    """
    ties = np.random.default_rng(seed).random(strength.shape)
    keys = np.where(np.isnan(strength), np.inf, -strength)
    order = np.lexsort([ties, keys], axis=1)
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.arange(strength.shape[1])[None], axis=1)
    return place
