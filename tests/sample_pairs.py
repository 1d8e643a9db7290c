"""Rows of two models on the same units, made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.evidence.paired_rows import PairedRows
from auditkit.evidence.subject import View, views_of
from auditkit.models.head import Decision, Head, Outputs, Task

DECIDING = Head("", Task.BINARY, Outputs.PROBABILITIES, decision=Decision(threshold=0.5))


def rows_of(
    outputs: ArrayLike,
    target: np.ndarray,
    head: Head = DECIDING,
    prediction: np.ndarray | None = None,
    **more: Any,
) -> OutcomeRows:
    """Rows with these outputs and true outcomes."""
    view: View = views_of(head)[0]
    n, given = len(target), np.asarray(outputs, dtype=np.float64)
    kept = {
        "held_out": np.zeros(n, dtype=bool),
        "clusters": None,
        "keys": np.arange(n, dtype=np.uint64),
        "groups": {},
        "drawn": "",
        "sampled": False,
        **more,
    }
    return OutcomeRows(view, given.reshape(n, -1), np.asarray(target), prediction, **kept)


def right_and_wrong(wins: int, losses: int, n: int, **more: Any) -> PairedRows:
    """Two models on n units: `wins` only the first is right about, `losses` only the second."""
    target = np.arange(n) % 2
    first, second = target.copy(), target.copy()
    second[:wins] = 1 - target[:wins]
    first[wins : wins + losses] = 1 - target[wins : wins + losses]
    sides = (rows_of(0.2 + 0.6 * side, target, prediction=side, **more) for side in (first, second))
    return PairedRows(*sides)
