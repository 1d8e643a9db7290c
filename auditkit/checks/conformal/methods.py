"""Methods of conformal prediction as a table: the score of the truth, and how large answers get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from auditkit.evidence.hashing import hashes
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.evidence.subject import View
from auditkit.models.head import Task
from auditkit.statistics.conformal import (
    APS,
    RAPS,
    Penalty,
    adaptive_scores,
    adaptive_sizes,
    lac_scores,
    lac_sets,
)
from auditkit.statistics.conformal_regression import quantile_scores, residual_scores, widths

# Far from any seed that a user would choose for a sample, so that sets and samples stay apart.
_DRAW_SEED = 0x73_65_74_73


@dataclass(frozen=True, eq=False)
class Drawn:
    """Rows, and the random part that an adaptive set has of each.

    Attributes:
        rows: outputs and outcomes.
        parts: numbers in [0, 1], float64 of shape (n,).
    """

    rows: OutcomeRows
    parts: np.ndarray

    def part(self, chosen: np.ndarray) -> Drawn:
        """Some of the rows, by a mask."""
        return Drawn(self.rows.part(chosen), self.parts[chosen])


def drawn(rows: OutcomeRows, seed: int) -> Drawn:
    """The random part of each row, from a keyed hash of its id: the same in whatever order."""
    return Drawn(rows, hashes(rows.keys, _DRAW_SEED ^ seed) / 2.0**64)


@dataclass(frozen=True)
class Method:
    """One way to answer with a set or an interval.

    Attributes:
        name: of the method, as reviewers know it.
        scores: the conformity score of each row's true outcome, of shape (n,).
        extents: from rows and a threshold to the number of classes in each set, or to the width of
            each interval, of shape (n,).
        constant: whether all answers have the same extent by design.
    """

    name: str
    scores: Callable[[Drawn], np.ndarray]
    extents: Callable[[Drawn, float], np.ndarray]
    constant: bool = False


def _adaptive(name: str, penalty: Penalty) -> Method:
    return Method(
        name,
        lambda one: adaptive_scores(one.rows.probabilities, one.rows.target, one.parts, penalty),
        lambda one, limit: adaptive_sizes(one.rows.probabilities, one.parts, limit, penalty),
    )


LAC = Method(
    "LAC",
    lambda one: lac_scores(one.rows.probabilities, one.rows.target),
    lambda one, limit: np.count_nonzero(lac_sets(one.rows.probabilities, limit), axis=1),
)
RESIDUAL = Method(
    "residual",
    lambda one: residual_scores(one.rows.outputs[:, 0], one.rows.target),
    lambda one, limit: np.full(len(one.rows), 2 * limit),
    constant=True,
)
CQR = Method(
    "CQR",
    lambda one: quantile_scores(one.rows.outputs[:, 0], one.rows.outputs[:, -1], one.rows.target),
    lambda one, limit: widths(one.rows.outputs[:, 0], one.rows.outputs[:, -1], limit),
)
SETS = (LAC, _adaptive("APS", APS), _adaptive("RAPS", RAPS))


def methods_of(view: View) -> tuple[Method, ...]:
    """The methods that a view is measured with, that of its groups and classes first.

    Up to as many classes as are free of charge RAPS is APS, and left out. A head of quantiles has
    intervals between its outer pair, any other regression around what it predicts.
    """
    if view.task is Task.REGRESSION:
        return (CQR,) if len(view.head.quantiles) > 1 else (RESIDUAL,)
    return SETS if len(view.classes) > RAPS.free else SETS[:2]
