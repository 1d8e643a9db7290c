"""Boosted trees on histograms of the features, as scikit-learn grows them.

Categories are told apart as such, and gaps go to either side of a split. How many trees are grown
follows from the number of units, columns and classes and not from a clock, so that a rerun grows as
many.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from auditkit.learners.by_task import Answer, Effort, Way, learn_columns, target_of
from auditkit.learners.learner import Learner, Learnt, Lesson, Unteachable
from auditkit.learners.preparing import Features, most_telling

MOST_LEVELS = 254
"""The histograms have as many bins, and one for what is missing."""

MOST_COLUMNS = 500
LEAST_COLUMNS = 20

MOST_ROUNDS = 100
LEAST_ROUNDS = 20

STOPPING = 1000
"""From so many units on a tenth of them says when more trees no longer help."""


class _Columns:
    """Numbers and codes of categories side by side, those that are kept.

    Args:
        frame: of the training units.
        target: what is learnt.
        most: how many columns are kept: the categories, and the numbers that tell most.

    Raises:
        Unteachable: no column varies.
    """

    def __init__(self, frame: pd.DataFrame, target: np.ndarray, most: int) -> None:
        self._features = Features(frame, MOST_LEVELS)
        numbers, codes = self._features.numbers(frame), self._features.codes(frame)
        self._numbers, self._codes = (
            np.flatnonzero(_varies(numbers)),
            np.flatnonzero(_varies(codes)),
        )
        self._codes = self._codes[:most]
        left = most - len(self._codes)
        self._numbers = self._numbers[most_telling(numbers[:, self._numbers], target, left)]
        if not len(self._numbers) + len(self._codes):
            raise Unteachable("No feature varies among the training units.")

    @property
    def categories(self) -> np.ndarray:
        """Which columns are codes, bool."""
        return np.arange(len(self._numbers) + len(self._codes)) >= len(self._numbers)

    def __call__(self, frame: pd.DataFrame) -> np.ndarray:
        """The columns of some units, float64 of shape (n, columns)."""
        numbers = self._features.numbers(frame)[:, self._numbers]
        return np.concatenate([numbers, self._features.codes(frame)[:, self._codes]], axis=1)


def _varies(columns: np.ndarray) -> np.ndarray:
    """Whether a column has two values, one of which may be to be missing."""
    filled = np.nan_to_num(columns, nan=np.inf)
    return np.asarray((filled != filled[:1]).any(axis=0))


def _learn(lesson: Lesson) -> Learnt:
    target = target_of(lesson)
    trees = _trees_a_round(target, lesson)
    columns = _Columns(lesson.given, target, _most_columns(len(target), trees))
    answer = learn_columns(_way(columns.categories), columns(lesson.given), target, lesson)

    def learnt(given: Any) -> np.ndarray:
        return answer(columns(given))

    return learnt


def _trees_a_round(target: np.ndarray, lesson: Lesson) -> int:
    """How many trees a round grows in all fits together."""
    if target.ndim == 2:
        return int(target.shape[1])
    if lesson.head.quantiles:
        return len(lesson.head.quantiles)
    return len(np.unique(target)) if len(lesson.head.classes) > 2 else 1


def _seconds(units: int) -> float:
    """About how long all fits together may take on one core: a quarter for 600, 4 for 10,000."""
    return 4e-4 * max(units, 250)


def _seconds_a_tree(units: int, columns: int) -> float:
    """About how long one takes, from measurements of 60 to 10,000 units and 4 to 1,000 columns."""
    return 25e-5 + columns * _seconds_a_column(units)


def _seconds_a_column(units: int) -> float:
    return 15e-6 + 4e-9 * units


def _most_columns(units: int, trees: int) -> int:
    """So many that the fewest rounds end in time."""
    fit = _seconds(units) / (LEAST_ROUNDS * trees * _seconds_a_column(units))
    return int(np.clip(fit, LEAST_COLUMNS, MOST_COLUMNS))


def rounds(units: int, columns: int, trees: int) -> int:
    """How many rounds are grown at most: what time allows, and of few units fewer.

    Args:
        units: of the training data.
        columns: numbers and categories of each.
        trees: how many a round grows, one for each of several classes.

    Example:
        >>> rounds(10_000, 100, 10), rounds(500, 8, 2)
        (69, 50)
    """
    return min(_rounds_in_time(units, columns, trees), max(units // 10, LEAST_ROUNDS))


def _rounds_in_time(units: int, columns: int, trees: int) -> int:
    fit = _seconds(units) / (trees * _seconds_a_tree(units, columns))
    return int(np.clip(fit, LEAST_ROUNDS, MOST_ROUNDS))


def _way(categories: np.ndarray) -> Way:
    """Boosted trees on columns of which some are codes of categories."""

    def settings(columns: np.ndarray, trees: int, seed: int) -> dict[str, Any]:
        units, wide = columns.shape
        return {
            "max_iter": rounds(units, wide, trees),
            # Where time allows fewer trees, they take longer steps.
            "learning_rate": float(np.clip(6 / _rounds_in_time(units, wide, trees), 0.1, 0.3)),
            "max_leaf_nodes": 15,
            "min_samples_leaf": int(np.clip(units // 20, 2, 20)),
            "categorical_features": categories,
            "random_state": seed,
        }

    def classes(columns: np.ndarray, target: np.ndarray, effort: Effort) -> Answer:
        # Heavy, and of no use to most audits.
        from sklearn.ensemble import HistGradientBoostingClassifier

        _, counts = np.unique(target, return_counts=True)
        a_round = (len(counts) if len(counts) > 2 else 1) * effort.fits
        # A tenth is drawn class by class: each must have two units and a place in it.
        stops = len(target) >= STOPPING and counts.min() >= 2 and len(counts) * 10 <= len(target)
        fitted = HistGradientBoostingClassifier(
            early_stopping=bool(stops), **settings(columns, a_round, effort.seed)
        ).fit(columns, target)
        return lambda asked: np.asarray(fitted.predict_proba(asked))

    def number(columns: np.ndarray, target: np.ndarray, effort: Effort, **loss: Any) -> Answer:
        from sklearn.ensemble import HistGradientBoostingRegressor

        fitted = HistGradientBoostingRegressor(
            early_stopping=len(target) >= STOPPING,
            **settings(columns, effort.fits, effort.seed),
            **loss,
        ).fit(columns, target)
        return lambda asked: np.asarray(fitted.predict(asked))

    def quantiles(
        columns: np.ndarray, target: np.ndarray, levels: tuple[float, ...], effort: Effort
    ) -> Answer:
        fitted = [
            number(columns, target, effort, loss="quantile", quantile=level) for level in levels
        ]
        return lambda asked: np.stack([one(asked) for one in fitted], axis=1)

    return Way(classes, number, quantiles)


BOOSTING = Learner("gradient boosting", "features", _learn, loads=("sklearn.ensemble",))
