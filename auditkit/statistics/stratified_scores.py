"""Score intervals of a ratio or a difference that is common to strata.

In every stratum the two rates are those that are most likely under the ratio (or difference) asked
about; the score is the weighted sum of what the observed rates deviate from it, over its standard
error. Counts may be effective ones.

Source: Gart and Nam, Biometrics 44 (1988) 323–338 and 46 (1990) 637–643; Miettinen and Nurminen,
Statistics in Medicine 4 (1985) 213–226.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditkit.statistics.proportions import Bounds
from auditkit.statistics.roots import bracketed_root

Floats = NDArray[np.float64]

_FURTHEST = 300.0
"""On the scale of the logarithm; squares of ratios far beyond it are no floats."""

_SMALLEST_STRATUM = 2.0
"""Effective counts can be less than the two units that a stratum with both groups has."""

_strictly = np.errstate(over="raise", invalid="raise", divide="raise")
"""Arrays raise where plain floats would: an overflow is no number to go on with."""


@dataclass(frozen=True, eq=False)
class Strata:
    """Strata that hold both groups; everything float64 `[strata]`.

    Attributes:
        x1, n1: successes and units of the group.
        x2, n2: those of the reference.
        weights: how much each stratum counts.
        repeats: how many strata of these numbers there are.
    """

    x1: Floats
    n1: Floats
    x2: Floats
    n2: Floats
    weights: Floats
    repeats: Floats

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Strata:
        """The strata that an estimate was recorded with."""
        names = ("x1", "n1", "x2", "n2", "weights", "strata")
        x1, n1, x2, n2, weights, repeats = (np.asarray(parameters[n], np.float64) for n in names)
        # Effective counts are products of floats: a share of 1 may come out a few bits above.
        return cls(np.minimum(x1, n1), n1, np.minimum(x2, n2), n2, weights, repeats)

    @property
    def swapped(self) -> Strata:
        """The same with the groups changed."""
        return Strata(self.x2, self.n2, self.x1, self.n1, self.weights, self.repeats)

    @property
    def ratio(self) -> float:
        """The pooled ratio; NaN of zero to zero, infinite of something to zero."""
        weights = self.repeats * self.weights
        above = float((weights * (self.x1 / self.n1)).sum())
        below = float((weights * (self.x2 / self.n2)).sum())
        if below == 0:
            return math.nan if above == 0 else math.inf
        return above / below

    @property
    def difference(self) -> float:
        """The pooled difference."""
        weights = self.repeats * self.weights
        gaps = self.x1 / self.n1 - self.x2 / self.n2
        return float((weights * gaps).sum() / weights.sum())

    def standardised(self, gaps: Floats, variances: Floats) -> float:
        """The weighted sum of gaps over its standard error, both given of each stratum."""
        deviation = float((self.repeats * self.weights * gaps).sum())
        size = np.maximum(self.n1 + self.n2, _SMALLEST_STRATUM)
        parts = self.repeats * self.weights**2 * variances * (size / (size - 1))
        variance = float(parts.sum())
        if variance <= 0:
            return 0.0 if deviation == 0 else math.copysign(math.inf, deviation)
        return deviation / math.sqrt(variance)


@_strictly
def ratio_score(strata: Strata, log_ratio: float) -> float:
    """The score of the ratio exp(log_ratio), about standard normal if that is the true one.

    Falls in the ratio. Nothing cancels where nearly all or nearly none are selected; see
    `proportions.koopman_score`, which it is of one stratum but for the factor N/(N−1).
    """
    ratio, growth = math.exp(log_ratio), math.expm1(log_ratio)
    share1, share2 = strata.x1 / strata.n1, strata.x2 / strata.n2
    near = abs(log_ratio) < 0.5
    gaps = share1 - share2 - growth * share2 if near else share1 - ratio * share2
    p2, q1, q2 = _likely_under_ratio(strata, ratio, growth)
    variances = ratio * p2 * (q1 / strata.n1 + ratio * q2 / strata.n2)
    return strata.standardised(gaps, variances)


def _likely_under_ratio(
    strata: Strata, ratio: float, growth: float
) -> tuple[Floats, Floats, Floats]:
    """p2, 1 − p1 and 1 − p2 that are most likely under p1 = ratio p2."""
    x1, n1, x2, n2 = strata.x1, strata.n1, strata.x2, strata.n2
    failures1, failures2 = n1 - x1, n2 - x2
    gap = growth * (n1 + x2) + failures1 - failures2
    product = 4 * ratio * failures1 * failures2
    root = np.hypot(gap, np.sqrt(product))
    larger = root + np.abs(gap)
    smaller = np.divide(product, larger, out=np.zeros_like(product), where=larger > 0)
    above, below = np.where(gap >= 0, (larger, smaller), (smaller, larger))
    whole = ratio * (n1 + x2) + x1 + n2 + root
    return (
        2 * (x1 + x2) / whole,
        (2 * ratio * failures1 + below) / whole,
        (2 * failures2 + above) / whole,
    )


@_strictly
def ratio_bounds(strata: Strata, z: float) -> Bounds:
    """All ratios that the score test does not reject; as `proportions.koopman_bounds`."""
    # The score changes its sign where the groups change places, so one end serves for both.
    inverse = _highest_ratio(strata.swapped, z)
    low = 0.0 if math.isinf(inverse) else math.inf if inverse == 0 else 1 / inverse
    return low, _highest_ratio(strata, z)


def _highest_ratio(strata: Strata, z: float) -> float:
    point = strata.ratio
    if math.isnan(point) or math.isinf(point):
        return math.inf
    if z == 0:
        return point

    def excess(log_ratio: float) -> float:
        return ratio_score(strata, log_ratio) + z

    inside = max(math.log(point), -_FURTHEST) if point > 0 else -_FURTHEST
    # Of no success there is no logarithm to start from: then the root lies anywhere.
    step = 0.1 if point > 0 else 2 * _FURTHEST
    outside = inside + step
    while excess(outside) > 0:
        if outside >= _FURTHEST:
            return math.inf
        step *= 2
        inside, outside = outside, min(outside + step, _FURTHEST)
    # Rounding may leave nothing between the two where z is next to nothing.
    return math.exp(bracketed_root(excess, inside, outside)) if excess(inside) > 0 else point


@_strictly
def difference_score(strata: Strata, difference: float) -> float:
    """The score of a difference, about standard normal if that is the true one; falls in it."""
    gaps = strata.x1 / strata.n1 - strata.x2 / strata.n2 - difference
    p1, p2 = _likely_under_difference(strata, difference)
    variances = p1 * (1 - p1) / strata.n1 + p2 * (1 - p2) / strata.n2
    return strata.standardised(gaps, variances)


def _likely_under_difference(strata: Strata, difference: float) -> tuple[Floats, Floats]:
    """Both rates, most likely under p1 = p2 + difference: the middle root of a cubic."""
    x1, n1, x2, n2 = strata.x1, strata.n1, strata.x2, strata.n2
    units, hits = n1 + n2, x1 + x2
    # p³ + b p² + c p + d of the reference's rate p, after Miettinen and Nurminen's appendix.
    b = ((n1 + 2 * n2) * difference - units - hits) / units / 3
    c = ((n2 * difference - units - 2 * x2) * difference + hits) / units
    d = x2 * difference * (1 - difference) / units
    q = b**3 - b * c / 2 + d / 2
    radius = np.copysign(np.sqrt(np.maximum(b * b - c / 3, 0.0)), q)
    cosine = np.divide(q, radius**3, out=np.ones_like(q), where=radius != 0)
    angle = (math.pi + np.arccos(np.clip(cosine, -1, 1))) / 3
    p2 = np.clip(2 * radius * np.cos(angle) - b, max(0.0, -difference), min(1.0, 1 - difference))
    return np.clip(p2 + difference, 0.0, 1.0), p2


@_strictly
def difference_bounds(strata: Strata, z: float) -> Bounds:
    """All differences that the score test does not reject, within −1 and 1."""
    return -_highest_difference(strata.swapped, z), _highest_difference(strata, z)


def _highest_difference(strata: Strata, z: float) -> float:
    point = strata.difference
    if z == 0 or point >= 1:
        return min(point, 1.0)

    def excess(difference: float) -> float:
        return difference_score(strata, difference) + z

    if excess(point) <= 0:
        return point
    return bracketed_root(excess, point, 1.0) if excess(1.0) <= 0 else 1.0
