"""What a pass collected: mergeable by addition, and looked up by need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auditkit.evidence.answers import Answers, NotAnswered
from auditkit.evidence.clusters import Clusters
from auditkit.evidence.costs.costs import Costs
from auditkit.evidence.fingerprint_needs import FingerprintNeed
from auditkit.evidence.fingerprints import Fingerprints
from auditkit.evidence.generation_needs import AskedNeed, GroundingNeed, HighlightNeed
from auditkit.evidence.needs import (
    BLOCK,
    ClassBinsNeed,
    CountNeed,
    ReviewNeed,
    RowNeed,
    SliceNeed,
    SumNeed,
    serves,
)
from auditkit.evidence.review import Review
from auditkit.evidence.row_log import RowLog
from auditkit.evidence.sample import Sampled
from auditkit.evidence.sample_needs import AnswerNeed, AttributionNeed, CostNeed, TrialNeed
from auditkit.evidence.slice_tables import SliceTables
from auditkit.evidence.trial import NotTried, Trial
from auditkit.generation.generations import Generations
from auditkit.generation.grounding.planting import Planted
from auditkit.generation.highlight import Highlight
from auditkit.measurement import Slice
from auditkit.statistics.class_bins import ClassBins
from auditkit.statistics.sparse_counts import AnyCounts
from auditkit.statistics.sparse_moments import AnyMoments

if TYPE_CHECKING:
    from auditkit.evidence.asked import NotAsked, Said
    from auditkit.explain.explanation import Explanation
    from auditkit.explain.target import NotExplainable


@dataclass(frozen=True)
class SplitEvidence:
    """What one pass over one split (or a worker's part of it) collected.

    Attributes:
        rows: number of units read.
        counts, sums: by need, as planned, of the labelled rows alone where it rests on labels; the
            levels of open axes in alphabetical order.
        levels: declared group attribute → the levels met, in alphabetical order.
        clusters: distinct clusters by group; None where no cluster is declared.
        sample: units drawn for what is too dear for all; None where none were asked for, met, or
            could be drawn.
        undrawn: why none could be drawn; "" if they could.
        attributions: by need, or the reason why there are none.
        sampled: whether only the first rows were read (`--limit`).
        row_logs: rows kept one by one, by need.
        slices: errors by combinations of features, by need.
        answers: what the model answered for the sample when it was asked again, by need, or the
            reason why there is nothing.
        unlabelled: number of units without a label.
        class_bins: the calibration of every class, by need, of the labelled rows.
        review: the labelled units that the model contradicts most, by need.
        costs: what calls of the model take, by need; {} in processes that do not judge.
        fingerprints: units by what they hold, by need.
        generations: the answers to all prompts; None where none were asked for.
        highlights: what some answers rest on, by need, or the reason why there are none.
        planted: claims of which it is known whether the context supports them, by need, or the
            reason why there are none.
    """

    rows: int
    counts: Mapping[CountNeed, AnyCounts]
    sums: Mapping[SumNeed, AnyMoments]
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    clusters: Clusters | None = None
    sample: Sampled | None = None
    attributions: Mapping[AttributionNeed, Explanation | NotExplainable] = field(
        default_factory=dict
    )
    sampled: bool = False
    row_logs: Mapping[RowNeed, RowLog] = field(default_factory=dict)
    slices: Mapping[SliceNeed, SliceTables] = field(default_factory=dict)
    unlabelled: int = 0
    answers: Mapping[AnswerNeed, Answers | NotAnswered] = field(default_factory=dict)
    class_bins: Mapping[ClassBinsNeed, ClassBins] = field(default_factory=dict)
    review: Mapping[ReviewNeed, Review] = field(default_factory=dict)
    undrawn: str = ""
    costs: Mapping[CostNeed, Costs] = field(default_factory=dict)
    fingerprints: Mapping[FingerprintNeed, Fingerprints] = field(default_factory=dict)
    generations: Generations | None = None
    highlights: Mapping[HighlightNeed, tuple[Highlight, ...] | str] = field(default_factory=dict)
    planted: Mapping[GroundingNeed, Planted | str] = field(default_factory=dict)

    @property
    def labelled(self) -> int:
        """Number of units with a label."""
        return self.rows - self.unlabelled

    def count(self, need: CountNeed, *, keep_blocks: bool = False) -> AnyCounts:
        """The counts of a need, by marginalising what was collected.

        Args:
            need: view and axes; the result has these axes, in this order. It is sparse above about
                a million cells; its `values` are a full table in both forms.
            keep_blocks: keep the axis `block` (last) where it was collected.

        Raises:
            KeyError: the need was not in the plan.
        """
        for collected, counts in self.counts.items():
            if serves(collected, need, apart=self.unlabelled > 0):
                return counts.marginal(*_kept(collected, need, keep_blocks=keep_blocks))
        raise KeyError(need)

    def sum(self, need: SumNeed, *, keep_blocks: bool = False) -> AnyMoments:
        """The moments of a need; as `count`.

        Raises:
            KeyError: the need was not in the plan.
        """
        for collected, moments in self.sums.items():
            if serves(collected, need, apart=self.unlabelled > 0):
                return moments.marginal(*_kept(collected, need, keep_blocks=keep_blocks))
        raise KeyError(need)

    def row_log(self, need: RowNeed) -> RowLog:
        """The rows kept for a need.

        Raises:
            KeyError: the need was not in the plan.
        """
        return self.row_logs[need]

    def clusters_in(self, *slices: Slice) -> int | None:
        """Number of distinct clusters with rows in at least one of these slices of groups.

        None where no cluster is declared; `Slice()` is all rows.
        """
        return None if self.clusters is None else self.clusters.number(*slices)


def _kept(
    collected: CountNeed | SumNeed, need: CountNeed | SumNeed, *, keep_blocks: bool
) -> list[str]:
    """The names of the axes to keep, in order."""
    axes = [axis for axis in need.axes if not (keep_blocks and axis == BLOCK)]
    blocks = [BLOCK] if keep_blocks and BLOCK in collected.axes else []
    return [str(axis) for axis in (*axes, *blocks)]


@dataclass(frozen=True)
class Evidence:
    """What all passes collected.

    Attributes:
        splits: by split.
        trials: what learners answered, by need, or the reason why one was not taught.
        asked: what a generative model says of given texts, by need, or the reason why nothing.
    """

    splits: Mapping[str, SplitEvidence]
    trials: Mapping[TrialNeed, Trial | NotTried] = field(default_factory=dict)
    asked: Mapping[AskedNeed, Said | NotAsked] = field(default_factory=dict)

    def __getitem__(self, split: str) -> SplitEvidence:
        return self.splits[split]
