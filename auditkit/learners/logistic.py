"""Logistic regression on standardised features; of numbers, ridge regression."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditkit.learners.declared import as_declared
from auditkit.learners.learner import Learner, Learnt, Lesson, Unteachable
from auditkit.models.head import Task


def _learn(lesson: Lesson) -> Learnt:
    # Heavy, and of no use to most audits.
    from sklearn.linear_model import LogisticRegression

    head, target = lesson.head, lesson.target.numpy()
    if head.task not in (Task.BINARY, Task.MULTICLASS):
        raise Unteachable(f"A {head.task} output is not learnt by {LOGISTIC.title}.")
    if len(np.unique(target)) < 2:
        raise Unteachable("All units that it was taught on are of one class.")
    fitted = LogisticRegression(max_iter=1000).fit(lesson.given.to_numpy(np.float64), target)

    def learnt(given: Any) -> np.ndarray:
        found = fitted.predict_proba(given.to_numpy(np.float64))
        every = np.zeros((len(found), len(head.classes)))
        every[:, fitted.classes_.astype(int)] = found
        return as_declared(every, head)

    return learnt


LOGISTIC = Learner("logistic regression", "features", _learn)
