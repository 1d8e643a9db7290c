"""Whether methods that look at a model in different ways see the same.

Methods of one kind agree for that reason alone: integrated gradients, DeepLift, LRP and input ×
gradient are all a gradient times the input, in one way or another, and come out nearly the same
(Ancona et al., ICLR 2018). Their agreement is shown and not counted (Krishna et al., TMLR 2024, on
how explanations disagree).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from auditkit.explain.method import Family, Method
from auditkit.explain.trust.explained import Explained, Floats
from auditkit.explain.trust.ranks import spearman

_BY_GRADIENT = (Family.GRADIENT, Family.PATH, Family.PROPAGATION)


@dataclass(frozen=True, eq=False)
class Pair:
    """Two methods.

    Attributes:
        first: name.
        second: name.
        correlation: [n] Spearman's, of the strength of the regions; NaN where a map says the same
            of all regions or is not to be shown.
        counted: whether it speaks for either of them.
        reason: why it does not, a full sentence; "" if it does.
    """

    first: str
    second: str
    correlation: Floats
    counted: bool
    reason: str


@dataclass(frozen=True, eq=False)
class Agreement:
    """All pairs of the methods.

    Attributes:
        pairs: in the order of the methods.
    """

    pairs: tuple[Pair, ...]

    def of(self, name: str) -> Floats | None:
        """[n] a method's mean over the pairs that count; None where it is in none.

        NaN for units of which no pair is defined.
        """
        counted = [
            pair.correlation
            for pair in self.pairs
            if pair.counted and name in (pair.first, pair.second)
        ]
        if not counted:
            return None
        table = np.stack(counted)
        known = ~np.isnan(table)
        total = np.where(known, table, 0.0).sum(axis=0)
        return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)

    def left_out(self, name: str) -> tuple[Pair, ...]:
        """A method's pairs that do not count."""
        return tuple(
            pair for pair in self.pairs if not pair.counted and name in (pair.first, pair.second)
        )


def agreement(given: Sequence[Explained]) -> Agreement:
    """Compare each map with each other map of the same units.

    Args:
        given: maps of several methods.
    """
    return Agreement(tuple(_pair(*two) for two in combinations(given, 2)))


def kind(method: Method) -> str:
    """What kind of method it is: those of one kind are near-equivalent.

    Whatever is made of gradients is a gradient, or a gradient times the input; methods that take
    regions away are of one kind, and those that look at a layer are of another.
    """
    if method.family in _BY_GRADIENT:
        return "gradient × input" if method.times_input else "gradient"
    return method.family.value


def _pair(first: Explained, second: Explained) -> Pair:
    a, b = first.method, second.method
    reason = ""
    if kind(a) == kind(b):
        reason = f"{a.title} and {b.title} are of one kind ({kind(a)}) and agree for that reason."
    correlation = spearman(first.strength, second.strength)
    return Pair(a.name, b.name, correlation, not reason, reason)
