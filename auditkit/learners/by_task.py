"""One way of fitting, whatever the head declares: classes, labels, numbers or quantiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch

from auditkit.learners.declared import as_declared
from auditkit.learners.learner import Lesson, Unteachable
from auditkit.models.head import Task

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

MOST_CLASSES = 200
"""Of more classes, labels or numbers a simple model is not taught: it would take too long."""

Answer = Callable[[np.ndarray], np.ndarray]
"""From columns, float64 of shape (n, columns), to numbers of shape (n,) or (n, several)."""


@dataclass(frozen=True)
class Effort:
    """What a fit may cost.

    Attributes:
        seed: of whatever is drawn at random.
        fits: among how many fits of its kind the time is shared.
    """

    seed: int
    fits: int = 1


@dataclass(frozen=True)
class Way:
    """How one kind of model is fitted to columns.

    Attributes:
        classes: columns, class codes and effort → an answer with the probability of each code that
            occurs, ascending. At least two do.
        number: columns, numbers and effort → an answer with one number.
        quantiles: columns, numbers, levels and effort → an answer with a number for each level.
    """

    classes: Callable[[np.ndarray, np.ndarray, Effort], Answer]
    number: Callable[[np.ndarray, np.ndarray, Effort], Answer]
    quantiles: Callable[[np.ndarray, np.ndarray, tuple[float, ...], Effort], Answer]


def target_of(lesson: Lesson) -> np.ndarray:
    """What is to be learnt, as an array: whole numbers for classes and labels, else float64.

    Raises:
        Unteachable: one class alone, too many of them, numbers that are not finite, or a task of no
            meaning here.
    """
    head = lesson.head
    if head.task is Task.CUSTOM:
        raise Unteachable("What a custom output means is known to its unit_metrics alone.")
    if max(len(head.classes), len(head.quantiles)) > MOST_CLASSES:
        raise Unteachable(
            f"The output has more than {MOST_CLASSES} classes, labels or numbers; simple models "
            "are not taught so many."
        )
    if head.task is not Task.REGRESSION:
        return _codes(lesson)
    numbers = np.asarray(lesson.target.double().numpy())
    if not np.isfinite(numbers).all():
        raise Unteachable("Some numbers to be learnt are not finite.")
    return numbers


def _codes(lesson: Lesson) -> np.ndarray:
    codes = np.asarray(lesson.target.numpy(), dtype=np.int64)
    if codes.ndim == 1 and len(np.unique(codes)) < 2:
        raise Unteachable("All units that it was taught on are of one class.")
    return codes


def learn_columns(way: Way, columns: np.ndarray, target: np.ndarray, lesson: Lesson) -> Answer:
    """Fit a head; the answer is in the form that it declares, float64 of shape (n, numbers).

    Args:
        way: the kind of model.
        columns: of the training units.
        target: as of `target_of`.
        lesson: for head and seed.

    Raises:
        Unteachable: outputs that are no probabilities.
    """
    head = lesson.head
    with threads_of_torch():
        if head.task is Task.REGRESSION:
            answer = _numbers(way, columns, target, lesson)
        else:
            as_declared(np.empty((0, 2)), head)  # refuses outputs that are no probabilities
            several = _labels if head.task is Task.MULTILABEL else _classes
            answer = several(way, columns, target, lesson)

    def answered(asked: np.ndarray) -> np.ndarray:
        with threads_of_torch():
            return answer(asked)

    return answered


def _classes(way: Way, columns: np.ndarray, target: np.ndarray, lesson: Lesson) -> Answer:
    head, present = lesson.head, np.unique(target)
    fitted = way.classes(columns, target, Effort(lesson.seed))
    # A class that did not occur is no impossible one: as rare as one unit in all of them.
    never = 1 / (len(target) + len(head.classes))
    left = 1 - never * (len(head.classes) - len(present))

    def answer(asked: np.ndarray) -> np.ndarray:
        every = np.full((len(asked), len(head.classes)), never)
        every[:, present] = fitted(asked) * left
        return as_declared(every, head)

    return answer


def _labels(way: Way, columns: np.ndarray, target: np.ndarray, lesson: Lesson) -> Answer:
    effort = Effort(lesson.seed, fits=target.shape[1])
    fitted = [_label(way, columns, one, effort) for one in target.T]

    def answer(asked: np.ndarray) -> np.ndarray:
        return as_declared(np.stack([one(asked) for one in fitted], axis=1), lesson.head)

    return answer


def _label(way: Way, columns: np.ndarray, present: np.ndarray, effort: Effort) -> Answer:
    """The probability that a label is present."""
    if len(np.unique(present)) < 2:
        # It was always there, or never; that is no proof that it always will be.
        share = (int(present.sum()) + 1) / (len(present) + 2)
        return lambda asked: np.full(len(asked), share)
    fitted = way.classes(columns, present, effort)
    return lambda asked: fitted(asked)[:, 1]


def _numbers(way: Way, columns: np.ndarray, target: np.ndarray, lesson: Lesson) -> Answer:
    if lesson.head.quantiles:
        levels = lesson.head.quantiles
        effort = Effort(lesson.seed, fits=len(levels))
        return way.quantiles(columns, target.reshape(len(target)), levels, effort)
    each = target.reshape(len(target), -1)
    effort = Effort(lesson.seed, fits=each.shape[1])
    fitted = [way.number(columns, one, effort) for one in each.T]
    return lambda asked: np.stack([one(asked) for one in fitted], axis=1)


@contextmanager
def threads_of_torch() -> Iterator[None]:
    """Within, the machine code of scikit-learn uses as many threads as torch does."""
    with _libraries().limit(limits=torch.get_num_threads()):
        yield


@cache
def _libraries() -> ThreadpoolController:
    """The libraries that have threads of their own; found once, since that takes milliseconds."""
    import sklearn.linear_model  # noqa: F401 - loads what is to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


__all__ = ["Answer", "Effort", "Way", "learn_columns", "target_of", "threads_of_torch"]
