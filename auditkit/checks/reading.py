"""Collected states as arrays with the blocks in front, whichever way they were collected."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np

from auditkit.checks.estimation import Sample
from auditkit.checks.labelled_clusters import clusters_with_rows, labelled_blocks
from auditkit.evidence.collected import Evidence, SplitEvidence
from auditkit.evidence.needs import BLOCK, WEIGHT, Column, CountNeed, SumNeed, labelled
from auditkit.evidence.subject import Labels, Subject, ViewKey
from auditkit.measurement import Slice
from auditkit.statistics.rates import Rate
from auditkit.statistics.tally import Tally

Sums = tuple[np.ndarray, np.ndarray, np.ndarray]


class Reading:
    """What was collected of one split, as the formulas want it.

    Args:
        subject: what is audited.
        evidence: of all splits.
        split: which of them.

    Attributes:
        subject: what is audited.
        evidence: of the split.
        clustered: whether clusters, not rows, are the independent units.
    """

    def __init__(self, subject: Subject, evidence: Evidence, split: str) -> None:
        self.evidence: SplitEvidence = evidence[split]
        self.clustered = subject.clustered
        self.subject = subject
        self.split = split

    @property
    def sample(self) -> Sample:
        """What a measurement of the whole split rests on."""
        found = self.evidence
        return Sample(found.rows, found.clusters_in(Slice()), sampled=found.sampled)

    @cached_property
    def labelled_sample(self) -> Sample:
        """What a measurement of all labelled rows rests on.

        Where some rows have no label, its clusters are estimated: see `clusters_with_rows`.
        """
        whole, found = self.sample, self.evidence
        if not found.unlabelled or whole.clusters is None:
            return replace(whole, rows=found.labelled)
        held = labelled_blocks(found)
        # Where nothing that rests on labels was counted, there are at most so many.
        known = whole.clusters if held is None else clusters_with_rows(found, held)
        return replace(
            whole, rows=found.labelled, clusters=min(known or 0, whole.clusters, found.labelled)
        )

    def counts(self, need: CountNeed) -> np.ndarray:
        """Counts of shape (blocks, …), the other axes in the order of the need.

        There is one block where rows are the independent units and the need has no axis `block`.
        """
        keep = self.clustered or BLOCK in need.axes
        values = self.evidence.count(need, keep_blocks=keep).values
        return np.moveaxis(values, -1, 0) if keep else values[None]

    def sums(self, need: SumNeed) -> Sums:
        """Numbers, sums and sums of squares, each of shape (blocks, …)."""
        keep = self.clustered or BLOCK in need.axes
        moments = self.evidence.sum(need, keep_blocks=keep)
        numbers, totals, squares = (
            np.moveaxis(state, -1, 0) if keep else state[None] for state in moments.of(need.value)
        )
        return numbers, totals, squares

    def rate(self, successes: np.ndarray, trials: np.ndarray, clusters: int | None = None) -> Rate:
        """A rate from counts by block, of shape (blocks,).

        Args:
            clusters: number of clusters among the trials, where known.
        """
        return Rate(
            np.asarray(successes, dtype=np.float64),
            np.asarray(trials, dtype=np.float64),
            self.clustered,
            clusters,
        )

    def tally(self, need: CountNeed | SumNeed) -> Tally:
        """Units and what they weigh, of a need that `tally_need` made."""
        if isinstance(need, CountNeed):
            return Tally(self.counts(need))
        return Tally(*self.sums(need))


def beside_labels(subject: Subject, value: str) -> str:
    """A value to be set beside outcomes: summed over the rows that have one."""
    return value if subject.labels is Labels.ALL else labelled(value)


def tally_need(subject: Subject, view: ViewKey, axes: tuple[Column, ...]) -> CountNeed | SumNeed:
    """Units over axes: counted, or with the sums of their weights where these are declared."""
    if subject.columns.weight is None:
        return CountNeed(view, axes)
    return SumNeed(view, WEIGHT, axes)
