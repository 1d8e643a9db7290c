"""Scores of two kinds of units that a score should tell apart, and which of them are dependent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from auditkit.statistics.weighting import kish_size_of

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sides:
    """Scores of units inside a kind and outside it, higher for what looks as if inside.

    Inside are familiar inputs, outside others; or inside right answers, outside wrong ones.

    Attributes:
        inside: float64 `[n]`.
        outside: float64 `[m]`.
        units: the independent unit of each inside and of each outside score; a unit may have
            several scores, on both sides too. None where each score is a unit of its own.

    Raises:
        ValueError: a score that is not finite, or units of another number.
    """

    inside: Floats
    outside: Floats
    units: tuple[Ids, Ids] | None = None

    def __post_init__(self) -> None:
        for name, scores in (("inside", self.inside), ("outside", self.outside)):
            if broken := int((~np.isfinite(scores)).sum()):
                raise ValueError(
                    f"{broken:,} of the {len(scores):,} scores of units {name} are not finite"
                )
        lengths = len(self.inside), len(self.outside)
        if self.units is not None and tuple(map(len, self.units)) != lengths:
            raise ValueError("there must be one unit for each score")

    @cached_property
    def sizes(self) -> tuple[float, float]:
        """The number of independent units on each side, as if all had as many scores (Kish)."""
        if self.units is None:
            return float(len(self.inside)), float(len(self.outside))
        numbers = (np.unique(ids, return_counts=True)[1] for ids in self.units)
        inside, outside = map(kish_size_of, numbers)
        return inside, outside

    @property
    def df(self) -> dict[str, float]:
        """Degrees of freedom of a variance over units; {} where each score is one."""
        return {} if self.units is None else {"df": max(min(self.sizes) - 1, 1.0)}

    def variance(self, inside: Floats, outside: Floats) -> float:
        """The variance of a sum, from the influence of each score on it; each side adds up to 0."""
        if self.units is None:
            sums = np.concatenate([inside, outside])
        else:
            _, places = np.unique(np.concatenate(self.units), return_inverse=True)
            sums = np.bincount(places, np.concatenate([inside, outside]))
        fewer = min(self.sizes)
        return float((sums**2).sum()) * fewer / max(fewer - 1, 1.0)

    @cached_property
    def worth(self) -> tuple[float, float]:
        """As many independent scores each side's are worth: their number over a design effect.

        The design effect is that of the mean rank among the scores of the side. It rests on all
        of them, and not on the few that lie among those of the other side, which a handful of
        units may hold. At most one for each score, and at least one for each unit (Kish).
        """
        if self.units is None:
            return self.sizes
        inside, outside = (
            _worth(scores, ids, size)
            for scores, ids, size in zip(
                (self.inside, self.outside), self.units, self.sizes, strict=True
            )
        )
        return inside, outside


def _worth(scores: Floats, ids: Ids, size: float) -> float:
    _, places, shared = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(shared) - shared / 2)[places] - len(scores) / 2
    squares = float((ranks**2).sum())
    if not squares:
        return size  # all scores are alike, and nothing shows how far units differ
    _, units = np.unique(ids, return_inverse=True)
    summed = float((np.bincount(units, ranks) ** 2).sum()) * size / max(size - 1, 1.0)
    return min(max(len(scores) * squares / summed, size), float(len(scores))) if summed else size
