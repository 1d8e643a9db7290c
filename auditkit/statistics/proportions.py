"""Score intervals of proportions, and of what is made of them.

Every function takes counts as ints or floats (effective counts) and a one-sided normal critical
value z ≥ 0, and returns (low, high), monotone in z, equal to the point estimate at z = 0. Arguments
are not checked here; `estimates` does that. All are written without cancellation, so that they hold
for 0 of n, n of n, and n of 1e9.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from auditkit.statistics.roots import bracketed_root

Bounds = tuple[float, float]

_LONGEST_STEP = 50.0
"""On the scale of the logarithm; critical values of one degree of freedom have no limit."""


def wilson_bounds(successes: float, n: float, z: float) -> Bounds:
    """Bounds of a proportion: all p with |p̂ − p| ≤ z √(p(1−p)/n).

    Source: Wilson, Journal of the American Statistical Association 22 (1927) 209–212.

    Example:
        >>> low, high = wilson_bounds(0, 20, 1.959963984540054)
        >>> low, round(high, 4)
        (0.0, 0.1611)
    """
    if z == 0:
        return successes / n, successes / n
    failures = max(n - successes, 0.0)
    root = z * math.sqrt(z * z + 4 * successes * failures / n)
    low = _wilson_low(successes, n, z, root)
    high = _wilson_high(successes, failures, n, z, root)
    # Rounding may put an end beyond the share itself where z is next to nothing.
    return min(low, successes / n), max(high, successes / n)


def _wilson_low(successes: float, n: float, z: float, root: float) -> float:
    if successes == 0:
        return 0.0
    return 2 * successes * (successes / n) / (2 * successes + z * z + root)


def _wilson_high(successes: float, failures: float, n: float, z: float, root: float) -> float:
    if failures < successes:
        return 1 - _wilson_low(failures, n, z, root)
    return (2 * successes + z * z + root) / (2 * (n + z * z))


def newcombe_bounds(x1: float, n1: float, x2: float, n2: float, z: float) -> Bounds:
    """Bounds of the difference x1/n1 − x2/n2 of two independent proportions.

    Source: Newcombe, Statistics in Medicine 17 (1998) 873–890, method 10 (hybrid score).

    Example:
        >>> tuple(round(end, 4) for end in newcombe_bounds(56, 70, 48, 80, 1.959963984540054))
        (0.0524, 0.3339)
    """
    p1, p2 = x1 / n1, x2 / n2
    (low1, high1), (low2, high2) = wilson_bounds(x1, n1, z), wilson_bounds(x2, n2, z)
    low = p1 - p2 - math.hypot(p1 - low1, high2 - p2)
    high = p1 - p2 + math.hypot(high1 - p1, p2 - low2)
    return max(low, -1.0), min(high, 1.0)


def mean_of_wilson_bounds(successes: Sequence[float], n: Sequence[float], z: float) -> Bounds:
    """Bounds of the plain mean of independent proportions (balanced accuracy is one).

    Source: Zou and Donner, Statistics in Medicine 27 (2008) 1693–1702 (MOVER), on Wilson limits.
    """
    total, below, above = 0.0, 0.0, 0.0
    for x, size in zip(successes, n, strict=True):
        low, high = wilson_bounds(x, size, z)
        total += x / size
        below += (x / size - low) ** 2
        above += (high - x / size) ** 2
    parts = len(n)
    return (
        max((total - math.sqrt(below)) / parts, 0.0),
        min((total + math.sqrt(above)) / parts, 1.0),
    )


def f1_bounds(true_positives: float, errors: float, z: float) -> Bounds:
    """Bounds of F1 = 2J/(1+J) from those of J, the share of true positives among tp + fp + fn.

    J (the Jaccard index) is a proportion given its denominator, and F1 rises with it.

    Source: Takahashi et al., Applied Intelligence 52 (2022) 4961–4972, discuss intervals of F1;
    the way through J and Wilson's limits is exact but for Wilson's own approximation.
    """
    low, high = wilson_bounds(true_positives, true_positives + errors, z)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def koopman_bounds(x1: float, n1: float, x2: float, n2: float, z: float) -> Bounds:
    """Bounds of the ratio (x1/n1) / (x2/n2) of two independent proportions.

    All ratios that the score test of them does not reject. Nothing selected in the reference
    (x2 = 0) leaves the ratio without upper bound, nothing in either leaves (0, inf).

    Source: Koopman, Biometrics 40 (1984) 513–517; the score in the form of Miettinen and Nurminen,
    Statistics in Medicine 4 (1985) 213–226, without their factor N/(N−1).

    Example:
        >>> tuple(round(end, 3) for end in koopman_bounds(36, 40, 16, 80, 1.959963984540054))
        (2.94, 7.152)
        >>> koopman_bounds(3, 10, 0, 20, 1.6448536269514722)[1]
        inf
    """
    # The score changes its sign where the groups change places, so one end serves for both.
    inverse = _koopman_high(x2, n2, x1, n1, z)
    low = 0.0 if math.isinf(inverse) else math.inf if inverse == 0 else 1 / inverse
    return low, _koopman_high(x1, n1, x2, n2, z)


def _koopman_high(x1: float, n1: float, x2: float, n2: float, z: float) -> float:
    if x2 == 0:
        return math.inf
    if z == 0:
        return (x1 / n1) / (x2 / n2)

    def excess(log_ratio: float) -> float:
        return koopman_score(x1, n1, x2, n2, log_ratio) + z

    # Katz's standard error of the logarithm, with half a unit where there is none, sets the step.
    start = math.log((max(x1, 0.5) / n1) / (x2 / n2))
    step = min(max(z, 0.01) * math.sqrt(1 / max(x1, 0.5) + 1 / x2), _LONGEST_STEP)
    inside = outside = start
    while excess(inside) <= 0:
        outside, inside, step = inside, inside - step, 2 * step
        if inside < -700:
            return 0.0
    if inside == start:
        outside = start + step
        while excess(outside) > 0:
            inside, outside, step = outside, outside + step, 2 * step
            if outside > 700:
                return math.inf
    return math.exp(bracketed_root(excess, inside, outside))


def koopman_score(x1: float, n1: float, x2: float, n2: float, log_ratio: float) -> float:
    """The score of the ratio exp(log_ratio), standard normal if that is the true one; falls in it.

    (p̂1 − θ p̂2) / √(p1 q1/n1 + θ² p2 q2/n2), with p1 = θ p2 most likely under the ratio θ.
    """
    ratio = math.exp(log_ratio)
    failures1, failures2 = max(n1 - x1, 0.0), max(n2 - x2, 0.0)
    # p2 solves N θ p² − B p + (x1 + x2) = 0, whose discriminant is gap² + 4 θ f1 f2. Roots and
    # complements are written as sums of positive terms, and differences from 1 by expm1, so that
    # nothing cancels where nearly all or nearly none are selected.
    if abs(log_ratio) < 0.5:
        growth = math.expm1(log_ratio)
        gap = growth * (n1 + x2) + failures1 - failures2
        most = x1 + x2 > failures1 + failures2
        shares = failures2 / n2 - failures1 / n1 if most else x1 / n1 - x2 / n2
        numerator = shares - growth * (x2 / n2)
    else:
        gap = ratio * (n1 + x2) - x1 - n2
        numerator = x1 / n1 - ratio * (x2 / n2)
    product = 4 * ratio * failures1 * failures2
    root = math.sqrt(gap * gap + product)
    larger = root + abs(gap)
    smaller = product / larger if larger > 0 else 0.0
    above, below = (larger, smaller) if gap >= 0 else (smaller, larger)
    whole = ratio * (n1 + x2) + x1 + n2 + root
    p2 = 2 * (x1 + x2) / whole
    q1, q2 = (2 * ratio * failures1 + below) / whole, (2 * failures2 + above) / whole
    variance = ratio * p2 * q1 / n1 + ratio * ratio * p2 * q2 / n2
    return _standardised(numerator, variance)


def _standardised(numerator: float, variance: float) -> float:
    if variance <= 0:
        return 0.0 if numerator == 0 else math.copysign(math.inf, numerator)
    return numerator / math.sqrt(variance)


def paired_difference_bounds(wins: float, losses: float, n: float, z: float) -> Bounds:
    """Bounds of the difference (wins − losses) / n of two proportions on the same n units.

    All differences that the score test of them does not reject; that of zero is McNemar's.

    Args:
        wins: units on which only the first is right.
        losses: units on which only the second is.
        n: all units.
        z: one-sided normal critical value.

    Source: Tango, Statistics in Medicine 17 (1998) 891–908.

    Example:
        >>> tuple(round(end, 4) for end in paired_difference_bounds(4, 2, 44, 1.959963984540054))
        (-0.0783, 0.1763)
    """
    return -_tango_high(losses, wins, n, z), _tango_high(wins, losses, n, z)


def _tango_high(wins: float, losses: float, n: float, z: float) -> float:
    point = (wins - losses) / n
    if z == 0 or point >= 1:
        return point

    def excess(difference: float) -> float:
        return paired_score(wins, losses, n, difference) + z

    return bracketed_root(excess, point, 1.0)


def paired_score(wins: float, losses: float, n: float, difference: float) -> float:
    """Tango's score of a difference, standard normal if that is the true one; falls in it."""
    if difference < 0:
        # With the roles changed the discriminant below is a sum of squares: nothing cancels.
        return -paired_score(losses, wins, n, -difference)
    b = difference * (2 * n - wins + losses) - wins - losses
    product = losses * difference * (1 - difference)
    root = math.sqrt(b * b + 8 * n * product)
    # The most likely share of losses under this difference, in the form that doesn't cancel.
    share = (root - b) / (4 * n) if b <= 0 else 2 * product / (root + b)
    variance = n * (2 * share + difference * (1 - difference))
    return _standardised(wins - losses - n * difference, variance)
