"""How many distinct clusters stand behind each group: the number of independent units.

The state is the set of (groups, hash of the cluster) pairs met. Of each joint group it keeps the
16,384 smallest hashes: up to that many clusters are counted exactly, more are estimated with a
standard error of .8 %. So it does not grow with the rows, and two states merge to that of the whole
whatever the order.

Source: Bar-Yossef, Jayram, Kumar, Sivakumar and Trevisan, RANDOM 2002 (k minimum values).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from auditkit.measurement import Slice

MOST_KEPT = 1 << 14
RELATIVE_ERROR = MOST_KEPT**-0.5
"""Standard error of a number that is estimated, relative to it."""

_FIRST_COMPACTION = 1 << 18
_SPACE = 2.0**64


@dataclass(frozen=True, eq=False)
class Clusters:
    """Distinct clusters by the groups that their rows belong to.

    Attributes:
        levels: group attribute → its levels; their positions are the codes.
        codes: int64 of shape (pairs, attributes).
        keys: hashes of the clusters, uint64 of shape (pairs,); no pair of both occurs twice.
    """

    levels: Mapping[str, tuple[str, ...]]
    codes: np.ndarray
    keys: np.ndarray

    @classmethod
    def of(
        cls, levels: Mapping[str, Sequence[str]], codes: np.ndarray, keys: np.ndarray
    ) -> Clusters:
        """From pairs of which some may occur twice, levels in any order."""
        ordered = {name: tuple(sorted(found)) for name, found in levels.items()}
        recoded = np.empty_like(codes)
        for column, (name, found) in enumerate(levels.items()):
            places = np.array([ordered[name].index(level) for level in found], dtype=np.int64)
            recoded[:, column] = places[codes[:, column]] if len(codes) else 0
        return cls(ordered, *reduced(recoded, keys))

    def merged(self, other: Clusters) -> Clusters:
        """The clusters of both parts of the data together."""
        union = {
            name: tuple(dict.fromkeys((*levels, *other.levels[name])))
            for name, levels in self.levels.items()
        }
        codes = np.concatenate([_recoded(part, union) for part in (self, other)])
        return Clusters.of(union, codes, np.concatenate([self.keys, other.keys]))

    @property
    def exact(self) -> bool:
        """Whether numbers of clusters are counted; else some are estimated."""
        return self._largest_of_full_groups(np.ones(len(self.keys), dtype=bool)) is None

    def number(self, *slices: Slice) -> int:
        """Number of distinct clusters with rows in at least one of these slices of groups."""
        asked = frozenset(slices)
        if asked not in self._numbers:
            self._numbers[asked] = self._number(asked)
        return self._numbers[asked]

    @cached_property
    def _numbers(self) -> dict[frozenset[Slice], int]:
        """What was asked before: every metric of a group rests on the same clusters."""
        return {}

    def _number(self, slices: Iterable[Slice]) -> int:
        chosen = np.zeros(len(self.keys), dtype=bool)
        for where in slices:
            inside = np.ones(len(self.keys), dtype=bool)
            for attribute, level in where.conditions:
                inside &= self._has(attribute, level)
            chosen |= inside
        return self._distinct(chosen)

    def _has(self, attribute: str, level: str) -> np.ndarray:
        column, known = list(self.levels).index(attribute), self.levels[attribute]
        place = known.index(level) if level in known else -1
        return np.asarray(self.codes[:, column] == place)

    def _distinct(self, chosen: np.ndarray) -> int:
        kept = np.unique(self.keys[chosen])
        full = self._largest_of_full_groups(chosen)
        if full is None:
            return len(kept)
        # Below this hash every cluster of the slice was kept: so dense are they everywhere.
        seen = int((kept <= full).sum())
        return round((seen - 1) * _SPACE / float(full))

    def _largest_of_full_groups(self, chosen: np.ndarray) -> np.uint64 | None:
        """The smallest of the largest hashes kept in groups that are full; None if none is."""
        starts = _group_starts(self.codes)
        sizes = np.diff(np.append(starts, len(self.keys)))
        full = starts[(sizes >= MOST_KEPT) & chosen[starts]] if len(starts) else starts
        return min((self.keys[start + MOST_KEPT - 1] for start in full), default=None)


def _recoded(part: Clusters, union: Mapping[str, tuple[str, ...]]) -> np.ndarray:
    codes = part.codes.copy()
    for column, (name, levels) in enumerate(part.levels.items()):
        places = np.array([union[name].index(level) for level in levels], dtype=np.int64)
        codes[:, column] = places[part.codes[:, column]] if len(codes) else 0
    return codes


def reduced(codes: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs sorted by group and hash, each once, at most `MOST_KEPT` of a group."""
    order = np.lexsort([keys, *codes.T[::-1]])
    codes, keys = codes[order], keys[order]
    again = np.zeros(len(keys), dtype=bool)
    again[1:] = (keys[1:] == keys[:-1]) & (codes[1:] == codes[:-1]).all(axis=1)
    codes, keys = codes[~again], keys[~again]
    starts = _group_starts(codes)
    sizes = np.diff(np.append(starts, len(keys)))
    rank = np.arange(len(keys)) - np.repeat(starts, sizes)
    return codes[rank < MOST_KEPT], keys[rank < MOST_KEPT]


def _group_starts(codes: np.ndarray) -> np.ndarray:
    """Where each run of equal rows begins."""
    if not len(codes):
        return np.zeros(0, dtype=np.int64)
    changes = (codes[1:] != codes[:-1]).any(axis=1)
    return np.flatnonzero(np.concatenate([[True], changes]))


class ClusterTally:
    """Collects the pairs of a pass; its size depends on groups and clusters, not on rows.

    Args:
        attributes: number of group attributes.
    """

    def __init__(self, attributes: int) -> None:
        self._codes = np.zeros((0, attributes), dtype=np.int64)
        self._keys = np.zeros(0, dtype=np.uint64)
        self._pending: list[tuple[np.ndarray, np.ndarray]] = []
        self._waiting = 0

    def add(self, keys: np.ndarray, codes: Sequence[np.ndarray]) -> None:
        """Note n units.

        Args:
            keys: hashes of their clusters, uint64 of shape (n,).
            codes: for each attribute, codes of shape (n,).
        """
        joint = np.stack(codes, axis=1) if codes else np.zeros((len(keys), 0), np.int64)
        self._pending.append((joint, keys))
        self._waiting += len(keys)
        if self._waiting > max(_FIRST_COMPACTION, len(self._keys)):
            self._compact()

    def _compact(self) -> None:
        codes, keys = zip(*self._pending, strict=True) if self._pending else ((), ())
        self._codes, self._keys = reduced(
            np.concatenate([self._codes, *codes]), np.concatenate([self._keys, *keys])
        )
        self._pending, self._waiting = [], 0

    def clusters(self, levels: Mapping[str, Sequence[str]]) -> Clusters:
        """What was met; `levels` are the labels of the codes of each attribute."""
        self._compact()
        return Clusters.of(levels, self._codes, self._keys)
