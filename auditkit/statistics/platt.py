"""Platt scaling: a logistic curve through a score, fitted to what came true."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

Floats = NDArray[np.float64]

_MOST_STEPS, _MOST_HALVINGS = 100, 40


@dataclass(frozen=True)
class Platt:
    """What `fit_platt` found: the log-odds are slope × score + intercept.

    Attributes:
        slope: of a score that is itself a log-odds, 1 leaves it as it is and less than 1 takes
            confidence away.
        intercept: 0 leaves it as it is.
    """

    slope: float
    intercept: float

    def log_odds(self, score: ArrayLike) -> Floats:
        """The log-odds of the outcome, float64 of the score's shape."""
        odds: Floats = self.slope * np.asarray(score, dtype=np.float64) + self.intercept
        return odds

    def apply(self, score: ArrayLike) -> Floats:
        """The probability of the outcome, float64 of the score's shape.

        Example:
            >>> Platt(0.5, 0.0).apply([0.0, 2 * np.log(3)]).round(3).tolist()
            [0.5, 0.75]
        """
        result: Floats = expit(self.log_odds(score))
        return result


def smoothed_outcomes(outcome: NDArray[np.bool_]) -> Floats:
    """What Platt fits to instead of 1 and 0: (m + 1)/(m + 2) of m positives, 1/(k + 2) of k others.

    Under a uniform prior these are the probabilities of the outcome among units of which all have
    it, and of which none has. So nothing that is fitted to them is certain.

    Example:
        >>> smoothed_outcomes(np.array([True, True, False])).round(3).tolist()
        [0.75, 0.75, 0.333]
    """
    positives = int(outcome.sum())
    negatives = len(outcome) - positives
    return np.where(outcome, (positives + 1) / (positives + 2), 1 / (negatives + 2))


def checked_outcomes(score: ArrayLike, outcome: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    """Scores and outcomes as rows of one length.

    Raises:
        ValueError: they are not, there are none, a score is not finite, or an outcome is neither
            0 nor 1.
    """
    x, y = np.asarray(score, dtype=np.float64), np.asarray(outcome)
    if x.ndim != 1 or x.shape != y.shape or not len(x):
        raise ValueError(f"expected two rows of one length, found {x.shape} and {y.shape}")
    if not np.isfinite(x).all():
        raise ValueError("the scores must be finite")
    if not np.isin(y, (0, 1)).all():
        raise ValueError("an outcome is 0 or 1")
    return x, y.astype(bool)


def fit_platt(score: ArrayLike, outcome: ArrayLike) -> Platt:
    """The logistic curve with the smallest log loss against Platt's smoothed outcomes.

    The smoothing keeps the curve finite where the score separates the outcomes, and where all
    units have one outcome: then the slope is 0.

    Args:
        score: `[n]`, any finite score; of a classifier its log-odds.
        outcome: `[n]`, 1 or True where it came true.

    Raises:
        ValueError: see `checked_outcomes`.

    Source: Platt, Probabilistic outputs for support vector machines, in Advances in Large Margin
    Classifiers, MIT Press 1999; Newton steps after Lin, Lin and Weng, Machine Learning 68 (2007)
    267–276.

    Example:
        >>> truth = np.repeat([0, 1, 0, 1], [3000, 1000, 1000, 3000])
        >>> fit = fit_platt(np.repeat([-2.0, 2.0], 4000), truth)
        >>> round(fit.slope, 3), round(fit.intercept, 6)  # ln 3 = 1.0986, over 2
        (0.549, 0.0)
    """
    x, y = checked_outcomes(score, outcome)
    wanted = smoothed_outcomes(y)
    level = float(logit(wanted.mean()))
    # In units of the score's own spread, so that neither scale nor offset makes it ill-conditioned.
    centre, spread = float(x.mean()), float(x.std())
    if not spread > 1e-12 * max(abs(centre), 1e-300):
        return Platt(0.0, level)
    design = np.stack([(x - centre) / spread, np.ones(len(x))], axis=1)
    slope, intercept = _newton(design, wanted, np.array([0.0, level]))
    return Platt(slope / spread, intercept - slope * centre / spread)


def _newton(design: Floats, wanted: Floats, place: Floats) -> tuple[float, float]:
    """Slope and intercept where the convex log loss is smallest."""
    loss = _loss(design @ place, wanted)
    for _ in range(_MOST_STEPS):
        given = expit(design @ place)
        gradient = design.T @ (given - wanted)
        if np.abs(gradient).max() <= 1e-10 * len(wanted):
            break
        # The ridge counts only where nearly all units are certain.
        curvature = (design.T * (given * (1 - given))) @ design + 1e-12 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        for halving in range(_MOST_HALVINGS):
            nearer = place - step * 0.5**halving
            if (nearer_loss := _loss(design @ nearer, wanted)) < loss:
                break
        else:
            break  # no step makes it smaller: this is as exact as rounding allows
        place, loss = nearer, nearer_loss
    return float(place[0]), float(place[1])


def _loss(log_odds: Floats, wanted: Floats) -> float:
    total = float((np.logaddexp(0.0, log_odds) - wanted * log_odds).sum())
    return total if math.isfinite(total) else math.inf
