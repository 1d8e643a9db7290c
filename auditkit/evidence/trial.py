"""What a learner answered about the samples of both splits, or why it was not taught."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

FAILED = "A learner could not be taught: "
"""How the reason begins where a learner raised: nothing that more units would mend."""


@dataclass(frozen=True, eq=False)
class Trial:
    """What a learner answered.

    The rows are those of each split's sample that were offered to learners, in its order.

    Attributes:
        outputs: split → as the head declares them, float64 of shape (n, numbers).
        predictions: split → classes that they decide for, as in `Answers`; None where nothing is
            decided.
        taught: which units of the training split's it was taught on, bool of shape (n,).
        seconds: how long the teaching took, of the wall clock.
        answering: how long it took to answer for one unit of the evaluation split, in seconds, in
            one batch of all.
        title: of the learner, for people.
        label_of: whose label it was taught of each unit of the training split's: that of the unit
            at this place, which is another one where labels were permuted; -1 where it was not
            taught, int64 of shape (n,).
        features: how many numbers and categories it was given of a unit; 0 where it was given
            inputs.
        basis: what it was given: `features`, `inputs` (as numbers), or `embedding`; "" where the
            prepared inputs themselves.
        parameters: how many the audited model has; None where it is not here, or no module.
    """

    outputs: Mapping[str, np.ndarray]
    predictions: Mapping[str, np.ndarray | None]
    taught: np.ndarray
    seconds: float
    answering: float
    title: str
    label_of: np.ndarray
    features: int = 0
    basis: str = ""
    parameters: int | None = None


@dataclass(frozen=True)
class NotTried:
    """The reason why a learner was not taught; a full sentence."""

    reason: str
