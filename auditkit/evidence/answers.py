"""What the model answered when it was asked again about a sample, or why it was not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MAX_BYTES = 64 << 20
"""How much the outputs of one need take at most: of many repeats or classes fewer units are asked.
"""


@dataclass(frozen=True, eq=False)
class Answers:
    """The outputs of one head for the units of a sample, under one variant.

    Attributes:
        outputs: as the model returned them, float32 of shape (repeats, n, numbers).
        predictions: the classes predicted, decided before the outputs were rounded to float32,
            int64 of shape (repeats, n), of a multilabel head (repeats, n, labels); None where the
            head decides nothing.
        embedding: what the layer asked for computed in the last repeat, float32 of shape (n, d), d
            at most 64; None where none was asked for, or the layer gave none.
        lacking: why there is no embedding where one was asked for; "" otherwise.
        stuck: of which units an attack had no gradient to follow, bool of shape (n,); None where
            nothing was attacked.
        untouched: of which units the inputs were what they are without the variant, bool of shape
            (n,); None where that is not asked.
    """

    outputs: np.ndarray
    predictions: np.ndarray | None = None
    embedding: np.ndarray | None = None
    lacking: str = ""
    stuck: np.ndarray | None = None
    untouched: np.ndarray | None = None


@dataclass(frozen=True)
class NotAnswered:
    """The reason why the model was not asked; a full sentence."""

    reason: str
