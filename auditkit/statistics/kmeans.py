"""k-means: centres around which vectors gather; small, seeded, and the same in every process."""

from __future__ import annotations

from itertools import count

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROUNDS = 100


def k_means(vectors: Floats, k: int, seed: int, starts: int = 10) -> Floats:
    """Centres of the best of a few runs of Lloyd's algorithm, each begun by k-means++.

    Args:
        vectors: `[units, d]`, finite.
        k: number of centres wanted, at least 1.
        seed: of the starts.
        starts: how many runs.

    Returns:
        `[centres, d]`; fewer than k where there are fewer distinct vectors.

    Raises:
        ValueError: no vectors, or k under 1.

    Source: Lloyd, IEEE Transactions on Information Theory 28 (1982) 129–137; Arthur and
    Vassilvitskii, SODA 2007, 1027–1035.

    Example:
        >>> vectors = np.array([[0.0], [0.2], [9.0], [9.2]])
        >>> sorted(k_means(vectors, 2, seed=0).ravel().round(1).tolist())
        [0.1, 9.1]
    """
    if k < 1 or not len(vectors):
        raise ValueError(f"k-means needs vectors and k of at least 1, found {len(vectors)}, {k}")
    generator = np.random.default_rng(seed)
    runs = [_lloyd(vectors, _plus_plus(vectors, k, generator)) for _ in range(starts)]
    return min(runs, key=lambda centres: float(_squares(vectors, centres).min(axis=1).sum()))


def nearest_centre(vectors: Floats, centres: Floats) -> NDArray[np.int64]:
    """The place of the centre that each vector is nearest to, `[units]`."""
    places: NDArray[np.int64] = _squares(vectors, centres).argmin(axis=1)
    return places


def _squares(vectors: Floats, centres: Floats) -> Floats:
    """Squared distances of vectors from centres, less what is the same for all centres of one."""
    squares: Floats = (centres**2).sum(axis=1) - 2 * vectors @ centres.T
    return squares


def _plus_plus(vectors: Floats, k: int, generator: np.random.Generator) -> Floats:
    """First centres, each drawn with the chance of its squared distance from those before."""
    chosen = [int(generator.integers(len(vectors)))]
    distances = ((vectors - vectors[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < k and distances.sum() > 0:
        chosen.append(int(generator.choice(len(vectors), p=distances / distances.sum())))
        distances = np.minimum(distances, ((vectors - vectors[chosen[-1]]) ** 2).sum(axis=1))
    return vectors[chosen]


def _lloyd(vectors: Floats, centres: Floats) -> Floats:
    places = nearest_centre(vectors, centres)
    for done in count(1):
        sizes = np.bincount(places, minlength=len(centres))
        sums = np.zeros_like(centres)
        np.add.at(sums, places, vectors)
        # A centre that nothing is nearest to has lost its vectors to others, and goes.
        centres = sums[sizes > 0] / sizes[sizes > 0, None]
        moved = nearest_centre(vectors, centres)
        if done == _ROUNDS or (sizes.all() and (moved == places).all()):
            break
        places = moved
    return centres
