"""How well a score tells familiar inputs from others: AUROC, and what slips through a threshold.

Both numbers are sums over pairs of an inside and an outside unit, so that each unit has an
influence on them. Their variance is that of the summed influences of independent units: a unit may
be a row, a cluster of rows, or an input together with its corrupted copy on the other side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.absence import too_few
from auditkit.statistics.auc import delong
from auditkit.statistics.estimates import estimate, proportion
from auditkit.statistics.fold_auc import fold_auc
from auditkit.statistics.weighting import kish_size

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

KEPT = 0.95
"""Share of the inside units that the threshold lets through."""

FEWEST_INSIDE = 100
"""Of 60 the tail holds three, and 90 % intervals of what they let through covered 83 to 86 %."""

_WINDOW = 1.645


@dataclass(frozen=True, eq=False)
class Sides:
    """Scores of units inside the model's kind and outside, higher for what looks familiar.

    Attributes:
        inside: float64 `[n]`.
        outside: float64 `[m]`.
        units: the independent unit of each inside and of each outside score; a unit may have
            several scores, on both sides too. None where each score is a unit of its own.

    Raises:
        ValueError: a score that is not finite, or units of another number.
    """

    inside: Floats
    outside: Floats
    units: tuple[Ids, Ids] | None = None

    def __post_init__(self) -> None:
        for name, scores in (("inside", self.inside), ("outside", self.outside)):
            if broken := int((~np.isfinite(scores)).sum()):
                raise ValueError(
                    f"{broken:,} of the {len(scores):,} scores of units {name} are not finite"
                )
        lengths = len(self.inside), len(self.outside)
        if self.units is not None and tuple(map(len, self.units)) != lengths:
            raise ValueError("there must be one unit for each score")

    @cached_property
    def sizes(self) -> tuple[float, float]:
        """The number of independent units on each side, as if all had as many scores (Kish)."""
        if self.units is None:
            return float(len(self.inside)), float(len(self.outside))
        inside, outside = map(_size, self.units)
        return inside, outside

    @property
    def df(self) -> dict[str, float]:
        """Degrees of freedom of a variance over units; {} where each score is one."""
        return {} if self.units is None else {"df": max(min(self.sizes) - 1, 1.0)}

    def variance(self, inside: Floats, outside: Floats) -> float:
        """The variance of a sum, from the influence of each score on it; each side adds up to 0."""
        if self.units is None:
            sums = np.concatenate([inside, outside])
        else:
            _, places = np.unique(np.concatenate(self.units), return_inverse=True)
            sums = np.bincount(places, np.concatenate([inside, outside]))
        fewer = min(self.sizes)
        return float((sums**2).sum()) * fewer / max(fewer - 1, 1.0)


def _size(ids: Ids) -> float:
    numbers = np.unique(ids, return_counts=True)[1].astype(np.float64)
    return kish_size(float(numbers.sum()), float((numbers**2).sum()))


def separation(sides: Sides) -> Estimate:
    """AUROC: the probability that an inside unit looks more familiar than an outside one.

    Ties count half. Over independent scores the error is DeLong's; over units with several scores
    the influences of each are added up.

    Raises:
        ValueError: fewer than two scores on a side.

    Sources: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837–845; Obuchowski, Biometrics
    53 (1997) 567–578, for units with several scores.

    Example:
        >>> found = separation(Sides(np.array([0.9, 0.8, 0.4]), np.array([0.5, 0.3, 0.2, 0.1])))
        >>> round(found.parameters["value"], 4)
        0.9167
    """
    if sides.units is None:
        return delong(sides.inside, sides.outside).estimate
    inside = np.arange(len(sides.inside) + len(sides.outside)) < len(sides.inside)
    scores = np.concatenate([sides.inside, sides.outside])
    found = fold_auc(scores, inside, np.zeros(len(scores), dtype=np.int64))
    error = math.sqrt(sides.variance(found.influence[inside], found.influence[~inside]))
    positives, negatives = sides.sizes
    value = min(max(found.value, 0.0), 1.0)
    return estimate(
        "delong", value=value, se=error, slack=0.0, positives=positives, negatives=negatives,
        **sides.df,
    )  # fmt: skip


def threshold(inside: Floats) -> float:
    """The score from which on a unit counts as familiar.

    The ⌊(n + 1) / 20⌋-th smallest of the inside scores: of new inside units at least 95 % are
    expected at or above it, whatever their law.

    Raises:
        NoEstimateError: fewer than 100 scores.
    """
    return float(np.sort(inside)[_place(len(inside)) - 1])


def _place(n: int) -> int:
    if n < FEWEST_INSIDE:
        raise too_few(
            f"A threshold that lets 95 % of the inside units through needs at least "
            f"{FEWEST_INSIDE} of them; there are {n}."
        )
    return math.floor((n + 1) * (1 - KEPT) + 1e-9)


def false_acceptance(sides: Sides) -> Estimate:
    """The share of outside units that a threshold lets through which keeps 95 % of the inside ones.

    The threshold is itself estimated, from few inside units in the tail. How much that moves the
    share is the slope of the curve there: how much more of the outside passes for each further
    share of the inside, as seen over the interval of the threshold. The interval is Wilson's of as
    many outside units as would give the whole variance.

    Raises:
        NoEstimateError: fewer than 100 inside scores.
        ValueError: no outside score.

    Sources: the variance of a point of the curve as Pepe, The Statistical Evaluation of Medical
    Tests (2003) 5.2.1, equation 5.4; effective counts as Rao and Scott, Biometrics 48 (1992)
    577–585. Coverage is simulated in `benchmarks/out_of_distribution.py`.

    Example:
        >>> scores = np.random.default_rng(0).normal(size=1000)
        >>> found = false_acceptance(Sides(scores[:500] + 3, scores[500:]))
        >>> round(found.parameters["successes"] / found.parameters["n"], 2)
        0.04
    """
    m = len(sides.outside)
    if not m:
        raise ValueError("there are no outside scores")
    limit = threshold(sides.inside)
    passed, kept = sides.outside >= limit, sides.inside >= limit
    share = float(passed.mean())
    of_kept, of_passed = (kept - kept.mean()) / len(kept), (passed - share) / m
    slope = _slope(sides, math.sqrt(sides.variance(of_kept, np.zeros(m))))
    variance = sides.variance(-slope * of_kept, of_passed)
    # A share of 0 or 1 varies too: with half a unit of the other kind.
    guess = (passed.sum() + 0.5) / (m + 1)
    others = sides.sizes[1]
    variance += max(guess * (1 - guess) - share * (1 - share), 0.0) / others
    n = min(guess * (1 - guess) / variance, others)
    return proportion(share * n, n, **sides.df)


def _slope(sides: Sides, error: float) -> float:
    """How much more of the outside passes for each further share of the inside, at the threshold.

    Over the order statistics between which the true threshold lies nine times in ten.

    Args:
        sides: the scores.
        error: standard error of the share of the inside that a fixed threshold keeps.
    """
    n = len(sides.inside)
    ordered, place = np.sort(sides.inside), _place(n)
    reach = math.ceil(_WINDOW * n * max(error, math.sqrt(KEPT * (1 - KEPT) / n)))
    low, high = max(place - reach, 1), min(place + reach, n)
    passed = [float((sides.outside >= ordered[one - 1]).mean()) for one in (low, high)]
    return (passed[0] - passed[1]) / ((high - low) / n)
