"""What the model answered when it was asked again about a sample, or why it was not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Answers:
    """The outputs of one head for the units of a sample, under one variant.

    Attributes:
        outputs: as the model returned them, float32 of shape (repeats, n, numbers).
        embedding: what the layer asked for computed in the last repeat, float32 of shape (n, d), d
            at most 64; None where none was asked for, or the layer gave none.
        lacking: why there is no embedding where one was asked for; "" otherwise.
        notes: sentences that qualify whatever is measured from these.
    """

    outputs: np.ndarray
    embedding: np.ndarray | None = None
    lacking: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class NotAnswered:
    """The reason why the model was not asked; a full sentence."""

    reason: str
