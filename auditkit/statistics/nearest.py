"""The nearest of many vectors to each of some, by blocks, in bounded memory.

Where that is much work, vectors are first projected to few random directions, which keeps angles
about as they are; the best of each block are then compared as a whole. Source: Johnson and
Lindenstrauss 1984; Dasgupta and Gupta 2003.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

PROJECTED = 64
"""Directions that vectors are projected to."""

DIRECT = 4 * 10**9
"""Products up to which nothing is projected: about a tenth of a second."""

_CANDIDATES = 16
"""Of how many for each that is wanted the whole vectors are compared after a projection."""

_QUERIES = 512
_LEAST, _MOST = 64, 4096
_BLOCKS = 32
_SEED = 20_260_103
_NONE = np.float32(-2.0)


def nearest(
    queries: np.ndarray, references: np.ndarray, own: np.ndarray | None = None, number: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """The references of the greatest cosines for each query, and these cosines.

    Args:
        queries: of length one (or zero), float16 or float32 of shape (q, d).
        references: likewise, shape (n, d).
        own: for each query the position of a reference that is itself, and is passed over; −1
            where there is none.
        number: how many, k.

    Returns:
        Positions, int64 of shape (q, k), the nearest first, and cosines, float32 of that shape.
        Where there are fewer than k references the rest is −1 and −2. A cosine is exact to the
        precision of the vectors; after a projection, one that is hardly nearer may be missed.

    Example:
        >>> points = np.eye(3, dtype=np.float32)
        >>> nearest(np.array([[0.6, 0.8, 0.0]], dtype=np.float32), points, number=2)
        (array([[1, 0]]), array([[0.8, 0.6]], dtype=float32))
    """
    work = len(queries) * len(references) * queries.shape[1]
    if work <= DIRECT or queries.shape[1] <= 2 * PROJECTED:
        places, values = _by_block(queries, references, own, number)
    else:
        few, many = (projected(vectors) for vectors in (queries, references))
        # The best alone of so many blocks that the k best seldom share one.
        places, values = _by_block(few, many, own, 1, _BLOCKS * number)
        places, values = _leading(places, values, _CANDIDATES * number)
        values = _cosines(queries, references, places)
    return _leading(places, values, number)


def projected(vectors: np.ndarray) -> np.ndarray:
    """Vectors in `PROJECTED` random directions, of length one again, float32 of shape (n, 64)."""
    found = np.empty((len(vectors), PROJECTED), dtype=np.float32)
    for start in range(0, len(vectors), _MOST):
        part = vectors[start : start + _MOST].astype(np.float32) @ _directions(vectors.shape[1])
        length = np.sqrt(np.einsum("nd,nd->n", part, part))[:, None]
        found[start : start + _MOST] = part / np.where(length > 0, length, 1.0)
    return found


@lru_cache(maxsize=4)
def _directions(width: int) -> np.ndarray:
    return np.random.default_rng(_SEED).standard_normal((width, PROJECTED), dtype=np.float32)


def _by_block(
    queries: np.ndarray,
    references: np.ndarray,
    own: np.ndarray | None,
    number: int,
    blocks: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """The best references of each block for each query, and their cosines, side by side."""
    size = min(max(len(references) // blocks, _LEAST), _MOST)
    starts = range(0, len(references), size)
    places = np.full((len(queries), max(len(starts), 1), number), -1, dtype=np.int64)
    values = np.full(places.shape, _NONE, dtype=np.float32)
    for block, start in enumerate(starts):
        part = references[start : start + size].astype(np.float32, copy=False).T
        for first in range(0, len(queries), _QUERIES):
            rows = slice(first, first + _QUERIES)
            cosines = queries[rows].astype(np.float32, copy=False) @ part
            if own is not None:
                _pass_over(cosines, own[rows] - start)
            for rank in range(min(number, cosines.shape[1])):
                best = cosines.argmax(axis=1)
                line = np.arange(len(best))
                places[rows, block, rank] = best + start
                values[rows, block, rank] = cosines[line, best]
                cosines[line, best] = _NONE
    places[values == _NONE] = -1
    side_by_side = (len(queries), places.shape[1] * number)
    return places.reshape(side_by_side), values.reshape(side_by_side)


def _pass_over(cosines: np.ndarray, own: np.ndarray) -> None:
    here = np.flatnonzero((own >= 0) & (own < cosines.shape[1]))
    cosines[here, own[here]] = _NONE


def _cosines(queries: np.ndarray, references: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The cosines of each query with its candidates by the whole vectors, (q, candidates)."""
    values = np.empty(places.shape, dtype=np.float32)
    for first in range(0, len(queries), _QUERIES):
        rows = slice(first, first + _QUERIES)
        candidates = references[places[rows]].astype(np.float32, copy=False)
        whole = queries[rows].astype(np.float32, copy=False)
        values[rows] = np.matmul(candidates, whole[:, :, None])[:, :, 0]
    values[places < 0] = _NONE
    return values


def _leading(places: np.ndarray, values: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """The `number` best of each row, best first; of equal ones the first."""
    order = np.argsort(-values, axis=1, kind="stable")[:, :number]
    return np.take_along_axis(places, order, axis=1), np.take_along_axis(values, order, axis=1)
