"""Copies among units: those that hold the same, and those that hold nearly the same."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from auditkit.statistics.contents import Contents, first_of
from auditkit.statistics.nearness import Background, near

MOST_PAIRS = 2 * 10**9
"""Pairs that one search compares at most: some seconds."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Copies, each with the unit that it is a copy of.

    Attributes:
        first: positions of the units, ascending, int64 of shape (m,).
        second: positions of what they are copies of, int64 of shape (m,).
        similarity: cosine, float32 of shape (m,); 1 of exact copies.
        closeness: see `auditkit.statistics.nearness`, float32 of shape (m,); 0 of exact copies.
        exact: whether they hold the same, bool of shape (m,).
        searched: of how many units, the first ones, near copies were looked for.
        nearest: the cosine of each unit searched with its nearest, float32 of shape (searched,); 1
            where that is an exact copy, NaN of a unit of which nothing can be said.
        lacking: why no near copies were looked for, as a full sentence; "" if they were.
    """

    first: np.ndarray
    second: np.ndarray
    similarity: np.ndarray
    closeness: np.ndarray
    exact: np.ndarray
    searched: int
    nearest: np.ndarray
    lacking: str = ""

    def __len__(self) -> int:
        return len(self.first)


def across(queries: Contents, references: Contents, usual: Background) -> Pairs:
    """Queries that are copies of a reference; each at most once.

    Args:
        queries: in random order: where there are many, the first ones are searched.
        references: the training set, say.
        usual: the background of the references.

    Example:
        >>> from auditkit.statistics.nearness import background
        >>> rng = np.random.default_rng(0)
        >>> vectors = rng.standard_normal((100, 20))
        >>> vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        >>> training = Contents(np.arange(200, dtype=np.uint64).reshape(100, 2), vectors)
        >>> like = Contents(np.array([[900, 901]], dtype=np.uint64), vectors[[7]] + 0.001)
        >>> across(like, training, background(training)).second
        array([7])
    """
    firsts = first_of(references.hashes, queries.hashes)
    places = references.telling(references.distinct)
    if usual.threshold is None:
        return _exact_alone(firsts, usual.lacking)
    searched = min(len(queries), MOST_PAIRS // max(len(places), 1))
    asked = queries.telling(np.flatnonzero(firsts[:searched] < 0))
    found = near(queries.vectors_at(asked), references.vectors_at(places), None, usual)
    nearest_of = np.full(searched, np.nan, dtype=np.float32)
    nearest_of[firsts[:searched] >= 0] = 1.0
    nearest_of[asked] = found.similarity
    copies = found.copies
    exact = np.flatnonzero(firsts >= 0)
    return _ordered(
        _Found(exact, firsts[exact], np.ones(len(exact)), np.zeros(len(exact))),
        _Found(
            asked[copies], places[found.places[copies]],
            found.similarity[copies], found.closeness[copies],
        ),
        nearest_of,
    )  # fmt: skip


def within(contents: Contents, usual: Background) -> Pairs:
    """Units of a set that are copies of an earlier one; one that is of several is there as often.

    Args:
        contents: as the queries of `across`.
        usual: their background.

    Example:
        >>> from auditkit.statistics.nearness import background
        >>> content = np.array([[1, 1], [2, 2], [1, 1]], dtype=np.uint64)
        >>> found = within(one := Contents(content, np.zeros((3, 0))), background(one))
        >>> found.first, found.second, found.lacking
        (array([2]), array([0]), 'Near copies are not searched for: content has no vectors.')
    """
    firsts = first_of(contents.hashes, contents.hashes)
    later = np.flatnonzero(firsts < np.arange(len(firsts)))
    exact = _Found(later, firsts[later], np.ones(len(later)), np.zeros(len(later)))
    if usual.threshold is None:
        return _exact_alone(np.where(firsts < np.arange(len(firsts)), firsts, -1), usual.lacking)
    places = contents.telling(contents.distinct)
    searched = min(len(contents), MOST_PAIRS // max(len(places), 1))
    own = np.arange(np.searchsorted(places, searched))
    vectors = contents.vectors_at(places)
    found = near(vectors[own], vectors, own, usual)
    nearest_of = np.full(searched, np.nan, dtype=np.float32)
    nearest_of[places[own]] = found.similarity
    nearest_of[later[later < searched]] = 1.0
    copies = found.copies
    pairs = np.column_stack([places[own[copies]], places[found.places[copies]]])
    # Of two units that are near to each other, both have found the other.
    _, once = np.unique(np.sort(pairs, axis=1), axis=0, return_index=True)
    of = _Found(
        pairs[once].max(axis=1), pairs[once].min(axis=1),
        found.similarity[copies][once], found.closeness[copies][once],
    )  # fmt: skip
    return _ordered(exact, of, nearest_of)


@dataclass(frozen=True, eq=False)
class _Found:
    """Pairs of one kind."""

    first: np.ndarray
    second: np.ndarray
    similarity: np.ndarray
    closeness: np.ndarray


def _exact_alone(firsts: np.ndarray, lacking: str) -> Pairs:
    exact = np.flatnonzero(firsts >= 0)
    none = np.zeros(0, dtype=np.float32)
    found = _Found(exact, firsts[exact], np.ones(len(exact)), np.zeros(len(exact)))
    return replace(_ordered(found, _Found(none, none, none, none), none), lacking=lacking)


def _ordered(exact: _Found, nearly: _Found, nearest_of: np.ndarray) -> Pairs:
    first = np.concatenate([exact.first, nearly.first]).astype(np.int64)
    order = np.argsort(first, kind="stable")
    same = np.arange(len(first)) < len(exact.first)
    return Pairs(
        first[order],
        np.concatenate([exact.second, nearly.second]).astype(np.int64)[order],
        np.concatenate([exact.similarity, nearly.similarity]).astype(np.float32)[order],
        np.concatenate([exact.closeness, nearly.closeness]).astype(np.float32)[order],
        same[order],
        len(nearest_of),
        nearest_of,
    )
