"""What a model errs, unit by unit: one loss for each kind of output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from auditkit.checks.unmet_views import of_decisions, of_numbers, of_probabilities
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.evidence.row_losses import row_loss
from auditkit.evidence.subject import View


@dataclass(frozen=True)
class Loss:
    """One loss.

    Attributes:
        name: the end of its metrics' ids.
        title: of the gain, for people.
        axis: of the loss, for people.
        unit: as of a metric.
        unmet: why a view does not have it; "" if it does, None if the question does not arise.
        of: from rows to a number of each, float64 of shape (n,); the lower the better.
        hits: whether it is 0 or 1.
    """

    name: str
    title: str
    axis: str
    unit: str
    unmet: Callable[[View], str | None]
    of: Callable[[OutcomeRows], np.ndarray]
    hits: bool = False


def _wrong(rows: OutcomeRows) -> np.ndarray:
    return np.asarray(~rows.correct, dtype=np.float64)


LOSSES = (
    Loss("gain", "Accuracy", "share of wrong decisions", "share", of_decisions, _wrong, hits=True),
    Loss(
        "log_loss", "Log loss", "log loss", "nats", of_probabilities, partial(row_loss, "log_loss")
    ),
    Loss(
        "absolute_error",
        "Mean absolute error",
        "mean absolute error",
        "units of the target",
        of_numbers,
        partial(row_loss, "absolute_error"),
    ),
)


def losses_of(view: View) -> tuple[Loss, ...]:
    """The losses that a view may have."""
    return tuple(loss for loss in LOSSES if loss.unmet(view) is not None)
