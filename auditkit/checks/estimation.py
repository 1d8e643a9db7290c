"""From collected evidence to estimates: rates, means and what clusters do to them.

Where rows are the independent units, a rate is a binomial proportion and a mean has Student's
interval. Where a cluster is declared, the same numbers come by blocks of clusters: rates are scaled
to their effective size by the design effect (Rao and Scott 1992), anything else has the
delete-one-block jackknife.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from auditkit.evidence.collected import SplitEvidence
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Slice, Status
from auditkit.statistics import estimates
from auditkit.statistics.jackknife import delete_one_block, effective_counts

MIN_CLUSTERS = 10
# Numbers of groups under five are not kept: they could tell about a person.
MIN_KEPT = 5


class UndefinedError(Exception):
    """A number has no value on this evidence; the message says why, as a sentence."""


@dataclass(frozen=True)
class Sample:
    """What a measurement rests on.

    Attributes:
        rows: number of rows.
        clusters: number of distinct clusters; None where no cluster is declared.
        share: share of the split's rows; None where it is no slice.
        sampled: whether only part of the split was read.
    """

    rows: int
    clusters: int | None = None
    share: float | None = None
    sampled: bool = False

    @property
    def units(self) -> int:
        """Number of independent units."""
        return self.rows if self.clusters is None else self.clusters


@dataclass(frozen=True)
class Rate:
    """A share of successes among trials, in all and by block.

    Attributes:
        successes, trials: float64 of shape (blocks,), or (1,) where units are independent.
        clustered: whether the blocks hold clusters.
    """

    successes: np.ndarray
    trials: np.ndarray
    clustered: bool

    @property
    def n(self) -> float:
        """Number of trials."""
        return float(self.trials.sum())

    @property
    def value(self) -> float:
        """The share; NaN without trials."""
        return float(self.successes.sum() / self.n) if self.n else float("nan")

    def effective(self) -> tuple[float, float]:
        """Successes and trials, scaled to independent units."""
        if not self.clustered or not self.n:
            return float(self.successes.sum()), self.n
        return effective_counts(self.successes, self.trials)


def rate(successes: np.ndarray, trials: np.ndarray, *, clustered: bool) -> Rate:
    """A rate from counts by block (or one count, where units are independent)."""
    return Rate(
        np.atleast_1d(np.asarray(successes, dtype=np.float64)),
        np.atleast_1d(np.asarray(trials, dtype=np.float64)),
        clustered,
    )


def rate_estimate(measured: Rate) -> Estimate:
    """Wilson's estimate of a rate with trials."""
    return estimates.proportion(*measured.effective())


def ratio_estimate(one: Rate, reference: Rate) -> Estimate:
    """Koopman's estimate of the ratio of two rates with trials."""
    return estimates.proportion_ratio(*one.effective(), *reference.effective())


def difference_estimate(one: Rate, reference: Rate) -> Estimate:
    """Newcombe's estimate of the difference of two rates with trials."""
    return estimates.proportion_difference(*one.effective(), *reference.effective())


def by_blocks(statistic: Callable[[np.ndarray], float], blocks: np.ndarray) -> Estimate:
    """The jackknife estimate of a statistic of summed blocks.

    Args:
        statistic: from the sum over blocks, of shape (...), to a number.
        blocks: shape (blocks, ...); empty blocks are left out.
    """
    return delete_one_block(blocks, statistic)


def estimated(
    key: MeasurementKey, estimate: Callable[[], Estimate], sample: Sample, reason: str = ""
) -> Measurement:
    """A measurement of what `estimate` returns, or the reason why it has no value.

    What the statistics refuse (an empty class, one block) is undefined here, never a number.
    """
    try:
        return measured(key, estimate(), sample, reason)
    except (UndefinedError, ValueError) as undefined:
        few = sample.clusters is not None and sample.clusters < MIN_CLUSTERS
        text = str(undefined)
        text = text[:1].upper() + text[1:].rstrip(".") + "."
        return absent(key, Status.TOO_FEW if few else Status.UNDEFINED, text, sample)


def measured(
    key: MeasurementKey, estimate: Estimate, sample: Sample, reason: str = ""
) -> Measurement:
    """A measurement with its 90 % interval, or `too_few` where clusters are too few."""
    few = sample.clusters is not None and sample.clusters < MIN_CLUSTERS
    if few:
        reason = (
            f"Only {sample.clusters} clusters; an interval needs at least {MIN_CLUSTERS} "
            f"independent units. {reason}".strip()
        )
    return Measurement(
        key=key,
        status=Status.TOO_FEW if few else Status.MEASURED,
        value=estimates.value(estimate),
        interval=None if few else estimates.interval(estimate),
        estimate=None if few else estimate,
        units=sample.units,
        rows=sample.rows,
        share=sample.share,
        reason=reason,
        sampled=sample.sampled,
    )


def absent(key: MeasurementKey, status: Status, reason: str, sample: Sample) -> Measurement:
    """A measurement without a value, and why."""
    return Measurement(
        key=key,
        status=status,
        units=sample.units,
        rows=sample.rows,
        share=sample.share,
        reason=reason,
        sampled=sample.sampled,
    )


def whole(evidence: SplitEvidence) -> Sample:
    """What a measurement of a whole split rests on."""
    return Sample(evidence.rows, evidence.clusters_in(Slice()), sampled=evidence.sampled)


def both(one: Sample, other: Sample) -> Sample:
    """What a comparison of two splits rests on."""
    clusters = None
    if one.clusters is not None and other.clusters is not None:
        clusters = min(one.clusters, other.clusters)
    return Sample(one.rows + other.rows, clusters, sampled=one.sampled or other.sampled)
