"""How well a score tells wrong answers from right ones."""

from __future__ import annotations

import numpy as np

from auditkit.checks.answer_rows import AnswerRows
from auditkit.checks.estimation import MIN_KEPT, telling, too_few, undefined
from auditkit.measurement import Estimate
from auditkit.statistics.cautious_auc import cautious_auc
from auditkit.statistics.rejection import prediction_rejection
from auditkit.statistics.selective import risk_coverage
from auditkit.statistics.sides import Sides

FEWEST = 5
"""Wrong answers and right ones that it takes."""


def auroc(values: np.ndarray, rows: AnswerRows) -> Estimate:
    """The probability that a random wrong answer scores above a random right one.

    Args:
        values: of each row, finite, higher meaning riskier, float64 of shape (n,).
        rows: right and wrong answers.

    Raises:
        NoEstimateError: too few are wrong, or too few right.
    """
    refuse_few(rows)
    return cautious_auc(sides_of(values, rows))


def rejection_ratio(values: np.ndarray, rows: AnswerRows) -> Estimate:
    """How much of what the best order of answers would gain a score gains; see `auroc`.

    Raises:
        NoEstimateError: as `auroc`; or all scores are equal, and nothing is ordered.
    """
    refuse_few(rows)
    if not np.ptp(values):
        raise undefined("All answers have the same score, so that nothing is put in order.")
    return prediction_rejection(risk_coverage(-values, rows.wrong), rows.blocks)


def sides_of(values: np.ndarray, rows: AnswerRows) -> Sides:
    """Scores of wrong answers (inside) and of right ones, with their clusters."""
    wrong = rows.wrong
    units = None
    if rows.clusters is not None:
        ids = np.unique(rows.clusters, return_inverse=True)[1].astype(np.int64)
        units = ids[wrong], ids[~wrong]
    return Sides(values[wrong], values[~wrong], units)


def refuse_few(rows: AnswerRows) -> None:
    """Refuse to rank answers of which too few are wrong, or too few right.

    Raises:
        NoEstimateError: `too_few`.
    """
    if len(rows) < MIN_KEPT:
        raise telling("Too few answers are right or wrong")
    wrong = int(rows.wrong.sum())
    right = len(rows) - wrong
    if min(wrong, right) >= FEWEST:
        return
    side, few = ("wrong", wrong) if wrong < FEWEST else ("right", right)
    raise too_few(
        f"Of {len(rows):,} answers {few} {'is' if few == 1 else 'are'} {side}; to tell them apart "
        f"takes at least {FEWEST} that are wrong and {FEWEST} that are right."
    )


__all__ = ["FEWEST", "auroc", "refuse_few", "rejection_ratio", "sides_of"]
