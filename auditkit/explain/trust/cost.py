"""What explaining and testing cost, in the one currency that does not depend on the machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

FORWARD = 1 / 3
"""A forward in gradients. A backward pass takes about twice the arithmetic of a forward (Kaplan et
al., arXiv 2001.08361, section 2.1), and a gradient needs the forward as well. With frozen weights,
on one CPU core, a gradient took the time of 2.1 forwards (perceptron), 2.8 (transformer), 3.9
(convolutions) and 4.8 (LSTM)."""


@dataclass(frozen=True)
class Cost:
    """What a unit cost on average.

    Attributes:
        gradients: each a forward and a backward pass.
        forwards: those beside.

    >>> Cost(gradients=17, forwards=33).equivalents
    28.0
    """

    gradients: float = 0.0
    forwards: float = 0.0

    @property
    def equivalents(self) -> float:
        """In gradients."""
        return self.gradients + FORWARD * self.forwards

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.gradients + other.gradients, self.forwards + other.forwards)

    def __mul__(self, times: float) -> Cost:
        return Cost(self.gradients * times, self.forwards * times)


def total(costs: Iterable[Cost]) -> Cost:
    """All of them together."""
    return sum(costs, start=Cost())
