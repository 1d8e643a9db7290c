"""Risk and coverage: how often the answers are wrong if the least confident units are not answered.

Units of one score are answered together or not at all, so that the order of the rows says nothing.
The area under the curve (AURC) is the mean, over units drawn at random, of the error among all
units at least as confident. Its plug-in weighs the unit of rank j by H(n) − H(j−1), which is the
mean of −ln of the share of units that are at least as confident: it is off by O(1/n).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import estimate
from auditkit.statistics.rates import Rate, rate_estimate
from auditkit.statistics.weighting import kish_size_of

__all__ = [
    "RiskCoverage",
    "aurc",
    "error_of",
    "excess_aurc",
    "refuse_unanimous",
    "risk_at",
    "risk_coverage",
]

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """Units by level of the score, the most confident first.

    Attributes:
        scores: the distinct scores, descending, float64 of shape (levels,).
        units: how many units have each, int64 of shape (levels,).
        wrong: how many of these are wrong, int64 of shape (levels,).
        places: the level of each unit, int64 of shape (n,).
        errs: whether each unit is wrong, bool of shape (n,).
    """

    scores: Floats
    units: Counts
    wrong: Counts
    places: Counts
    errs: NDArray[np.bool_]

    @cached_property
    def answered(self) -> Counts:
        """How many units score at least as high as each level."""
        return np.cumsum(self.units)

    @property
    def n(self) -> int:
        """Number of units."""
        return len(self.places)

    @property
    def error(self) -> float:
        """The share of all units that are wrong."""
        return float(self.wrong.sum()) / self.n

    @property
    def coverage(self) -> Floats:
        """The share of units that are answered down to each level."""
        return np.asarray(self.answered / self.n)

    @cached_property
    def risk(self) -> Floats:
        """The share of wrong ones among these."""
        return np.asarray(np.cumsum(self.wrong) / self.answered)

    @cached_property
    def aurc(self) -> float:
        """The area under the curve: the mean of the risk at each unit's level."""
        return float(self.units @ self.risk) / self.n

    @property
    def best(self) -> float:
        """The area that the best possible order would have: all wrong ones last, without ties."""
        wrong = int(self.wrong.sum())
        ranks = np.arange(1, wrong + 1)
        return float((ranks / (self.n - wrong + ranks)).sum()) / self.n

    @property
    def excess(self) -> float:
        """How far the area lies above the best possible: what better scores could mend."""
        return self.aurc - self.best

    @cached_property
    def influence(self) -> Floats:
        """What each unit adds to the area, float64 of shape (n,): sums to zero.

        A unit moves the mean by the risk at its own level, and the risk of every level down from
        there by being wrong or right.
        """
        share = self.units / self.answered
        of_wrong = np.cumsum(share[::-1])[::-1]
        of_all = np.cumsum((share * self.risk)[::-1])[::-1]
        moved = self.errs * of_wrong[self.places] - of_all[self.places]
        return np.asarray(self.risk[self.places] - self.aurc + moved)

    @property
    def excess_influence(self) -> Floats:
        """What each unit adds to the excess; see `influence`."""
        # The best area tends to e + (1 − e) ln(1 − e), whose slope is −ln(1 − e).
        slope = -math.log1p(-self.error)
        return np.asarray(self.influence - slope * (self.errs - self.error))


def risk_coverage(scores: ArrayLike, wrong: ArrayLike) -> RiskCoverage:
    """The curve of scores, higher meaning more confident.

    Args:
        scores: `[n]`, finite or infinite, no NaN.
        wrong: `[n]`, whether each unit is wrong.

    Raises:
        ValueError: no units, another number of outcomes than of scores, or a score that is NaN.

    Source: El-Yaniv and Wiener, JMLR 11 (2010) 1605–1641; the area Geifman, Uziel and El-Yaniv,
    ICLR 2019; its population form Zhou et al., arXiv 2410.15361 (2024).

    Example:
        >>> curve = risk_coverage([0.9, 0.8, 0.8, 0.6], [False, False, True, True])
        >>> curve.coverage.tolist(), curve.risk.round(3).tolist(), round(curve.aurc, 3)
        ([0.25, 0.75, 1.0], [0.0, 0.333, 0.5], 0.292)
    """
    values, errs = np.asarray(scores, dtype=np.float64), np.asarray(wrong).astype(bool)
    if values.ndim != 1 or values.shape != errs.shape or not values.size:
        raise ValueError(f"expected one outcome a score, found {errs.shape} and {values.shape}")
    if np.isnan(values).any():
        raise ValueError(f"{int(np.isnan(values).sum())} scores are not numbers")
    ascending, places = np.unique(values, return_inverse=True)
    places = len(ascending) - 1 - places
    return RiskCoverage(
        ascending[::-1],
        np.bincount(places),
        np.bincount(places[errs], minlength=len(ascending)),
        places,
        errs,
    )


def aurc(curve: RiskCoverage, blocks: Counts | None = None) -> Estimate:
    """The area under the risk–coverage curve.

    The error is that of the influence of each unit, summed by block where units come in clusters
    (what deleting one block at a time tends to); the bounds lie on the scale of the logarithm,
    since areas of few errors are skewed.

    Args:
        curve: of at least one wrong and one right unit.
        blocks: of each unit, by a hash of its cluster; None where units are independent.

    Raises:
        ValueError: all units are right, or all wrong; or fewer than two blocks hold units.

    Example:
        >>> curve = risk_coverage([4, 3, 2, 1], [False, True, False, True])
        >>> round(aurc(curve).parameters["value"], 3)
        0.333
    """
    refuse_unanimous(curve)
    error, df = error_of(curve, curve.influence, blocks)
    return estimate("log_student", value=curve.aurc, se_log=error / curve.aurc, df=df)


def excess_aurc(curve: RiskCoverage, blocks: Counts | None = None) -> Estimate:
    """The area less that of the best possible order of the same units; as `aurc`.

    An excess of zero has no bounds: nothing shows how far another sample would be from the best.

    Example:
        >>> curve = risk_coverage([4, 3, 2, 1], [False, True, False, True])
        >>> round(excess_aurc(curve).parameters["value"], 3)
        0.125
    """
    refuse_unanimous(curve)
    error, df = error_of(curve, curve.excess_influence, blocks)
    if curve.excess <= 0:
        return estimate("student", value=0.0, se=0.0, df=df)
    return estimate("log_student", value=curve.excess, se_log=error / curve.excess, df=df)


def refuse_unanimous(curve: RiskCoverage) -> None:
    """Raise a ValueError where all units are right, or all wrong."""
    if not 0 < curve.error < 1:
        raise ValueError("all units are right, or all wrong: there is no order to judge")


def error_of(curve: RiskCoverage, influence: Floats, blocks: Counts | None) -> tuple[float, float]:
    """The standard error of a mean of influences, and its degrees of freedom."""
    n = curve.n
    if blocks is None:
        if n < 2:
            raise ValueError(f"an interval needs two units, found {n}")
        # An area of few errors, or of few right ones, rests on these.
        fewest = min(int(curve.errs.sum()), int((~curve.errs).sum()))
        return math.sqrt(float((influence**2).sum()) / (n - 1) / n), max(fewest - 1.0, 1.0)
    _, own = np.unique(blocks, return_inverse=True)
    sums, sizes = np.bincount(own, influence) / n, np.bincount(own)
    count = len(sums)
    if count < 2:
        raise ValueError(f"an interval needs two blocks with units, found {count}")
    variance = count / (count - 1) * float((sums**2).sum())
    # A few blocks may hold most units, or most errors, and the error then rests on these.
    held = [kish_size_of(sizes), kish_size_of(np.bincount(own[curve.errs]))]
    return math.sqrt(variance), max(min(held) - 1, 1.0)


def risk_at(
    curve: RiskCoverage,
    levels: Sequence[int],
    blocks: Counts | None = None,
    clusters: NDArray[np.uint64] | None = None,
) -> list[Estimate]:
    """The error among the units down to some levels, each as a proportion of its own.

    Given a level, the units above it are a sample of all that would be answered there; the bands
    are pointwise.

    Args:
        curve: of the units.
        levels: places in `curve.scores`.
        blocks: of each unit, by a hash of its cluster; None where units are independent.
        clusters: of each unit, where there are blocks.

    Raises:
        NoEstimateError: a few blocks hold most of the units that are answered.
        ValueError: fewer than two blocks do.

    Example:
        >>> from auditkit.statistics import estimates
        >>> curve = risk_coverage([4, 3, 2, 1], [False, True, False, True])
        >>> [round(estimates.value(one), 2) for one in risk_at(curve, [0, 3])]
        [0.0, 0.5]
    """
    wrong = np.cumsum(curve.wrong)
    found = []
    for level in levels:
        if blocks is None:
            of_rows = Rate(wrong[[level]], curve.answered[[level]], clustered=False)
            found.append(rate_estimate(of_rows))
            continue
        inside = curve.places <= level
        number = None if clusters is None else len(np.unique(clusters[inside]))
        size = int(blocks.max()) + 1
        errors = np.bincount(blocks[inside & curve.errs], minlength=size)
        trials = np.bincount(blocks[inside], minlength=size)
        found.append(rate_estimate(Rate(errors, trials, clustered=True, clusters=number)))
    return found
