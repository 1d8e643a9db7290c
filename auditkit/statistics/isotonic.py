"""Isotonic regression: the rising curve that fits best what came true, whatever its shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.statistics.platt import checked_outcomes, smoothed_outcomes

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Isotonic:
    """What `fit_isotonic` found: straight lines between knots, and level beyond the outermost.

    Attributes:
        scores: where the knots lie, strictly rising.
        values: the probability at each, never falling.
    """

    scores: tuple[float, ...]
    values: tuple[float, ...]

    @property
    def levels(self) -> int:
        """How many different probabilities its steps have."""
        return len(set(self.values))

    def apply(self, score: ArrayLike) -> Floats:
        """The probability of the outcome, float64 of the score's shape.

        Example:
            >>> Isotonic((0.2, 0.6), (0.1, 0.9)).apply([0.0, 0.4, 1.0]).round(3).tolist()
            [0.1, 0.5, 0.9]
        """
        return np.interp(np.asarray(score, dtype=np.float64), self.scores, self.values)


def fit_isotonic(score: ArrayLike, outcome: ArrayLike) -> Isotonic:
    """The rising curve with the smallest squared distance from Platt's smoothed outcomes.

    Plain isotonic regression is certain at both ends, and one unit that contradicts it there costs
    an infinite log loss. With the smoothed outcomes of `fit_platt` the curve is the same but for a
    shrinkage of one unit in each class. Units of one score count as one, with their mean.

    Args:
        score: `[n]`, a finite score.
        outcome: `[n]`, 1 or True where it came true.

    Raises:
        ValueError: see `checked_outcomes`.

    Source: Zadrozny and Elkan, KDD 2002 (calibration); Barlow and others, Statistical Inference
    under Order Restrictions, Wiley 1972 (pool adjacent violators); linear between the steps, as
    scikit-learn's `IsotonicRegression` does.

    Example:
        >>> fit_isotonic([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1])
        Isotonic(scores=(0.1, 0.2, 0.3, 0.4), values=(0.25, 0.5, 0.5, 0.75))
    """
    # Only whoever fits pays for the import.
    from scipy.optimize import isotonic_regression

    x, y = checked_outcomes(score, outcome)
    places, codes, counts = np.unique(x, return_inverse=True, return_counts=True)
    means = np.bincount(codes, weights=smoothed_outcomes(y)) / counts
    fitted = isotonic_regression(means, weights=counts)
    starts = np.asarray(fitted.blocks[:-1])
    knots = np.union1d(starts, np.asarray(fitted.blocks[1:]) - 1)
    return Isotonic(tuple(places[knots].tolist()), tuple(fitted.x[knots].tolist()))
