"""What a pass collected: mergeable by addition, and looked up by need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from auditkit.evidence.clusters import distinct
from auditkit.evidence.needs import BLOCK, AttributionNeed, CountNeed, SumNeed, contains
from auditkit.evidence.sample import Sampled
from auditkit.explain.integrated import Attributions, NotExplainable
from auditkit.measurement import Slice
from auditkit.statistics.counts import Counts
from auditkit.statistics.moments import Moments


@dataclass(frozen=True)
class SplitEvidence:
    """What one pass over one split (or a worker's part of it) collected.

    Attributes:
        rows: number of units read.
        counts, sums: by need, as planned.
        clusters: distinct (group codes …, cluster hash) pairs; None where no cluster is declared.
        cluster_levels: group attribute → its levels, in the order of the codes in `clusters`.
        sample: units drawn for attributions.
        attributions: by need, or the reason why there are none.
        sampled: whether only the first rows were read (`--limit`).
    """

    rows: int
    counts: Mapping[CountNeed, Counts]
    sums: Mapping[SumNeed, Moments]
    clusters: np.ndarray | None = None
    cluster_levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sample: Sampled | None = None
    attributions: Mapping[AttributionNeed, Attributions | NotExplainable] = field(
        default_factory=dict
    )
    sampled: bool = False

    def count(self, need: CountNeed, *, keep_blocks: bool = False) -> Counts:
        """The counts of a need, by marginalising what was collected.

        Args:
            need: view and axes; the result has these axes, in this order.
            keep_blocks: keep the axis `block` (last) where it was collected.

        Raises:
            KeyError: the need was not in the plan.
        """
        axes = [str(column) for column in need.axes]
        for collected, counts in self.counts.items():
            if _serves(collected, need):
                blocks = [str(BLOCK)] if keep_blocks and BLOCK in collected.axes else []
                return counts.marginal(*[a for a in axes if a not in blocks], *blocks)
        raise KeyError(need)

    def sum(self, need: SumNeed, *, keep_blocks: bool = False) -> Moments:
        """The moments of a need; as `count`."""
        axes = [str(column) for column in need.axes]
        for collected, moments in self.sums.items():
            if _serves(collected, need):
                blocks = [str(BLOCK)] if keep_blocks and BLOCK in collected.axes else []
                return moments.marginal(*[a for a in axes if a not in blocks], *blocks)
        raise KeyError(need)

    def clusters_in(self, where: Slice) -> int | None:
        """Number of distinct clusters in a slice of groups; None where no cluster is declared."""
        if self.clusters is None:
            return None
        attributes = list(self.cluster_levels)
        wanted = {}
        for attribute, level in where.conditions:
            levels = self.cluster_levels[attribute]
            if level not in levels:
                return 0
            wanted[attributes.index(attribute)] = levels.index(level)
        return distinct(self.clusters, wanted)


def _serves(collected: CountNeed | SumNeed, need: CountNeed | SumNeed) -> bool:
    return collected == need or contains(collected, need)


@dataclass(frozen=True)
class Evidence:
    """What all passes collected, by split."""

    splits: Mapping[str, SplitEvidence]

    def __getitem__(self, split: str) -> SplitEvidence:
        return self.splits[split]
