"""What a number rests on: rows, clusters, and whether they are enough for an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditkit.statistics.absence import MIN_CLUSTERS


@dataclass(frozen=True)
class Sample:
    """What a measurement rests on.

    Attributes:
        rows: number of rows.
        clusters: number of distinct clusters; None where no cluster is declared.
        share: share of the split's rows; None where it is no slice.
        sampled: whether only part of the split was read.
        poorest: in a comparison, the clusters on the side that has fewer.
    """

    rows: int
    clusters: int | None = None
    share: float | None = None
    sampled: bool = False
    poorest: int | None = None

    @classmethod
    def kept(cls, rows: int, clusters: np.ndarray | None, *, sampled: bool) -> Sample:
        """What a number about rows that were kept one by one rests on.

        Args:
            rows: how many.
            clusters: the cluster of each; None where rows are independent.
            sampled: whether only part of the split was read.
        """
        distinct = None if clusters is None else len(np.unique(clusters))
        return cls(rows, distinct, sampled=sampled)

    @property
    def units(self) -> int:
        """Number of independent units."""
        return self.rows if self.clusters is None else self.clusters

    @property
    def lack(self) -> str:
        """Why no interval is honest on so few clusters; "" if there are enough."""
        fewest = self.clusters if self.poorest is None else self.poorest
        if fewest is None or fewest >= MIN_CLUSTERS:
            return ""
        side = "" if self.poorest is None else " on one side of the comparison"
        return (
            f"There {'is 1 cluster' if fewest == 1 else f'are {fewest} clusters'}{side}; an "
            f"interval needs at least {MIN_CLUSTERS} independent units."
        )
