"""Rates, their ratios and their differences, of rows, of weighted rows and of clusters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from auditkit.measurement import Estimate
from auditkit.statistics import estimates
from auditkit.statistics.absence import too_few
from auditkit.statistics.clustered import (
    ClusteredRate,
    clustered_difference,
    clustered_proportion,
    clustered_ratio,
)
from auditkit.statistics.jackknife import effective_counts
from auditkit.statistics.tally import Part, Tally
from auditkit.statistics.weighting import Weights, kish_size, weighted_counts, weighted_df

# Blocks of very unequal size are as good as fewer equal ones (Kish 1965); under this number methods
# without degrees of freedom are too sure. It is below the fewest clusters that an interval needs,
# since ten clusters may share six blocks.
MIN_WEIGHT = 6
# Rates and their comparisons know their degrees of freedom, and cover with few (wide) too; but if
# nearly all units are in one block, nothing shows how clusters differ.
MIN_WEIGHT_OF_RATES = 2


@dataclass(frozen=True)
class Rate:
    """A share of successes among trials, in all and by block.

    Attributes:
        successes, trials: what they weigh, of shape (blocks,), or (1,) where units are independent.
        clustered: whether the blocks hold clusters.
        clusters: number of clusters among the trials, where known.
        rows: number of rows, as `successes` and `trials`, if that is not what they weigh.
        squares: of rows of unequal weight, the squared weights of successes and of trials, as
            `successes` and `trials`.
    """

    successes: np.ndarray
    trials: np.ndarray
    clustered: bool
    clusters: int | None = None
    rows: Part | None = None
    squares: Part | None = None

    @classmethod
    def counted(
        cls, tally: Tally, of: Callable[[np.ndarray], Part], clustered: bool, clusters: int | None
    ) -> Rate:
        """The rate that `of` counts in the cells of a tally."""
        successes, trials = (np.asarray(part, np.float64) for part in of(tally.weights))
        if tally.squares is None:
            return cls(successes, trials, clustered, clusters)
        rows, squares = of(tally.rows), of(tally.squares)
        return cls(successes, trials, clustered, clusters, rows, squares)

    @property
    def n(self) -> int:
        """Number of trials, in rows."""
        return round(float((self.trials if self.rows is None else self.rows[1]).sum()))

    @property
    def hits(self) -> float:
        """What the successes weigh: their number, where each row is one unit."""
        return float(self.successes.sum())

    def effective(self) -> tuple[float, float]:
        """Successes and trials, scaled to independent units, for methods that know no blocks.

        Raises:
            NoEstimateError: a few clusters hold most of the units.
            ValueError: clusters are declared, and fewer than two blocks hold units.
        """
        if self.clustered:
            self._refuse_under(MIN_WEIGHT)
            return effective_counts(self.successes, self.trials, self.clusters)
        if self.squares is None:
            return self.hits, float(self.trials.sum())
        return weighted_counts(*self._weights())

    @property
    def df(self) -> float | None:
        """Degrees of freedom behind the effective counts of weighted rows; None of others."""
        return None if self.squares is None else weighted_df(*self._weights())

    def _weights(self) -> tuple[Weights, Weights]:
        """The weights of the successes and of the failures.

        Raises:
            NoEstimateError: a few rows hold most of the weight.
        """
        assert self.squares is not None
        assert self.rows is not None
        total = float(self.trials.sum())
        of_hits, of_all = (float(part.sum()) for part in self.squares)
        hit_rows, rows = (int(part.sum()) for part in self.rows)
        worth = Weights(total, of_all).size
        if worth < MIN_WEIGHT:
            raise too_few(
                f"A few rows hold most of the weight: they weigh as much as {worth:.1f} equal "
                f"rows, and an interval needs at least {MIN_WEIGHT}."
            )
        if hit_rows == rows:
            return Weights(self.hits, of_hits, rows), Weights(0.0, 0.0)
        misses = Weights(total - self.hits, of_all - of_hits, rows - hit_rows)
        return Weights(self.hits, of_hits, hit_rows), misses

    def by_blocks(self) -> ClusteredRate:
        """The rate of clustered units; errors as of `effective`."""
        self._refuse_under(MIN_WEIGHT_OF_RATES)
        of_hits, of_all = (None, None) if self.squares is None else self.squares
        return ClusteredRate(
            self.successes, self.trials, self.clusters, hit_squares=of_hits, squares=of_all
        )

    def _refuse_under(self, fewest: int) -> None:
        weight = kish_size(float(self.trials.sum()), float((self.trials**2).sum()))
        if weight < fewest:
            raise too_few(
                f"A few clusters hold most of the units: they weigh as much as {weight:.1f} equal "
                f"parts, and an interval needs at least {fewest}."
            )


def rate_estimate(measured: Rate) -> Estimate:
    """Wilson's estimate of a rate with trials."""
    if measured.clustered:
        return clustered_proportion(measured.by_blocks())
    return estimates.proportion(*measured.effective(), df=measured.df)


def ratio_estimate(one: Rate, reference: Rate) -> Estimate:
    """Koopman's estimate of the ratio of two rates with trials, of the same blocks."""
    if one.clustered and reference.clustered:
        return clustered_ratio(one.by_blocks(), reference.by_blocks())
    return estimates.proportion_ratio(
        *one.effective(), *reference.effective(), df=_poorer_df(one, reference)
    )


def difference_estimate(one: Rate, reference: Rate) -> Estimate:
    """Newcombe's estimate of the difference of two rates with trials, of the same blocks."""
    if one.clustered and reference.clustered:
        return clustered_difference(one.by_blocks(), reference.by_blocks())
    return estimates.proportion_difference(
        *one.effective(), *reference.effective(), df=_poorer_df(one, reference)
    )


def _poorer_df(one: Rate, reference: Rate) -> float | None:
    """The fewer degrees of freedom of two weighted rates; None where they are not weighted."""
    known = [rate.df for rate in (one, reference) if rate.df is not None]
    return min(known) if known else None
