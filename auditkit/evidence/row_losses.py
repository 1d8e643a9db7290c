"""How far each row's output is from the truth: log loss, Brier score, errors of numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from auditkit.evidence.outcome_rows import FLOOR, OutcomeRows
from auditkit.models.head import Outputs, Task

RowLoss = Callable[[OutcomeRows], np.ndarray]
"""From rows to a number of each, float64 of shape (n,); lower is better."""


def row_loss(name: str, rows: OutcomeRows) -> np.ndarray:
    """One loss of each row, float64 of shape (n,); as the performance check means it.

    Args:
        name: of `ROW_LOSSES`: `log_loss` in nats, of a probability of at least 1e-12; `brier`, of
            the positive class for two classes, summed over the classes for more; `absolute_error`
            and `squared_error` of the predicted number, of quantiles the central one; `pinball`,
            the mean over the predicted quantiles.
        rows: with the outputs that the loss is of.

    Raises:
        ValueError: outputs that are not finite, or no probabilities where these are needed.
    """
    if broken := int((~np.isfinite(rows.outputs)).any(axis=1).sum()):
        raise ValueError(f"the outputs of {broken:,} of {len(rows):,} units are not finite")
    return ROW_LOSSES[name](rows)


def _log_loss(rows: OutcomeRows) -> np.ndarray:
    place = np.arange(len(rows)), rows.target
    if rows.view.head.outputs is Outputs.LOGITS:
        logs = (rows.logits - np.logaddexp.reduce(rows.logits, axis=1, keepdims=True))[place]
    else:
        logs = np.log(rows.probabilities[place].clip(FLOOR))
    return np.asarray(-np.maximum(logs, np.log(FLOOR)))


def _brier(rows: OutcomeRows) -> np.ndarray:
    probabilities = rows.probabilities
    if rows.view.task is Task.BINARY:
        found: np.ndarray = (probabilities[:, 1] - rows.target) ** 2
        return found
    of_truth = probabilities[np.arange(len(rows)), rows.target]
    return np.asarray((probabilities**2).sum(axis=1) - 2 * of_truth + 1)


def _error(rows: OutcomeRows) -> np.ndarray:
    head = rows.view.head
    number: np.ndarray = rows.outputs[:, head.central if head.quantiles else 0]
    return np.asarray(number - rows.target)


def _pinball(rows: OutcomeRows) -> np.ndarray:
    levels = np.array(rows.view.head.quantiles)
    above = rows.target[:, None] - rows.outputs
    return np.asarray(np.maximum(levels * above, (levels - 1) * above).mean(axis=1))


ROW_LOSSES: Mapping[str, RowLoss] = {
    "log_loss": _log_loss,
    "brier": _brier,
    "absolute_error": lambda rows: np.abs(_error(rows)),
    "squared_error": lambda rows: _error(rows) ** 2,
    "pinball": _pinball,
}
