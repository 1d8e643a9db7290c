"""The two halves of a slice search: one is searched, the other says what is true of what was found.

Where a cluster is declared, no cluster is in both halves, and the held-out one comes in sets of
whole clusters, so that its intervals know how alike the rows of a cluster are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from auditkit.checks.estimation import (
    MIN_CLUSTERS,
    MIN_KEPT,
    Sample,
    too_few,
)
from auditkit.checks.means import gap_of_blocks, gap_of_rows, mean_of_blocks, mean_of_rows
from auditkit.evidence.needs import SliceNeed
from auditkit.evidence.slice_tables import SliceTables
from auditkit.measurement import Estimate, Slice
from auditkit.statistics.rates import Rate, difference_estimate, rate_estimate
from auditkit.statistics.slice_cells import Pattern, SliceCells
from auditkit.statistics.slice_tree import Region, sums_of


@dataclass(frozen=True)
class Halves:
    """Errors of one output in both halves.

    Attributes:
        need: what was counted.
        tables: what was collected for it.
        names: of the features, as reviewers know them.
        sampled: whether only part of the split was read.
    """

    need: SliceNeed
    tables: SliceTables
    names: tuple[str, ...]
    sampled: bool = False

    @property
    def decides(self) -> bool:
        """Whether errors are wrong decisions; else they are values whose mean is compared."""
        return not self.need.value

    @cached_property
    def searched(self) -> SliceCells:
        """The sums of the searched half."""
        return SliceCells(
            {places: self._three(table[:, 0]) for places, table in self.tables.tables.items()}
        )

    @staticmethod
    def _three(table: np.ndarray) -> np.ndarray:
        """Number, sum and sum of squares: the square of a wrong decision is itself."""
        whole = table if len(table) == 3 else np.concatenate([table, table[1:]])
        return whole.astype(np.float64)

    def held_out(self, region: Region) -> np.ndarray:
        """The sums of a part of the held-out half, float64 of shape (blocks, 3)."""
        places, table = next(
            (places, table)
            for places, table in self.tables.tables.items()
            if set(region) <= set(places)
        )
        return self._three(sums_of(table[:, 1:], places, region)).T

    def region(self, pattern: Pattern) -> Region:
        """A slice as the levels that it holds."""
        sizes = self.searched.sizes
        return {place: np.arange(sizes[place]) == level for place, level in pattern}

    def slice(self, pattern: Pattern) -> Slice:
        """A slice by the names of its features and levels."""
        levels = ((self.names[at], self.tables.axes[at].labels[level]) for at, level in pattern)
        return Slice.of(dict(levels))

    @cached_property
    def design_effect(self) -> float:
        """By how much clusters widen the variance of the mean error; 1 where rows are independent.

        From the held-out half, which is in blocks. It stands for all slices of the searched half.
        """
        blocks = self.held_out({})
        blocks = blocks[blocks[:, 0] > 0]
        n, total, squares = blocks.sum(axis=0)
        if not self.tables.clustered or len(blocks) < 2:
            return 1.0
        mean = total / n
        independent = (squares / n - mean**2) / n
        residuals = blocks[:, 1] - mean * blocks[:, 0]
        dependent = len(blocks) / (len(blocks) - 1) * (residuals**2).sum() / n**2
        return max(float(dependent / independent), 1.0) if independent > 0 else 1.0

    def sample(self, blocks: np.ndarray) -> Sample:
        """What a number about a part of the held-out half rests on."""
        rows = int(blocks[:, 0].sum())
        # How many clusters a slice has is not known; at least one in each block that has rows.
        clusters = int((blocks[:, 0] > 0).sum()) if self.tables.clustered else None
        share = rows / max(float(self.held_out({})[:, 0].sum()), 1.0)
        return Sample(rows, clusters, share, self.sampled)

    def error(self, region: Region) -> Estimate:
        """The error rate, or mean error, of a part of the held-out half.

        Raises:
            NoEstimateError: it would be about fewer than five people, or about too few clusters.
            ValueError: it is not defined.
        """
        part = self.held_out(region)
        self._refuse_few(part)
        if self.decides:
            return rate_estimate(self._rate(part))
        return mean_of_blocks(part) if self.tables.clustered else mean_of_rows(part)

    def difference(self, region: Region) -> Estimate:
        """The error of a part of the held-out half less that of all outside it.

        Raises:
            NoEstimateError, ValueError: as `error`, of the part or of what is outside.
        """
        part = self.held_out(region)
        rest = self.held_out({}) - part
        self._refuse_few(part)
        self._refuse_few(rest)
        if self.decides:
            return difference_estimate(self._rate(part), self._rate(rest))
        if self.tables.clustered:
            return gap_of_blocks(np.stack([part, rest], axis=1))
        return gap_of_rows(part, rest)

    def _rate(self, part: np.ndarray) -> Rate:
        return Rate(part[:, 1], part[:, 0], self.tables.clustered)

    def _refuse_few(self, part: np.ndarray) -> None:
        found = self.sample(part)
        if found.rows < MIN_KEPT or (found.clusters or MIN_KEPT) < MIN_KEPT:
            raise too_few(f"Numbers about fewer than {MIN_KEPT} people are not kept.")
        if found.clusters is not None and found.clusters < MIN_CLUSTERS:
            raise too_few(
                f"Its clusters lie in {found.clusters} of {len(part)} sets; an interval needs at "
                f"least {MIN_CLUSTERS}."
            )


def named_axes(names: Mapping[str, str]) -> tuple[str, ...]:
    """Names for axes (kind and name → name), no two alike.

    >>> named_axes({"group:age": "age", "feature:age": "age", "feature:pay": "pay"})
    ('age', 'age (feature)', 'pay')
    """
    taken: list[str] = []
    for axis, name in names.items():
        while name in taken:
            name = f"{name} ({axis.partition(':')[0]})"
        taken.append(name)
    return tuple(taken)
