"""How well a score tells familiar inputs from others: AUROC, and what slips through a threshold.

Both numbers are sums over pairs of an inside and an outside unit, so that each unit has an
influence on them. Their variance is that of the summed influences of independent units: a unit may
be a row, a cluster of rows, or an input together with its corrupted copy on the other side.
"""

from __future__ import annotations

import math

import numpy as np

from auditkit.measurement import Estimate
from auditkit.statistics.absence import too_few
from auditkit.statistics.cautious_auc import cautious_auc
from auditkit.statistics.estimates import estimate, proportion
from auditkit.statistics.sides import Floats, Sides

__all__ = ["KEPT", "Sides", "false_acceptance", "separation", "threshold"]

KEPT = 0.95
"""Share of the inside units that the threshold lets through."""

FEWEST = 10
"""On each side, for an area under the curve."""

FEWEST_INSIDE = 100
"""Of 60 the tail holds three, and 90 % intervals of what they let through covered 83 to 86 %."""

FEWEST_WORTH = 40
"""Independent scores that the inside ones must be worth: of fewer, the true threshold often lies
below them all. With clusters 20 alike the upper bound was too low in 13 to 22 % of simulations."""

_WINDOW = 1.645

_WIDE_WINDOW = 1.96
"""Where scores are tied the ends of the window stand for all that is uncertain of the threshold; it
lies beyond one of them once in forty samples."""

_TIED = 0.25
"""Share of a window that has one score, from which on the curve is taken to jump there."""


def separation(sides: Sides) -> Estimate:
    """AUROC: the probability that an inside unit looks more familiar than an outside one.

    Ties count half. The bounds are those of `cautious_auc`.

    Raises:
        NoEstimateError: fewer than ten scores on a side.

    Example:
        >>> scores = np.random.default_rng(0).normal(size=40)
        >>> round(separation(Sides(scores[:20] + 1, scores[20:])).parameters["value"], 4)
        0.7575
    """
    n, m = len(sides.inside), len(sides.outside)
    if min(n, m) < FEWEST:
        raise too_few(
            f"How well a score tells units apart needs at least {FEWEST} on each side; there are "
            f"{n:,} inside and {m:,} outside."
        )
    return cautious_auc(sides)


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
    many outside units as would give the whole variance. Where inside scores near the threshold are
    tied the curve jumps and has no slope: then the bounds are Wilson's of the shares at the lowest
    and at the highest score that the threshold may well be.

    Raises:
        NoEstimateError: fewer than 100 inside scores, or ones that are worth fewer than 40
            independent ones.
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
    _refuse_alike(sides)
    passed = sides.outside >= limit
    share = float(passed.mean())
    # A share of 0 or 1 varies too: with half a unit of the other kind.
    guess = (passed.sum() + 0.5) / (m + 1)
    others = sides.sizes[1]
    extra = max(guess * (1 - guess) - share * (1 - share), 0.0) / others
    of_passed = (passed - share) / m

    def size(variance: float) -> float:
        return float(min(guess * (1 - guess) / (variance + extra), others))

    if ends := _jumps(sides):
        n = size(sides.variance(np.zeros(len(sides.inside)), of_passed))
        most, fewest = (float((sides.outside >= end).mean()) for end in ends)
        return estimate(
            "wilson_between", successes=share * n, n=n, below=share - fewest, above=most - share,
            **sides.df,
        )  # fmt: skip
    n = size(_smooth_variance(sides, limit, of_passed))
    return proportion(share * n, n, **sides.df)


def _smooth_variance(sides: Sides, limit: float, of_passed: Floats) -> float:
    """The variance of the share let through, of the threshold and of the outside units together."""
    kept = sides.inside >= limit
    of_kept, nothing = (kept - kept.mean()) / len(kept), np.zeros(len(kept))
    tail = KEPT * (1 - KEPT) / sides.worth[0]
    error = math.sqrt(max(sides.variance(of_kept, np.zeros(len(of_passed))), tail))
    slope = _slope(sides, error)
    variance = sides.variance(-slope * of_kept, of_passed)
    if sides.worth[0] >= FEWEST_INSIDE:
        return variance
    # Few clusters lie in the tail, and show too little of how much that varies.
    return max(variance, slope**2 * tail + sides.variance(nothing, of_passed))


def _refuse_alike(sides: Sides) -> None:
    worth = math.floor(sides.worth[0])
    if worth < FEWEST_WORTH:
        raise too_few(
            f"The {len(sides.inside):,} inside scores are worth about {worth} independent ones, "
            "since those of one cluster are alike; a threshold that lets 95 % of the inside units "
            f"through needs at least {FEWEST_WORTH}."
        )


def _jumps(sides: Sides) -> tuple[float, float] | None:
    """The lowest and highest score that the threshold may well be, where there is no slope.

    That is where many of the scores between them are the same.
    """
    n, worth = len(sides.inside), sides.worth[0]
    reach = math.ceil(_WIDE_WINDOW * n * math.sqrt(KEPT * (1 - KEPT) / worth))
    ordered, place = np.sort(sides.inside), _place(n)
    window = ordered[max(place - reach, 1) - 1 : min(place + reach, n)]
    most = int(np.unique(window, return_counts=True)[1].max())
    tied = most >= max(3, _TIED * len(window))
    return (float(window[0]), float(window[-1])) if tied else None


def _slope(sides: Sides, error: float) -> float:
    """How much more of the outside passes for each further share of the inside, at the threshold.

    Over the order statistics between which the true threshold lies nine times in ten.

    Args:
        sides: the scores.
        error: standard error of the share of the inside that a fixed threshold keeps.
    """
    n = len(sides.inside)
    ordered, place = np.sort(sides.inside), _place(n)
    reach = math.ceil(_WINDOW * n * error)
    low, high = max(place - reach, 1), min(place + reach, n)
    passed = [float((sides.outside >= ordered[one - 1]).mean()) for one in (low, high)]
    return (passed[0] - passed[1]) / ((high - low) / n)
