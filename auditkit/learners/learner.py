"""What a learner is: something that is taught on some units, and then answers about others.

It answers as the audited model does: in the form that the head declares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from auditkit.models.head import Head


class Unteachable(Exception):  # noqa: N818 - a reason, no error
    """Why a learner cannot be taught this; a full sentence."""


@dataclass(frozen=True)
class Lesson:
    """What a learner is taught.

    Attributes:
        given: a `pandas.DataFrame` of features (numbers, and categories as such), or the prepared
            inputs, a nest of tensors on the CPU; see `Learner.wants`. A copy, which it may keep.
        target: what is to be learnt for the head, its first axis the units: class codes, int64 of
            shape (n,), of a multilabel head (n, labels); numbers of a regression.
        targets: head → target, of every head of the model; a learner of one head reads `target`.
        head: the declaration of the output.
        seed: of whatever is drawn at random.
    """

    given: Any
    target: Tensor
    targets: dict[str, Tensor]
    head: Head
    seed: int


Learnt = Callable[[Any], np.ndarray]
"""From units, given as in the lesson, to outputs as the head declares them, (n, numbers)."""


@dataclass(frozen=True)
class Learner:
    """One way to learn.

    Attributes:
        title: for people.
        wants: `features` (the raw features of a table; small inputs as numbers; else the
            embedding), `embedding` (what the audited model's layer computes), or `inputs`.
        learn: from a lesson to what was learnt; raises `Unteachable` where it cannot, for a reason
            that is no error.
        loads: modules that it imports, which the clock of a lesson does not count.
    """

    title: str
    wants: str
    learn: Callable[[Lesson], Learnt]
    loads: tuple[str, ...] = ()
