"""Logistic regression on standardised features; of numbers, ridge regression.

scikit-learn's defaults: an L2 penalty of weight 1. Of quantiles, those of what the ridge regression
leaves over are added to it: as wide everywhere.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from auditkit.learners.by_task import Answer, Effort, Way, learn_columns, target_of
from auditkit.learners.learner import Learner, Learnt, Lesson
from auditkit.learners.preparing import Standardised

MOST_COLUMNS = 2000

_WORK = 4e10
"""Multiplications that a fit may take, about ten seconds of one core."""


def learn_linear(lesson: Lesson) -> Learnt:
    """A linear model of a frame of numbers and categories; see `Learner.learn`.

    Of more than 2,000 columns (a level of a category is one) those are taken that tell most of the
    target by themselves. Fits of many classes and columns end after fewer steps, at least 20.

    Raises:
        Unteachable: nothing to learn from, or nothing that can be learnt.
    """
    target = target_of(lesson)
    standardised = Standardised(lesson.given, target, MOST_COLUMNS)
    answer = learn_columns(LINEAR, standardised(lesson.given), target, lesson)

    def learnt(given: Any) -> np.ndarray:
        return answer(standardised(given))

    return learnt


def _classes(columns: np.ndarray, target: np.ndarray, effort: Effort) -> Answer:
    # Heavy, and of no use to most audits.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    work = 4 * columns.size * len(np.unique(target)) * effort.fits
    steps = int(np.clip(_WORK / work, 20, 200))
    with warnings.catch_warnings():
        # The penalty sees to it that a fit that ends early is near the best one.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = LogisticRegression(max_iter=steps).fit(columns, target)
    return lambda asked: np.asarray(fitted.predict_proba(asked))


def _number(columns: np.ndarray, target: np.ndarray, effort: Effort) -> Answer:  # noqa: ARG001 - a closed form
    from sklearn.linear_model import Ridge

    # Of numbers of any size the penalty is to weigh alike.
    scale = float(target.std()) or 1.0
    fitted = Ridge(alpha=1.0).fit(columns, target / scale)
    return lambda asked: np.asarray(fitted.predict(asked)) * scale


def _quantiles(
    columns: np.ndarray, target: np.ndarray, levels: tuple[float, ...], effort: Effort
) -> Answer:
    number = _number(columns, target, effort)
    left = np.quantile(target - number(columns), levels)
    return lambda asked: number(asked)[:, None] + left


LINEAR = Way(_classes, _number, _quantiles)
"""Fits to columns of comparable size, without gaps."""

LOGISTIC = Learner("logistic regression", "features", learn_linear, loads=("sklearn.linear_model",))
