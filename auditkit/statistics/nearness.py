"""Which units are so near to each other that one is a copy of the other.

What is near depends on the data: two digits of one class may be more alike than two photographs
ever are, and in a table of few columns many rows differ in one cell by chance. So the distance of a
pair is measured in that at which the reference has its third neighbour, and it is a copy where that
share lies far below what it is between units of the training set that are none. Four fifths of the
content must agree (the cosine) besides, or a text would be a copy since all others are of something
else.

    closeness(i, j) = |i − j| / |j − third nearest of j but i|

The third, so that a reference of which there are copies already is not taken for one with close
neighbours. Source of the local distance: Breunig et al. 2000 (LOF); of the ratio of two neighbours
as a test: Lowe 2004, 7.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from auditkit.statistics.contents import Contents
from auditkit.statistics.nearest import nearest

LEAST = 50
"""Distinct units from which on it can be said what is near."""

_SAMPLED = 2000
_RANK = 3
_MARGIN = 4.0
"""Standard deviations of the logarithm of closeness between what is usual and a copy."""

_NEAREST_TOLD = 0.8
_LEAST_ALIKE = 0.8
"""Cosine below which a pair is no copy, however far away all others are."""

_QUARTILE = 0.6745
_ROUNDS = 6

FEW = f"Near copies are searched for among at least {LEAST} units that differ."
NO_VECTORS = "Near copies are not searched for: content has no vectors."


@dataclass(frozen=True, eq=False)
class Background:
    """How near units of a set lie to each other that are no copies.

    Attributes:
        similarity: cosine of some units, drawn in order, with their nearest, float32 of shape (m,);
            that of the same content is left out.
        closeness: of these pairs, float32 of shape (m,).
        threshold: closeness below which a pair is a copy; None where that cannot be said.
        reach: the greatest distance at which any of them has its third neighbour.
        lacking: why that cannot be said, as a full sentence; "" if it can.
    """

    similarity: np.ndarray
    closeness: np.ndarray
    threshold: float | None
    reach: float = 0.0
    lacking: str = ""

    def quantiles(self, shares: Iterable[float] = (0.5, 0.9, 0.99, 0.999)) -> dict[float, float]:
        """The cosine that so large a share of the units stays below; {} of no units."""
        if not len(self.similarity):
            return {}
        return {share: float(np.quantile(self.similarity, share)) for share in shares}


@dataclass(frozen=True, eq=False)
class Near:
    """The nearest reference of each query, and which of them are copies.

    Attributes:
        places: position of the reference, int64 of shape (q,).
        similarity: cosine with it, float32 of shape (q,).
        closeness: to it, float32 of shape (q,); infinite where the pair is far from being a copy.
        copies: positions of the queries that are copies, ascending.
    """

    places: np.ndarray
    similarity: np.ndarray
    closeness: np.ndarray
    copies: np.ndarray


def background(contents: Contents) -> Background:
    """How near the units of a training set lie to each other; exact copies count once.

    What is usual is read off the middle of the distribution of closeness, with what lies far below
    left out again and again, so that copies within the set (up to about a third of it) do not pass
    for what is usual.

    Args:
        contents: of all units, in random order: the first ones are looked at.
    """
    none = np.zeros(0, dtype=np.float32)
    if not contents.vectors.shape[1]:
        return Background(none, none, None, lacking=NO_VECTORS)
    places = contents.telling(contents.distinct)
    if len(places) < LEAST:
        return Background(none, none, None, lacking=FEW)
    vectors = contents.vectors_at(places)
    own = np.arange(min(len(vectors), _SAMPLED))
    best = nearest(vectors[own], vectors, own)[0][:, 0]
    distance = _distances(vectors[own], vectors[best])
    thirds = _thirds(vectors, best, own)
    closeness = _ratio(distance, thirds)
    usual = closeness[np.isfinite(closeness) & (closeness > 0)]
    found = Background(_cosine(distance), closeness, None, float(thirds.max()), FEW)
    if len(usual) < LEAST:
        return found
    return replace(found, threshold=_threshold(np.log(usual)), lacking="")


def near(
    queries: np.ndarray, references: np.ndarray, own: np.ndarray | None, usual: Background
) -> Near:
    """The nearest reference of each query, and whether the query is a copy of it.

    Args:
        queries: vectors, shape (q, d).
        references: vectors that differ, shape (n, d).
        own: position of each query among the references; None where they are others.
        usual: background of the references, with a threshold.
    """
    assert usual.threshold is not None
    places = nearest(queries, references, own)[0][:, 0]
    distance = _distances(queries, references[places])
    closeness = np.full(len(queries), np.inf, dtype=np.float32)
    # Only what may be a copy is worth a second search.
    likely = np.flatnonzero(distance < usual.threshold * usual.reach)
    thirds = _thirds(references, places[likely], None if own is None else own[likely])
    closeness[likely] = _ratio(distance[likely], thirds)
    similarity = _cosine(distance)
    copies = np.flatnonzero((closeness < usual.threshold) & (similarity >= _LEAST_ALIKE))
    return Near(places, similarity, closeness, copies)


def _thirds(vectors: np.ndarray, places: np.ndarray, but: np.ndarray | None) -> np.ndarray:
    """Distance of some units from their third neighbour, of which `but` is none."""
    if not len(places):
        return np.zeros(0, dtype=np.float32)
    asked, inverse = np.unique(places, return_inverse=True)
    found, _ = nearest(vectors[asked], vectors, asked, number=_RANK + 1)
    found = found[inverse]
    if but is not None:
        # One that is left out goes to the end.
        order = np.argsort(found == but[:, None], axis=1, kind="stable")
        found = np.take_along_axis(found, order, axis=1)
    return _distances(vectors[places], vectors[found[:, _RANK - 1]])


def _distances(these: np.ndarray, those: np.ndarray) -> np.ndarray:
    # Not by the cosine, of which rounded vectors leave little where two are nearly the same.
    between = these.astype(np.float32) - those.astype(np.float32)
    found: np.ndarray = np.sqrt(np.einsum("nd,nd->n", between, between))
    return found


def _cosine(distances: np.ndarray) -> np.ndarray:
    found: np.ndarray = (1 - np.square(distances) / 2).astype(np.float32)
    return found


def _ratio(distances: np.ndarray, thirds: np.ndarray) -> np.ndarray:
    usable = thirds > 0
    shares = distances / np.where(usable, thirds, 1.0)
    found: np.ndarray = np.where(usable, shares, np.inf).astype(np.float32)
    return found


def _threshold(logs: np.ndarray) -> float:
    """Closeness below which a pair is a copy, from that of pairs most of which are none."""
    middle, high = np.quantile(logs, [0.5, 0.75])
    # At first by the upper side alone, which copies do not reach.
    edge = middle - _MARGIN * (high - middle) / _QUARTILE
    for _ in range(_ROUNDS):
        low, middle, high = np.quantile(logs[logs >= edge], [0.25, 0.5, 0.75])
        edge = middle - _MARGIN * (high - low) / (2 * _QUARTILE)
    return float(min(np.exp(edge), _NEAREST_TOLD))
