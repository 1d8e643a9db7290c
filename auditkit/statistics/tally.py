"""Units by block and cell, with what they weigh where rows stand for different numbers of units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Part = tuple[np.ndarray, np.ndarray]
"""Successes and trials by block."""


@dataclass(frozen=True)
class Tally:
    """Units over some axes, the first of them the blocks.

    Attributes:
        rows: how many rows are in each cell.
        sums: the sum of their weights; None where each row is one unit.
        squares: the sum of the squares of their weights; None likewise.
    """

    rows: np.ndarray
    sums: np.ndarray | None = None
    squares: np.ndarray | None = None

    @property
    def weighed(self) -> bool:
        """Whether rows stand for different numbers of units."""
        return self.sums is not None

    @property
    def weights(self) -> np.ndarray:
        """What the rows in each cell weigh together: their number, where nothing is declared."""
        return self.rows if self.sums is None else self.sums

    def each(self, change: Callable[[np.ndarray], np.ndarray]) -> Tally:
        """The same change made to every state: a part of the cells, their sum, a new layout."""
        return Tally(
            change(self.rows),
            None if self.sums is None else change(self.sums),
            None if self.squares is None else change(self.squares),
        )
