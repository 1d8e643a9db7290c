"""Sets of classes instead of one: conformity scores, and the sets that a threshold on them gives.

A conformity score says how badly a class fits a unit. The threshold is an order statistic of the
scores of the true classes on units set aside (`auditkit.statistics.conformal_thresholds`); a set
holds every class whose score does not exceed it. If those units and the next one are exchangeable,
its set holds the true class with at least the probability aimed at, whatever the model is.

LAC takes 1 − p and has the smallest sets on average. The adaptive scores (APS, RAPS) take the
probability of all classes that the model prefers, and a random part of the class's own, so that
hard units get larger sets; RAPS charges for each class beyond the first few, which shortens the
long tails of APS. The random part is one number of [0, 1] for each unit; who draws it from a keyed
hash of the unit's id has the same sets in whatever order the units come.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.statistics.conformal_thresholds import Floats

__all__ = [
    "APS",
    "RAPS",
    "Penalty",
    "adaptive_scores",
    "adaptive_sets",
    "adaptive_sizes",
    "lac_scores",
    "lac_sets",
]

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Penalty:
    """What an adaptive score charges for each class in the set beyond the first few.

    Attributes:
        strength: λ, added for each further class; 0 for none.
        free: k_reg, how many classes are free of charge.

    Raises:
        ValueError: one of the two is negative.
    """

    strength: float
    free: int

    def __post_init__(self) -> None:
        if not self.strength >= 0 or self.free < 0:
            raise ValueError(f"a penalty must not be negative, found {self}")

    def of(self, ranks: NDArray[np.int64]) -> Floats:
        """The charge for classes of these ranks; the likeliest class has rank 1."""
        return self.strength * np.maximum(ranks - self.free, 0).astype(np.float64)


APS = Penalty(0.0, 0)
RAPS = Penalty(0.01, 5)
"""λ and k_reg with which Angelopoulos et al. shorten sets of a thousand classes to a few. They also
choose both on a part of the data; here they are fixed, so that no data are spent on them."""


def lac_scores(probabilities: ArrayLike, labels: ArrayLike) -> Floats:
    """The LAC score of each unit's class: 1 − p.

    Args:
        probabilities: `[n, C]`, of the classes.
        labels: `[n]`, the class that each unit's score is of, as its column.

    Raises:
        ValueError: numbers that are no probabilities, or labels that are no columns.

    Source: Sadinle, Lei and Wasserman, Journal of the American Statistical Association 114 (2019)
    223–234.

    Example:
        >>> lac_scores([[0.7, 0.2, 0.1]], [0]).round(2).tolist()
        [0.3]
    """
    shares = checked_probabilities(probabilities)
    return 1 - _own(shares, _checked_labels(labels, shares))[:, 0]


def lac_sets(probabilities: ArrayLike, threshold: ArrayLike) -> Bools:
    """Which classes have a LAC score of at most `threshold`: `[n, C]`.

    Args:
        probabilities: `[n, C]`, of the classes.
        threshold: one number; or `[C]`, one for each class; or `[n, 1]`, one for each unit. One of
            infinity takes every class in.

    Raises:
        ValueError: numbers that are no probabilities, or a threshold that is not a number.

    Example:
        >>> lac_sets([[0.7, 0.2, 0.1], [0.4, 0.35, 0.25]], 0.7).astype(int).tolist()
        [[1, 0, 0], [1, 1, 0]]
    """
    # In the words of `lac_scores`, so that a unit on the threshold is in by both or by neither.
    members: Bools = 1 - checked_probabilities(probabilities) <= _checked_threshold(threshold)
    return members


def adaptive_scores(
    probabilities: ArrayLike, labels: ArrayLike, uniform: ArrayLike, penalty: Penalty = APS
) -> Floats:
    """The adaptive score of each unit's class: what is likelier, and a random part of its own.

    Σ_{j before y} p_j + u p_y + λ (rank − k_reg)⁺, where j comes before y if it is likelier, or as
    likely and of a smaller column. No sort is needed for the score of one class, which saves most
    of the time however many classes there are.

    Args:
        probabilities: `[n, C]`, of the classes.
        labels: `[n]`, the class that each unit's score is of, as its column.
        uniform: `[n]`, the random part u of each unit, in [0, 1].
        penalty: `APS` for none, `RAPS`, or another.

    Raises:
        ValueError: numbers that are no probabilities, or labels that are no columns.

    Source: Romano, Sesia and Candès, Classification with Valid and Adaptive Coverage, NeurIPS 2020;
    Angelopoulos, Bates, Malik and Jordan, Uncertainty Sets for Image Classifiers using Conformal
    Prediction, ICLR 2021 (equation 4).

    Example:
        >>> adaptive_scores([[0.1, 0.6, 0.3]], [2], [0.5]).round(2).tolist()
        [0.75]
        >>> adaptive_scores([[0.1, 0.6, 0.3]], [2], [0.5], Penalty(0.2, 1)).round(2).tolist()
        [0.95]
    """
    shares = checked_probabilities(probabilities)
    columns = _checked_labels(labels, shares)
    parts = _checked_uniform(uniform, shares)
    own = _own(shares, columns)
    before = shares > own
    before |= (shares == own) & (np.arange(shares.shape[1]) < columns[:, None])
    mass = np.einsum("ij,ij->i", shares, before)
    scores: Floats = mass + parts * own[:, 0]
    if penalty.strength:
        scores += penalty.of(1 + np.count_nonzero(before, axis=1))
    return scores


def adaptive_sets(
    probabilities: ArrayLike, uniform: ArrayLike, threshold: ArrayLike, penalty: Penalty = APS
) -> Bools:
    """Which classes have an adaptive score of at most `threshold`: `[n, C]`.

    A set may be empty, where a unit's random part carries even its likeliest class over the
    threshold: without that, sets would cover more often than they promise.

    Args:
        probabilities: `[n, C]`, of the classes.
        uniform: `[n]`, the random part of each unit, in [0, 1].
        threshold: one number; or `[n, 1]`, one for each unit. One of infinity takes all in.
        penalty: as of `adaptive_scores`.

    Raises:
        ValueError: numbers that are no probabilities, or a threshold that is not a number.

    Example:
        >>> adaptive_sets([[0.1, 0.6, 0.3]], [0.5], 0.8).astype(int).tolist()
        [[0, 1, 1]]
    """
    shares = checked_probabilities(probabilities)
    order = np.argsort(-shares, axis=1, kind="stable")
    ranked = np.take_along_axis(shares, order, axis=1)
    inside = _ranked_scores(ranked, uniform, penalty) <= _checked_threshold(threshold)
    members = np.zeros(shares.shape, dtype=bool)
    np.put_along_axis(members, order, inside, axis=1)
    return members


def adaptive_sizes(
    probabilities: ArrayLike, uniform: ArrayLike, threshold: ArrayLike, penalty: Penalty = APS
) -> NDArray[np.int64]:
    """How many classes each of `adaptive_sets` holds: `[n]`; arguments and errors are the same.

    Which classes these are need not be known, so that values are sorted and not their places.
    """
    ranked = -np.sort(-checked_probabilities(probabilities), axis=1)
    inside = _ranked_scores(ranked, uniform, penalty) <= _checked_threshold(threshold)
    sizes: NDArray[np.int64] = np.count_nonzero(inside, axis=1)
    return sizes


def _ranked_scores(ranked: Floats, uniform: ArrayLike, penalty: Penalty) -> Floats:
    """The scores of all classes, the likeliest first: `[n, C]`, which rise along each row."""
    parts = _checked_uniform(uniform, ranked)
    scores: Floats = np.cumsum(ranked, axis=1)
    scores -= (1 - parts)[:, None] * ranked
    if penalty.strength:
        scores += penalty.of(np.arange(1, ranked.shape[1] + 1))
    return scores


def _own(shares: Floats, columns: NDArray[np.int64]) -> Floats:
    """The probability of each unit's class: `[n, 1]`."""
    return np.take_along_axis(shares, columns[:, None], axis=1)


def checked_probabilities(probabilities: ArrayLike) -> Floats:
    """Probabilities as float64 `[n, C]`, each finite and in [0, 1].

    Raises:
        ValueError: they are not.
    """
    shares = np.asarray(probabilities, dtype=np.float64)
    if shares.ndim != 2 or not shares.shape[1]:
        raise ValueError(f"expected probabilities of shape [n, classes], found {shares.shape}")
    # NaN fails both comparisons.
    if shares.size and not (shares.min() >= 0 and shares.max() <= 1):
        raise ValueError("probabilities must be finite numbers in [0, 1]")
    return shares


def _checked_labels(labels: ArrayLike, shares: Floats) -> NDArray[np.int64]:
    columns = np.asarray(labels)
    if columns.shape != shares.shape[:1] or (columns.size and columns.dtype.kind not in "iu"):
        raise ValueError(f"expected a whole number for each of {len(shares)} units as label")
    if columns.size and not (columns.min() >= 0 and columns.max() < shares.shape[1]):
        raise ValueError(f"labels must be columns of {shares.shape[1]} classes")
    return columns.astype(np.int64)


def _checked_uniform(uniform: ArrayLike, shares: Floats) -> Floats:
    parts = np.asarray(uniform, dtype=np.float64)
    if parts.shape != shares.shape[:1]:
        raise ValueError(f"expected a random part for each of {len(shares)} units")
    if parts.size and not (parts.min() >= 0 and parts.max() <= 1):
        raise ValueError("random parts must be finite numbers in [0, 1]")
    return parts


def _checked_threshold(threshold: ArrayLike) -> Floats:
    limit = np.asarray(threshold, dtype=np.float64)
    if np.isnan(limit).any():
        raise ValueError("the threshold is not a number")
    return limit
