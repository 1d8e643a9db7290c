"""Rates of clustered units, their ratio and their difference.

Units of one cluster are alike, and two groups may have members in the same clusters: then much of
what moves one rate moves the other too, and the ratio varies less than of two separate samples. The
state is by block (a set of whole clusters). From it come

1. the linearised variance of the rate, difference or logarithm of the ratio, block by block, so
   that what the two groups share is in it;
2. how alike units of a block must be for that much variance: one intra-block correlation, which
   also says how far estimated means make the variance come out too low, and how few degrees of
   freedom blocks of unequal size have (Satterthwaite);
3. counts of as many independent units, which go into the score interval in place of the counts,
   with Student's critical values: a rate of 0 of n keeps an honest interval.

Few blocks may hold nearly all hits. The variance then rests on these, so the degrees of freedom are
at most their effective number less one.

Sources: Rao and Scott, Biometrics 48 (1992) 577–585; Bell and McCaffrey, Survey Methodology 28
(2002) 169–181; Korn and Graubard, Survey Methodology 24 (1998) 193–201. The way through one
correlation is simulated in `benchmarks/coverage.py` and `benchmarks/group_gates.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import proportion, proportion_difference, proportion_ratio
from auditkit.statistics.weighting import Weights, kish_size, weighted_counts

__all__ = [
    "ClusteredRate",
    "clustered_difference",
    "clustered_proportion",
    "clustered_ratio",
]

Floats = NDArray[np.float64]

_ROUNDING = 1e-9
"""Sums of weights in another order differ in their last bits."""

_LEAST_OF_INDEPENDENT = 0.5
"""What two groups share lowers the variance of their comparison to this share of that of
independent units at most: blocks that agree by chance must not look certain. Student's critical
values account for the chance itself; with 1 the 95 % intervals covered 98 to 99 %."""


class ClusteredRate:
    """A share of hits, by block.

    Attributes:
        hits, units: float64 `[blocks]`, number or weight of the units with the outcome, and of all.
        hit_squares, squares: float64 `[blocks]`, the same of squared weights; as `hits` and `units`
            where every unit weighs 1.
        clusters: number of clusters among the units, where known.

    Raises:
        ValueError: more hits than units, sums that no weights have, or fewer than two blocks with
            units.

    Example:
        >>> rate = ClusteredRate([9, 1, 8, 2], [10, 10, 10, 10])
        >>> x, n = rate.effective
        >>> round(x / n, 3), n < 10
        (0.5, True)
    """

    def __init__(
        self,
        hits: ArrayLike,
        units: ArrayLike,
        clusters: int | None = None,
        *,
        hit_squares: ArrayLike | None = None,
        squares: ArrayLike | None = None,
    ) -> None:
        self.hits, self.units = _rows(hits, units, "successes must lie between 0 and n")
        self.clusters = clusters
        self.hit_squares, self.squares = self.hits, self.units
        if (hit_squares is None) != (squares is None):
            raise ValueError("squared weights are needed of the hits and of all units")
        if hit_squares is not None and squares is not None:
            self.hit_squares, self.squares = _rows(
                hit_squares, squares, "squared weights of the hits must lie between 0 and all"
            )
            if self.squares.shape != self.units.shape or not _fit(self.units, self.squares):
                raise ValueError("no weights have these sums and squares by block")
            # A block of hits alone has them twice, added up in another order.
            self.hit_squares = np.where(self.hits == self.units, self.squares, self.hit_squares)
        occupied = int((self.units > 0).sum())
        if occupied < 2:
            raise ValueError(f"a design effect needs two blocks with units, found {occupied}")

    @cached_property
    def total(self) -> float:
        """Number or weight of all units."""
        return float(self.units.sum())

    @cached_property
    def share(self) -> float:
        """The rate."""
        return float(self.hits.sum()) / self.total

    @property
    def unanimous(self) -> bool:
        """Whether all units agree, so that nothing shows how they depend on each other."""
        hits = self.hits.sum()
        return bool(hits == 0 or hits == self.units.sum())

    @cached_property
    def independent(self) -> tuple[float, float]:
        """Successes and trials, were the units independent but for their weights."""
        hits = Weights(float(self.hits.sum()), float(self.hit_squares.sum()))
        total = float((self.units - self.hits).sum())
        squares = float((self.squares - self.hit_squares).sum())
        # Beside far heavier hits the squares of misses are lost: then they count as one unit.
        return weighted_counts(hits, Weights(total, squares if squares > 0 else total**2))

    @property
    def effective(self) -> tuple[float, float]:
        """Successes and trials of as much information as the clustered units hold.

        Where all units agree they count once a cluster, or once a block if that number is unknown.
        """
        size, _ = self._size_and_df
        return self.share * size, size

    @property
    def df(self) -> float:
        """Degrees of freedom of the effective counts, at least 1."""
        return self._size_and_df[1]

    @cached_property
    def _size_and_df(self) -> tuple[float, float]:
        share, (_, trials) = self.share, self.independent
        if self.unanimous:
            blocks = _effective_blocks(self.units)
            alike = blocks if self.clusters is None else self.clusters
            return min(trials, alike), max(blocks - 1, 1.0)
        variance, df = _explained([_term(self, 1.0)])
        spread = share * (1 - share)
        # Chance alone can make blocks look more alike than they are.
        size = spread / max(variance, spread / trials)
        return size, max(min(df, _df_of_outcome(self)), 1.0)


def _rows(part: ArrayLike, whole: ArrayLike, what: str) -> tuple[Floats, Floats]:
    x, n = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    if x.ndim != 1 or x.shape != n.shape:
        raise ValueError(f"expected two rows of one length, found {x.shape} and {n.shape}")
    if not ((x >= 0) & (x <= n * (1 + _ROUNDING))).all() or not np.isfinite(n).all():
        raise ValueError(f"{what} in every block")
    return np.where(x >= n * (1 - _ROUNDING), n, x), n


def _fit(units: Floats, squares: Floats) -> bool:
    return bool(((units == 0) == (squares == 0)).all() and (squares <= units**2 * (1 + 1e-9)).all())


def clustered_proportion(rate: ClusteredRate) -> Estimate:
    """The estimate of a rate of clustered units (Wilson, effective counts, Student).

    Example:
        >>> estimate = clustered_proportion(ClusteredRate([9, 1, 8, 2], [10, 10, 10, 10]))
        >>> round(estimate.parameters["df"], 2)
        1.67
    """
    return proportion(*rate.effective, df=rate.df)


def clustered_ratio(one: ClusteredRate, reference: ClusteredRate) -> Estimate:
    """The ratio of the rates of two groups whose blocks are the same (Koopman).

    Both must name their blocks in one order; a group may have no units in some. Whether a cluster
    has members of one group or of both need not be said.

    Raises:
        ValueError: another number of blocks.

    Example:
        >>> women = ClusteredRate([3, 9, 2, 8, 5, 6], [10, 20, 10, 20, 10, 20])
        >>> men = ClusteredRate([5, 11, 3, 12, 6, 9], [10, 20, 10, 20, 10, 20])
        >>> estimate = clustered_ratio(women, men)
        >>> sorted(estimate.parameters)
        ['df', 'n1', 'n2', 'x1', 'x2']
    """
    slopes = [1 / _inner_share(one), -1 / _inner_share(reference)]
    return proportion_ratio(*_compared([one, reference], slopes))


def clustered_difference(one: ClusteredRate, reference: ClusteredRate) -> Estimate:
    """The difference of the rates of two groups (Newcombe); see `clustered_ratio`."""
    return proportion_difference(*_compared([one, reference], [1.0, -1.0]))


def _inner_share(rate: ClusteredRate) -> float:
    """The rate, moved from 0 and 1 by half an effective unit."""
    x, n = rate.effective
    return (x + 0.5) / (n + 1) if rate.unanimous else x / n


def _compared(
    rates: Sequence[ClusteredRate], slopes: Sequence[float]
) -> tuple[float, float, float, float, float]:
    """Effective successes and trials of both, and the degrees of freedom of their comparison.

    Args:
        rates: the two groups'.
        slopes: derivative of what is compared by each rate.
    """
    first, second = rates
    if first.units.shape != second.units.shape:
        raise ValueError(
            f"the groups have {first.units.size} and {second.units.size} blocks; they must share "
            "them"
        )
    sizes = [rate.effective[1] for rate in rates]
    spreads = [
        slope**2 * _inner_share(rate) * (1 - _inner_share(rate)) / size
        for rate, slope, size in zip(rates, slopes, sizes, strict=True)
    ]
    if first.unanimous or second.unanimous:
        growth, df = 1.0, _satterthwaite(spreads, [rate.df for rate in rates])
    else:
        growth, df = _shared(rates, slopes, spreads)
    counts = [growth * part for rate, size in zip(rates, sizes, strict=True)
              for part in (rate.share * size, size)]  # fmt: skip
    return counts[0], counts[1], counts[2], counts[3], df


def _shared(
    rates: Sequence[ClusteredRate], slopes: Sequence[float], spreads: Sequence[float]
) -> tuple[float, float]:
    """By how much the effective sizes grow because of what the groups share; and the df."""
    variance, df = _explained([_term(*one) for one in zip(rates, slopes, strict=True)])
    independent = sum(
        slope**2 * rate.share * (1 - rate.share) / rate.independent[1]
        for rate, slope in zip(rates, slopes, strict=True)
    )
    growth = sum(spreads) / max(variance, _LEAST_OF_INDEPENDENT * independent)
    of_outcome = _satterthwaite(spreads, [_df_of_outcome(rate) for rate in rates])
    return growth, max(min(df, of_outcome), 1.0)


def _satterthwaite(variances: Sequence[float], df: Sequence[float]) -> float:
    """Degrees of freedom of a sum of variances estimated each with its own."""
    parts = sum(variance**2 / own for variance, own in zip(variances, df, strict=True))
    return sum(variances) ** 2 / parts


def _df_of_outcome(rate: ClusteredRate) -> float:
    """One less than the effective number of blocks that hold the hits, or the misses; ≥ 1."""
    blocks = min(_effective_blocks(rate.hits), _effective_blocks(rate.units - rate.hits))
    return max(blocks - 1, 1.0)


def _effective_blocks(held: Floats) -> float:
    return kish_size(float(held.sum()), float((held**2).sum()))


@dataclass(frozen=True)
class _Term:
    """One rate in a linear combination; everything float64 `[blocks]`.

    Attributes:
        deviations: what each block adds to the combination.
        alone: variance of what it adds, if its units are independent.
        together: the same, if they all agree.
        weights: share of the rate's units that it holds.
    """

    deviations: Floats
    alone: Floats
    together: Floats
    weights: Floats

    def trace(self, variances: Floats) -> float:
        """The expected sum of squared deviations if blocks have these variances."""
        lost = variances * (1 - 2 * self.weights)
        return float(lost.sum() + (self.weights**2).sum() * variances.sum())

    def covariance(self, variances: Floats) -> Floats:
        """Of the deviations, `[blocks, blocks]`: each is from the mean of all."""
        crossed = np.outer(self.weights, variances)
        squared = np.outer(self.weights, self.weights) * variances.sum()
        result: Floats = np.diag(variances) - crossed - crossed.T + squared
        return result


def _term(rate: ClusteredRate, slope: float) -> _Term:
    share, (_, trials) = rate.share, rate.independent
    scale = (slope / rate.total) ** 2
    # The variance of independent units is spread over the blocks as their squared weights are.
    alone = slope**2 * share * (1 - share) / trials * rate.squares / rate.squares.sum()
    together = np.maximum(scale * share * (1 - share) * rate.units**2, alone)
    deviations = slope / rate.total * (rate.hits - share * rate.units)
    return _Term(deviations, alone, together, rate.units / rate.total)


def _explained(terms: Sequence[_Term]) -> tuple[float, float]:
    """The variance of a sum of terms, and the degrees of freedom of that variance.

    The correlation ρ within blocks is the one under which the sum of squared deviations is what was
    found. It gives each block's variance, hence how much of the true variance deviations from
    estimated means show, and how variable their sum of squares is.
    """
    found = float((np.sum([term.deviations for term in terms], axis=0) ** 2).sum())
    least = sum(term.trace(term.alone) for term in terms)
    most = sum(term.trace(term.together) for term in terms)
    alike = min(max((found - least) / (most - least), 0.0), 1.0) if most > least else 0.0
    variances = [term.alone + alike * (term.together - term.alone) for term in terms]
    covariance = np.sum(
        [term.covariance(own) for term, own in zip(terms, variances, strict=True)], axis=0
    )
    shown = float(np.trace(covariance))
    true = float(np.sum(variances))
    return found * true / shown, shown**2 / float((covariance**2).sum())
