"""Numbers of many answers of different lengths, laid end to end, so that they are added at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auditkit.generation.scores.score import Material, Values


@dataclass(frozen=True, eq=False)
class Ragged:
    """Numbers of n answers, each of at least one.

    Attributes:
        numbers: of all answers in their order, float64.
        sizes: how many each answer has, int64 of shape (n,).

    Example:
        >>> Ragged.of([np.float32([1, 2]), np.float32([6])]).means.tolist()
        [1.5, 6.0]
    """

    numbers: Values
    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, arrays: Sequence[NDArray[np.float32]]) -> Ragged:
        """From the numbers of each answer."""
        return cls(
            np.concatenate(arrays).astype(np.float64),
            np.array([len(one) for one in arrays], dtype=np.int64),
        )

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where the numbers of each answer begin."""
        return np.asarray(np.cumsum(self.sizes) - self.sizes)

    @property
    def sums(self) -> Values:
        """Of each answer."""
        return np.asarray(np.add.reduceat(self.numbers, self.starts))

    @property
    def means(self) -> Values:
        """Of each answer."""
        return np.asarray(self.sums / self.sizes)

    @property
    def maxima(self) -> Values:
        """Of each answer."""
        return np.asarray(np.maximum.reduceat(self.numbers, self.starts))


def of_greedy(material: Material, name: str) -> Ragged:
    """`log_probs`, `entropies` or `certainties` of the greedy answers."""
    return Ragged.of([getattr(row.greedy, name) for row in material.generations.rows])


def of_samples(material: Material) -> tuple[Ragged, Ragged]:
    """Log-probabilities of all samples, and which answers belong to one prompt.

    Returns:
        The numbers of the tokens of each sample; and the log-likelihoods of the samples of each
        prompt.
    """
    rows = material.generations.rows
    tokens = Ragged.of([one.log_probs for row in rows for one in row.samples])  # type: ignore[misc]
    counts = np.array([len(row.samples) for row in rows], dtype=np.int64)
    return tokens, Ragged(tokens.sums, counts)


__all__ = ["Ragged", "of_greedy", "of_samples"]
