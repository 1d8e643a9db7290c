"""Nodes and weights of quadrature on the unit interval.

Clenshaw and Curtis 1960: the nodes of 2n intervals contain those of n, so that nothing that was
evaluated is evaluated again. Gauss and Legendre: exact for higher degrees at the same number, and
not nested; what Captum uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

LEVELS = (4, 8, 16, 32, 64, 128)
"""Intervals of the nested rules, each of which has one node more. All nodes of the first two are
evaluated at once: the first only says how far the second may be believed."""


@dataclass(frozen=True, eq=False)
class Rule:
    """A quadrature rule.

    Attributes:
        nodes: in [0, 1], float64 of shape (k,).
        weights: sum to 1, likewise.
    """

    nodes: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.nodes)


@cache
def clenshaw_curtis(intervals: int) -> Rule:
    """The rule with an even number of intervals, from the node at 1 to that at 0.

    Args:
        intervals: n; node k of this rule is node 2k of the rule with 2n.

    Raises:
        ValueError: n is odd, or not positive.

    >>> rule = clenshaw_curtis(2)  # Simpson's
    >>> rule.nodes.round(6).tolist(), (6 * rule.weights).round(6).tolist()
    ([1.0, 0.5, 0.0], [1.0, 4.0, 1.0])
    """
    if intervals < 2 or intervals % 2:
        raise ValueError(f"expected an even number of intervals, got {intervals}")
    k = np.arange(intervals + 1)
    nodes = (1 + np.cos(np.pi * k / intervals)) / 2
    j = np.arange(1, intervals // 2 + 1)
    b = np.where(2 * j == intervals, 1.0, 2.0)
    sums = (b / (1 - 4 * j**2)) @ np.cos(2 * np.pi * np.outer(j, k) / intervals)
    ends = np.where((k == 0) | (k == intervals), 1.0, 2.0)
    return Rule(nodes, ends / (2 * intervals) * (1 + sums))


@cache
def gauss_legendre(count: int) -> Rule:
    """The rule with so many nodes, in ascending order.

    Raises:
        ValueError: fewer than one node.

    >>> gauss_legendre(1).nodes.tolist(), gauss_legendre(1).weights.tolist()
    ([0.5], [1.0])
    """
    if count < 1:
        raise ValueError(f"expected at least one node, got {count}")
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return Rule((1 + nodes) / 2, weights / 2)
