"""Probabilities and numbers in the form that a head declares."""

from __future__ import annotations

import numpy as np
from scipy.special import logit

from auditkit.learners.learner import Unteachable
from auditkit.models.head import Head, Outputs, Task

FLOOR = 1e-12
"""The smallest probability that a logarithm is taken of."""


def as_declared(probabilities: np.ndarray, head: Head) -> np.ndarray:
    """Probabilities as the outputs of a head.

    Args:
        probabilities: of each class, float64 of shape (n, classes); of a binary head (n, 2), of a
            multilabel head those of each label, (n, labels).
        head: the declaration.

    Returns:
        float64; of a binary head (n, 1), else as given.

    Raises:
        Unteachable: the head declares neither logits nor probabilities.

    Example:
        >>> head = Head("", Task.BINARY, Outputs.LOGITS)
        >>> as_declared(np.array([[0.25, 0.75]]), head).round(3).tolist()
        [[1.099]]
    """
    if not head.probabilistic:
        raise Unteachable(
            "The outputs are declared as neither logits nor probabilities, so no other model's "
            "can be put in their place."
        )
    one_by_one = head.task in (Task.BINARY, Task.MULTILABEL)
    shown = probabilities[:, 1:] if head.task is Task.BINARY else probabilities
    if head.outputs is Outputs.PROBABILITIES:
        return np.asarray(shown)
    if one_by_one:
        return np.asarray(logit(shown.clip(FLOOR, 1 - FLOOR)))
    return np.asarray(np.log(shown.clip(FLOOR, 1)))
