"""k-means: centres around which vectors gather; small, seeded, and the same in every process."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROUNDS = 30
_CANDIDATES = 4


def k_means(vectors: Floats, k: int, seed: int, starts: int = 4) -> Floats:
    """Centres of the best of a few runs of Lloyd's algorithm, each begun by greedy k-means++.

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
    """First centres, each the best of some drawn by their squared distance from those before."""
    first = int(generator.integers(len(vectors)))
    chosen, distances = [first], _from(vectors, first)
    while len(chosen) < k and (total := distances.sum()) > 0:
        drawn = generator.choice(len(vectors), size=_CANDIDATES, p=distances / total)
        tried = [np.minimum(distances, _from(vectors, int(place))) for place in drawn]
        best = int(np.argmin([left.sum() for left in tried]))
        chosen.append(int(drawn[best]))
        distances = tried[best]
    return vectors[chosen]


def _from(vectors: Floats, place: int) -> Floats:
    squares: Floats = ((vectors - vectors[place]) ** 2).sum(axis=1)
    return squares


def _lloyd(vectors: Floats, centres: Floats) -> Floats:
    places = nearest_centre(vectors, centres)
    for _ in range(_ROUNDS):
        members = places == np.arange(len(centres))[:, None]
        sizes = members.sum(axis=1)
        # A centre that nothing is nearest to has lost its vectors to others, and goes.
        centres = (members @ vectors)[sizes > 0] / sizes[sizes > 0, None]
        before, places = places, nearest_centre(vectors, centres)
        if sizes.all() and (before == places).all():
            break
    return centres
