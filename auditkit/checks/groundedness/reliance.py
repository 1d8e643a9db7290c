"""How much likelier its context makes an answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditkit.checks.answer_rows import AnswerRows
from auditkit.checks.estimation import telling, undefined
from auditkit.evidence.row_estimates import mean_of
from auditkit.generation.evidence import GenerationEvidence
from auditkit.generation.parts import WITHOUT_CONTEXT
from auditkit.measurement import Estimate
from auditkit.statistics.absence import MIN_KEPT


@dataclass(frozen=True, eq=False)
class Reliant:
    """The answers of which it is known how likely they are with their context and without.

    Attributes:
        rows: n answers.
        gains: mean over each answer's tokens of ln p(with) − ln p(without), nats, shape (n,).
        reason: why there are none; "" if there are.
    """

    rows: AnswerRows
    gains: np.ndarray
    reason: str = ""


def reliant(rows: AnswerRows) -> Reliant:
    """Those of the answers that hold something and were heard in both ways."""
    gains = np.array([_gain(one) for one in rows.generations.rows])
    known = np.isfinite(gains)
    reason = rows.generations.reasons.get(WITHOUT_CONTEXT, "")
    return Reliant(
        rows.part(known),
        gains[known],
        "" if known.any() else reason or "No answer was heard with its context and without it.",
    )


def reliance(found: Reliant, members: np.ndarray) -> Estimate:
    """The mean gain of some answers.

    Args:
        found: all of them.
        members: which, bool of shape (n,).

    Raises:
        NoEstimateError: there are none, or fewer than five.
    """
    if found.reason:
        raise undefined(found.reason)
    if 0 < members.sum() < MIN_KEPT:
        raise telling("There are too few answers with a context")
    return mean_of(found.gains[members], found.rows.part(members))


def _gain(row: GenerationEvidence) -> float:
    """NaN where one of the two is not known."""
    inside, outside = row.greedy.log_probs, row.without_context
    if inside is None or outside is None or not len(inside) == len(outside) > 0:
        return float("nan")
    return float((inside.astype(np.float64) - outside).mean())


__all__ = ["Reliant", "reliance", "reliant"]
