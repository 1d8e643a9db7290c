"""What a model promises about each row, as log-odds: the form in which it is recalibrated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import expit, log_expit, logsumexp

from auditkit.evidence.outcome_rows import FLOOR, OutcomeRows
from auditkit.models.head import Task
from auditkit.statistics.score_cells import CELLS


@dataclass(frozen=True, eq=False)
class Forecast:
    """A promise for each row, and whether it came true.

    Of two classes the promise is about the positive one. Of more it is about the class that is
    predicted: the class stays, and its confidence is what a recalibration changes. The other
    classes then share what is left in the proportions that the model gives them.

    Attributes:
        odds: log-odds of what is promised, float64 of shape (n,).
        came_true: whether the class is the positive one, or the predicted class the true one, bool
            of shape (n,).
        rest: logarithm of the true class's share of what is left where the promise did not come
            true, float64 of shape (n,); 0 where it did, and of two classes.
    """

    odds: np.ndarray
    came_true: np.ndarray
    rest: np.ndarray

    def __len__(self) -> int:
        return len(self.odds)

    @cached_property
    def score(self) -> np.ndarray:
        """The probability promised, float64 of shape (n,)."""
        return np.asarray(expit(self.odds))

    @cached_property
    def log_loss(self) -> np.ndarray:
        """−ln of the true class's probability (not under 1e-12), float64 of shape (n,)."""
        kept, missed = log_expit(self.odds), log_expit(-self.odds) + self.rest
        given = np.where(self.came_true, kept, missed)
        return np.asarray(-np.maximum(given, np.log(FLOOR)))

    def part(self, mask: np.ndarray) -> Forecast:
        """Some of the rows."""
        return Forecast(self.odds[mask], self.came_true[mask], self.rest[mask])

    def revised(self, odds: np.ndarray) -> Forecast:
        """The same rows with other log-odds."""
        return replace(self, odds=odds)


def forecast_of(rows: OutcomeRows, temperature: float = 1.0) -> Forecast:
    """What the model promises about some rows.

    Args:
        rows: of an output that gives probabilities.
        temperature: that its logits are divided by.
    """
    logits = rows.logits / temperature
    if rows.view.task is Task.BINARY:
        odds = logits[:, 1] - logits[:, 0]
        return Forecast(odds, rows.target == 1, np.zeros(len(odds)))
    return _of_predicted_class(logits, rows.target, rows.correct, rows.prediction)


def _of_predicted_class(
    logits: np.ndarray, target: np.ndarray, correct: np.ndarray, predicted: np.ndarray | None
) -> Forecast:
    places = np.asarray(predicted)[:, None]
    top = np.take_along_axis(logits, places, axis=1)[:, 0]
    truth = np.take_along_axis(logits, target[:, None], axis=1)[:, 0]
    others = logits.copy()
    np.put_along_axis(others, places, -np.inf, axis=1)
    left = logsumexp(others, axis=1)
    return Forecast(top - left, correct, np.where(correct, 0.0, truth - left))


def cells_of(forecast: Forecast, blocks: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
    """Rows that did not come true, rows that did, and sums of scores, by cell of the score.

    Returns:
        Three arrays of shape (cells,), or with blocks (blocks, cells).
    """
    width, score, came_true = CELLS, forecast.score, forecast.came_true
    place = np.minimum((score * width).astype(np.intp), width - 1)
    shape: tuple[int, ...] = (width,)
    if blocks is not None:
        place, shape = place + blocks * width, (int(blocks.max()) + 1, width)
    size = int(np.prod(shape))
    return (
        np.bincount(place[~came_true], minlength=size).reshape(shape),
        np.bincount(place[came_true], minlength=size).reshape(shape),
        np.bincount(place, weights=score, minlength=size).reshape(shape),
    )
