"""Estimates made of other estimates: their bounds from those of the parts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from auditkit.statistics.critical import critical_value, upper_tail
from auditkit.statistics.proportions import Bounds


@dataclass(frozen=True)
class Part:
    """One estimate that another is made of.

    Attributes:
        value: its point estimate.
        bounds: its bounds at a one-sided normal critical value.
        slack: how far either bound is out because the value itself may be off, whatever the chance.
    """

    value: float
    bounds: Callable[[float], Bounds]
    slack: float = 0.0


def difference_bounds(first: Part, second: Part, z: float) -> Bounds:
    """Bounds of the first minus the second of two independent estimates.

    Each end moves by the two distances that point its way, added as independent errors; the slack
    of both is no chance, and adds up in full.

    Source: Zou and Donner, Statistics in Medicine 27 (2008) 1693–1702 (MOVER). Of two Wilson
    intervals it makes Newcombe's, of two normal ones the normal interval of the difference.
    """
    (low1, high1), (low2, high2) = first.bounds(z), second.bounds(z)
    value = first.value - second.value
    slack = first.slack + second.slack
    below = _together(first.value - low1 - first.slack, high2 - second.value - second.slack)
    above = _together(high1 - first.value - first.slack, second.value - low2 - second.slack)
    return value - below - slack, value + above + slack


def _together(one: float, other: float) -> float:
    # A bound that was cut off at 0 or 1 lies nearer than its slack.
    return math.hypot(max(one, 0.0), max(other, 0.0))


def largest_magnitude_bounds(parts: Sequence[Part], z: float) -> Bounds:
    """Bounds of the largest |θ| of several estimates, whatever these have to do with each other.

    To say wrongly that all |θ| are below a limit, the part that reaches it must be called below it:
    no correction is needed (an intersection-union test). To say wrongly that one lies above it, any
    of the 2k one-sided bounds of k parts may err: each has the error divided by 2k (Bonferroni).

    Source: Berger, Technometrics 24 (1982) 295–300.

    Example:
        >>> gaps = [Part(0.3, lambda z: (0.3 - z, 0.3 + z)), Part(-0.1, lambda z: (-0.1, -0.1))]
        >>> largest_magnitude_bounds(gaps, 0.0)[1]
        0.3
    """
    strict = critical_value(upper_tail(z) / (2 * len(parts)))
    low = max(max(part.bounds(strict)[0], -part.bounds(strict)[1], 0.0) for part in parts)
    return low, max(abs(end) for part in parts for end in part.bounds(z))
