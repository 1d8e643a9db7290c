"""From collected evidence to estimates: rates, means and what clusters do to them.

Where rows are the independent units, a rate is a binomial proportion and a mean has Student's
interval. Where a cluster is declared, the same numbers come by blocks of clusters: rates are scaled
to their effective size with what two groups share (`auditkit.statistics.clustered`), anything else
has the delete-one-block jackknife.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from auditkit.measurement import Estimate, Interval, Measurement, MeasurementKey, Status
from auditkit.statistics import estimates
from auditkit.statistics.clustered import (
    ClusteredRate,
    clustered_difference,
    clustered_proportion,
    clustered_ratio,
)
from auditkit.statistics.jackknife import delete_one_block, effective_counts, kish_size

MIN_CLUSTERS = 10
# Blocks of very unequal size are as good as fewer equal ones (Kish 1965); under this number methods
# without degrees of freedom are too sure. It is below MIN_CLUSTERS since ten clusters may share six
# blocks.
MIN_WEIGHT = 6
# Rates and their comparisons know their degrees of freedom, and cover with few (wide) too; but if
# nearly all units are in one block, nothing shows how clusters differ.
MIN_WEIGHT_OF_RATES = 2
# Numbers about groups of fewer people are not kept: they could tell about a person.
MIN_KEPT = 5


class NoEstimateError(Exception):
    """A number has no value on this evidence; the message says why, as a sentence.

    Attributes:
        status: `too_few` or `undefined`.
    """

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def undefined(reason: str) -> NoEstimateError:
    """An error to raise where a number is not defined."""
    return NoEstimateError(Status.UNDEFINED, reason)


def too_few(reason: str) -> NoEstimateError:
    """An error to raise where a number would rest on too little."""
    return NoEstimateError(Status.TOO_FEW, reason)


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


@dataclass(frozen=True)
class Rate:
    """A share of successes among trials, in all and by block.

    Attributes:
        successes, trials: float64 of shape (blocks,), or (1,) where units are independent.
        clustered: whether the blocks hold clusters.
        clusters: number of clusters among the trials, where known.
    """

    successes: np.ndarray
    trials: np.ndarray
    clustered: bool
    clusters: int | None = None

    @property
    def n(self) -> float:
        """Number of trials."""
        return float(self.trials.sum())

    @property
    def hits(self) -> float:
        """Number of successes."""
        return float(self.successes.sum())

    def effective(self) -> tuple[float, float]:
        """Successes and trials, scaled to independent units, for methods that know no blocks.

        Raises:
            ValueError: clusters are declared, and fewer than two blocks hold units.
        """
        if not self.clustered:
            return self.hits, self.n
        self._refuse_under(MIN_WEIGHT)
        return effective_counts(self.successes, self.trials, self.clusters)

    def by_blocks(self) -> ClusteredRate:
        """The rate of clustered units.

        Raises:
            ValueError: fewer than two blocks hold units.
        """
        self._refuse_under(MIN_WEIGHT_OF_RATES)
        return ClusteredRate(self.successes, self.trials, self.clusters)

    def _refuse_under(self, fewest: int) -> None:
        weight = kish_size(self.n, float((self.trials**2).sum()))
        if weight < fewest:
            raise too_few(
                f"A few clusters hold most of the units: they weigh as much as {weight:.1f} equal "
                f"parts, and an interval needs at least {fewest}."
            )


def rate_estimate(measured: Rate) -> Estimate:
    """Wilson's estimate of a rate with trials."""
    if measured.clustered:
        return clustered_proportion(measured.by_blocks())
    return estimates.proportion(measured.hits, measured.n)


def ratio_estimate(one: Rate, reference: Rate) -> Estimate:
    """Koopman's estimate of the ratio of two rates with trials, of the same blocks."""
    if one.clustered and reference.clustered:
        return clustered_ratio(one.by_blocks(), reference.by_blocks())
    return estimates.proportion_ratio(*one.effective(), *reference.effective())


def difference_estimate(one: Rate, reference: Rate) -> Estimate:
    """Newcombe's estimate of the difference of two rates with trials, of the same blocks."""
    if one.clustered and reference.clustered:
        return clustered_difference(one.by_blocks(), reference.by_blocks())
    return estimates.proportion_difference(*one.effective(), *reference.effective())


def by_blocks(statistic: Callable[[np.ndarray], float], blocks: np.ndarray) -> Estimate:
    """The jackknife estimate of a statistic of summed blocks.

    Args:
        statistic: from the sum over blocks, of shape (...), to a number.
        blocks: shape (blocks, ...); empty blocks are left out.

    Raises:
        ValueError: fewer than two blocks, or the statistic is not defined without one of them.
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
    except NoEstimateError as none:
        return absent(key, none.status, str(none), sample)
    except ValueError as refused:
        status = Status.TOO_FEW if sample.lack else Status.UNDEFINED
        return absent(key, status, sample.lack or _sentence(str(refused)), sample)


def measured(
    key: MeasurementKey, estimate: Estimate, sample: Sample, reason: str = ""
) -> Measurement:
    """A measurement with its 90 % interval, or `too_few` where clusters are too few.

    A deterministic number has no interval, and is known however few clusters there are.

    Raises:
        ValueError: the estimate has no value.
    """
    certain = estimate.method == "exact"
    lack = "" if certain else sample.lack
    interval = None if lack or certain else estimates.interval(estimate)
    # No variation seen is no certainty: nothing bounds the number, and nothing can be judged by it.
    boundless = interval is not None and math.isinf(interval.low) and math.isinf(interval.high)
    if boundless:
        lack = "All units agree, so that nothing shows how far others would differ."
    return Measurement(
        key=key,
        status=Status.TOO_FEW if lack and not boundless else Status.MEASURED,
        value=estimates.value(estimate),
        interval=None if boundless else interval,
        estimate=None if lack else estimate,
        units=sample.units,
        rows=sample.rows,
        share=sample.share,
        reason=f"{lack} {reason}".strip(),
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


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def drawn_ends(interval: Interval | None) -> dict[str, float | None]:
    """The ends of an interval for a figure; None where there is none, or it has no end."""
    ends = (None, None) if interval is None else (interval.low, interval.high)
    low, high = (end if end is not None and np.isfinite(end) else None for end in ends)
    return {"low": low, "high": high}


def both(one: Sample, other: Sample) -> Sample:
    """What a comparison of two splits rests on."""
    clusters = poorest = None
    if one.clusters is not None and other.clusters is not None:
        clusters, poorest = one.clusters + other.clusters, min(one.clusters, other.clusters)
    return Sample(
        one.rows + other.rows, clusters, sampled=one.sampled or other.sampled, poorest=poorest
    )
