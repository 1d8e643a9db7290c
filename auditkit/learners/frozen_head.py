"""A linear head on what the audited model makes of its inputs, which stays as it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditkit.learners.by_task import learn_columns, target_of
from auditkit.learners.learner import Learner, Learnt, Lesson, Unteachable
from auditkit.learners.logistic import LINEAR
from auditkit.learners.preparing import most_telling

MOST_COLUMNS = 256
"""It is taught many times, on more and more units, so that each time must be short."""


def _learn(lesson: Lesson) -> Learnt:
    columns, target = _numbers(lesson.given), target_of(lesson)
    kept = most_telling(columns, target, MOST_COLUMNS)
    middle, scale = columns[:, kept].mean(axis=0), columns[:, kept].std(axis=0)
    scale[scale == 0] = np.inf  # what does not vary tells nothing

    def standardised(given: np.ndarray) -> np.ndarray:
        return np.asarray((given[:, kept] - middle) / scale)

    answer = learn_columns(LINEAR, standardised(columns), target, lesson)
    return lambda given: answer(standardised(_numbers(given)))


def _numbers(given: Any) -> np.ndarray:
    numbers = np.asarray(given.to_numpy(np.float64))
    if not np.isfinite(numbers).all():
        raise Unteachable("Some numbers that the layer computes are not finite.")
    return numbers


HEAD = Learner("linear head on frozen features", "embedding", _learn)
"""The model's last layer taught anew: what it learns, and from how many units, says nothing of the
layers below. Of more than 256 features those are taken that tell most by themselves."""
