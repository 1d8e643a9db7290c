"""How familiar an input looks, from the model's logits or from the vectors of one of its layers.

Every score is the higher, the more an input is like those that the model was made for. None is a
probability, and none is comparable between models.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.special import logsumexp

Floats = NDArray[np.float64]

NEIGHBOURS = 10
"""Which neighbour's distance counts. Sun et al. take 50 of 50,000 vectors; of a thousand the tenth
is a like share of a class, and one odd vector does not decide."""

_AT_ONCE = 1 << 22
"""Distances that are held at once."""

_LEAST_SHRINKAGE = 1e-6


def max_softmax(probabilities: ArrayLike) -> Floats:
    """The probability of the predicted class.

    Args:
        probabilities: `[n, classes]`.

    Source: Hendrycks and Gimpel, ICLR 2017.

    Example:
        >>> max_softmax([[0.9, 0.1], [0.4, 0.6]]).tolist()
        [0.9, 0.6]
    """
    return np.asarray(np.asarray(probabilities, np.float64).max(axis=1))


def max_logit(logits: ArrayLike) -> Floats:
    """The largest logit, which the others do not normalise.

    Args:
        logits: `[n, classes]`, one for each class, as the model gives them.

    Source: Hendrycks et al., Scaling Out-of-Distribution Detection, ICML 2022.
    """
    return np.asarray(np.asarray(logits, np.float64).max(axis=1))


def energy(logits: ArrayLike) -> Floats:
    """The negative free energy log Σ exp(logit) at temperature 1.

    Args:
        logits: `[n, classes]`, one for each class, as the model gives them. Logarithms of
            probabilities all have the energy 0.

    Source: Liu et al., Energy-based Out-of-distribution Detection, NeurIPS 2020.

    Example:
        >>> energy([[0.0, 0.0], [3.0, 3.0]]).round(4).tolist()
        [0.6931, 3.6931]
    """
    return np.asarray(logsumexp(np.asarray(logits, np.float64), axis=1))


@dataclass(frozen=True, eq=False)
class Gaussians:
    """One Gaussian for each class of a layer's vectors, with a covariance that all share.

    Attributes:
        means: `[classes, d]`.
        shrinkage: share of the covariance that was replaced by its mean variance in every
            direction; above 0, so that the inverse exists where vectors are few or a unit is dead.
        factor: lower Cholesky factor of the covariance, `[d, d]`.
    """

    means: Floats
    shrinkage: float
    factor: Floats

    @classmethod
    def fitted(cls, vectors: ArrayLike, classes: ArrayLike) -> Gaussians:
        """The means of classes with at least two vectors, and the covariance within these.

        Args:
            vectors: `[n, d]`.
            classes: `[n]`, the class of each.

        Raises:
            ValueError: no class has two vectors, those of a class are all the same, or some are not
                finite.

        Sources: Lee et al., NeurIPS 2018; the shrinkage by Ledoit and Wolf, Journal of
        Multivariate Analysis 88 (2004) 365–411.
        """
        rows = _finite(vectors)
        _, codes, sizes = np.unique(np.asarray(classes), return_inverse=True, return_counts=True)
        kept = np.flatnonzero(sizes >= 2)
        if not len(kept):
            raise ValueError("no class has two vectors")
        means = np.stack([rows[codes == one].mean(axis=0) for one in kept])
        inside = np.isin(codes, kept)
        residuals = rows[inside] - means[np.searchsorted(kept, codes[inside])]
        covariance, shrinkage = shrunk_covariance(residuals)
        return cls(means, shrinkage, cholesky(covariance, lower=True))

    def familiarity(self, vectors: ArrayLike) -> Floats:
        """Minus the squared Mahalanobis distance from the nearest mean, `[n]`.

        Raises:
            ValueError: some vectors are not finite.
        """
        # In whitened space the distance is Euclid's, so that one solution serves every mean.
        rows, means = self._whitened(_finite(vectors)), self._whitened(self.means)
        nearest = np.full(len(rows), np.inf)
        for mean in means:
            nearest = np.minimum(nearest, np.square(rows - mean).sum(axis=1))
        return -nearest

    def _whitened(self, rows: Floats) -> Floats:
        return np.asarray(solve_triangular(self.factor, rows.T, lower=True).T)


def shrunk_covariance(residuals: Floats) -> tuple[Floats, float]:
    """The covariance of centred vectors, shrunk towards a multiple of the identity, and how far.

    Args:
        residuals: `[n, d]`, with the mean zero.

    Raises:
        ValueError: all residuals are zero.

    Source: Ledoit and Wolf 2004, their optimal shrinkage; never under 1e-6.
    """
    n, d = residuals.shape
    covariance = residuals.T @ residuals / n
    variance = float(np.trace(covariance)) / d
    if variance == 0:
        raise ValueError("the vectors of each class are all the same")
    squares = residuals**2
    spread = float(np.square(covariance).sum()) / d
    apart = spread - variance**2
    noise = (float(np.square(squares.sum(axis=1)).sum()) / n / d - spread) / n
    shrinkage = min(max(noise / apart, _LEAST_SHRINKAGE), 1.0) if apart > 0 else 1.0
    return (1 - shrinkage) * covariance + shrinkage * variance * np.eye(d), shrinkage


def neighbour_familiarity(
    vectors: ArrayLike, bank: ArrayLike, neighbours: int = NEIGHBOURS
) -> Floats:
    """Minus the distance from the k-th nearest vector of a bank, all scaled to length 1; `[n]`.

    Exact: every distance is computed, some rows at a time.

    Args:
        vectors: `[n, d]`, none of them in the bank.
        bank: `[m, d]`, vectors of familiar inputs.
        neighbours: k.

    Raises:
        ValueError: the bank has fewer than k vectors, or some are not finite.

    Source: Sun et al., Out-of-Distribution Detection with Deep Nearest Neighbors, ICML 2022.

    Example:
        >>> neighbour_familiarity([[2.0, 0.0]], [[1.0, 0.0], [0.0, 5.0]], neighbours=2).round(4)
        array([-1.4142])
    """
    known = _directions(bank)
    if not 1 <= neighbours <= len(known):
        raise ValueError(f"the {neighbours}th neighbour of a bank of {len(known)} vectors")
    parts = _in_parts(_directions(vectors), len(known))
    return np.concatenate([np.zeros(0), *(-_distances(part, known, neighbours) for part in parts)])


def _distances(rows: Floats, known: Floats, neighbours: int) -> Floats:
    squared = (rows**2).sum(axis=1)[:, None] + (known**2).sum(axis=1) - 2 * rows @ known.T
    nearest = np.partition(squared, neighbours - 1, axis=1)[:, neighbours - 1]
    return np.asarray(np.sqrt(nearest.clip(0)))


def _in_parts(rows: Floats, width: int) -> Iterator[Floats]:
    step = max(_AT_ONCE // width, 1)
    for start in range(0, len(rows), step):
        yield rows[start : start + step]


def _directions(vectors: ArrayLike) -> Floats:
    """Vectors of length 1; those of length 0 stay as they are."""
    rows = _finite(vectors)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0))


def _finite(vectors: ArrayLike) -> Floats:
    rows = np.asarray(vectors, np.float64)
    if broken := int((~np.isfinite(rows).all(axis=1)).sum()):
        raise ValueError(f"{broken:,} of {len(rows):,} vectors are not finite")
    return rows
