"""What a recalibration would come to on the rows that it was not fitted on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from auditkit.advice.outcomes import ACCURACY, ACCURACY_CHANGE, HELD_OUT
from auditkit.advice.recalibration_fits import Recalibration
from auditkit.advice.recalibration_forecast import Forecast, cells_of
from auditkit.advice.threshold_case import DEFINITIONS as OF_THRESHOLDS
from auditkit.evidence.basis import Sample
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.evidence.row_estimates import mean_of, share_of
from auditkit.evidence.subject import View
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Slice, Status
from auditkit.models.head import Task
from auditkit.statistics import calibration, estimates
from auditkit.statistics.absence import NoEstimateError
from auditkit.statistics.calibration_change import squared_error_gains

SQUARED_ERROR = "calibration.squared_error"
CONFIDENCE_GAP = "calibration.confidence_gap"
LOG_LOSS = "performance.log_loss"
ERROR_FALL = "advice.squared_error_fall"
LOSS_FALL = "advice.log_loss_fall"
TEMPERATURE = "advice.temperature"
FITTED = "fitted half of evaluation"
ALL = Slice()

MIN_GROUP = 50
"""Held-out rows that a group needs for its own number."""

DEFINITIONS: Mapping[str, Mapping[str, Any]] = {
    ERROR_FALL: {
        "title": "Fall of the squared calibration error",
        "definition": "Squared calibration error today minus that after recalibration on the same "
        "rows, each over 15 bins of equal size by its own score: where both rank the rows alike, "
        "what chance adds to the two cancels. Above zero is better.",
        "unit": "squared share",
        "comparison": True,
        "source": "Kumar, Liang and Ma 2019 (the error); paired by row",
    },
    LOSS_FALL: {
        "title": "Fall of the log loss",
        "definition": "Log loss today minus that after recalibration on the same rows; above zero "
        "is better.",
        "unit": "nats",
        "comparison": True,
        "source": "Good 1952; paired by row",
    },
    TEMPERATURE: {
        "title": "Temperature",
        "definition": "What logits are divided by, found by the smallest log loss on the fitted "
        "half; above 1 the model is over-confident.",
        "unit": "ratio",
        "source": "Guo and others 2017; sandwich interval of its logarithm",
    },
    ACCURACY_CHANGE: OF_THRESHOLDS[ACCURACY_CHANGE],
}

Groups = Mapping[Slice, np.ndarray]
"""A group → its held-out rows as a mask."""


def groups_of(rows: OutcomeRows) -> tuple[Groups, int]:
    """The groups that are large enough for a number of their own, and how many are not."""
    found: dict[Slice, np.ndarray] = {}
    small = 0
    for name, levels in rows.groups.items():
        for level in np.unique(levels):
            mask = levels == level
            if mask.sum() < MIN_GROUP or rows.part(mask).sample.lack:
                small += 1
            else:
                found[Slice.of({name: str(level)})] = mask
    return found, small


class Outcomes:
    """What was, or would be, measured on the held-out half.

    Args:
        rows: that half.
        today: what the model promises about them.
        seed: of the redraws behind an interval.
        fitted: what the fits rest on.

    Attributes:
        groups: the declared groups that are large enough.
        small: how many are not.
    """

    def __init__(self, rows: OutcomeRows, today: Forecast, seed: int, fitted: Sample) -> None:
        self.rows, self.today, self.seed, self.fitted = rows, today, seed, fitted
        self.groups, self.small = groups_of(rows)

    def numbers(self, one: Recalibration) -> Iterator[Measurement]:
        """Everything that is shown of one option."""
        forecast = one.forecast
        changed = forecast is not self.today
        yield self.squared_error(forecast)
        if changed:
            yield self.error_fall(forecast)
        yield self.gap(forecast)
        yield self._mean(LOG_LOSS, forecast.log_loss)
        if changed:
            yield self.loss_fall(forecast)
        if self.rows.prediction is not None:
            yield self.accuracy(forecast)
        if changed and self.moves:
            yield self.accuracy_change(forecast)
        if one.temperature is not None:
            yield _measured(self._key(TEMPERATURE, split=FITTED), one.temperature, self.fitted)
        for group in self.groups:
            yield self.gap(forecast, group)

    def squared_error(self, forecast: Forecast) -> Measurement:
        """The squared calibration error, of all rows."""
        return self._estimated(SQUARED_ERROR, partial(self._squared_error, forecast))

    def gap(self, forecast: Forecast, group: Slice = ALL) -> Measurement:
        """Mean probability minus observed share, of all rows or of a group."""
        mask = self.groups.get(group, np.ones(len(self.rows), dtype=bool))
        return self._estimated(CONFIDENCE_GAP, partial(self._gap, forecast, mask), group)

    def error_fall(self, forecast: Forecast) -> Measurement:
        """By how much the squared calibration error falls."""
        today = self.today
        return self._mean(
            ERROR_FALL, squared_error_gains(today.score, forecast.score, today.came_true)
        )

    def alike(self, one: Forecast, other: Forecast) -> bool:
        """Whether the log losses of two options differ no more than by chance."""
        interval = self._mean(LOSS_FALL, other.log_loss - one.log_loss).interval
        return interval is None or interval.low <= 0 <= interval.high

    def loss_fall(self, forecast: Forecast) -> Measurement:
        """By how much the log loss falls."""
        return self._mean(LOSS_FALL, self.today.log_loss - forecast.log_loss)

    @property
    def moves(self) -> bool:
        """Whether a recalibration can change decisions: of many classes the predicted one stays."""
        return self.rows.prediction is not None and self.rows.view.task is Task.BINARY

    def moved(self, forecast: Forecast) -> int:
        """How many rows would be decided otherwise."""
        return int((self._right(forecast) != self._right(self.today)).sum())

    def accuracy(self, forecast: Forecast) -> Measurement:
        """The share of rows decided rightly."""
        return self._estimated(ACCURACY, partial(share_of, self._right(forecast), self.rows))

    def accuracy_change(self, forecast: Forecast) -> Measurement:
        """By how much the accuracy differs from today's."""
        now, before = self._right(forecast), self._right(self.today)
        if self.rows.blocks is not None:
            return self._mean(ACCURACY_CHANGE, now.astype(np.float64) - before)
        wins, losses = int((now & ~before).sum()), int((before & ~now).sum())
        estimate = partial(estimates.paired_difference, wins, losses, len(now))
        return self._estimated(ACCURACY_CHANGE, estimate)

    def _right(self, forecast: Forecast) -> np.ndarray:
        if forecast is self.today or not self.moves:
            return self.rows.correct
        right: np.ndarray = _decided(self.rows.view, forecast) == (self.rows.target == 1)
        return right

    def _squared_error(self, forecast: Forecast) -> Estimate:
        blocks = self.rows.blocks
        if blocks is not None:
            return calibration.clustered_squared_error(*cells_of(forecast, blocks))
        return calibration.squared_error(*cells_of(forecast), seed=self.seed)

    def _gap(self, forecast: Forecast, mask: np.ndarray) -> Estimate:
        part = forecast.part(mask)
        if self.rows.blocks is not None:
            return mean_of(part.score - part.came_true, self.rows.part(mask))
        return calibration.confidence_gap(*cells_of(part))

    def _mean(self, metric: str, values: np.ndarray) -> Measurement:
        return self._estimated(metric, partial(mean_of, values, self.rows))

    def _estimated(
        self, metric: str, estimate: Callable[[], Estimate], group: Slice = ALL
    ) -> Measurement:
        """The measurement with its 90 % interval, or why there is none."""
        key, mask = self._key(metric, group), self.groups.get(group)
        sample = (self.rows if mask is None else self.rows.part(mask)).sample
        try:
            return _measured(key, estimate(), sample)
        except (NoEstimateError, ValueError) as refused:
            return _absent(key, refused, sample)

    def _key(self, metric: str, group: Slice = ALL, split: str = HELD_OUT) -> MeasurementKey:
        view = self.rows.view.key
        return MeasurementKey(metric, group, split=split, head=view.head, label=view.label)


def _measured(key: MeasurementKey, estimate: Estimate, sample: Sample) -> Measurement:
    value, interval = estimates.value(estimate), estimates.interval(estimate)
    return Measurement(
        key,
        Status.MEASURED,
        value,
        interval,
        estimate,
        sample.units,
        sample.rows,
        sampled=sample.sampled,
    )


def _absent(
    key: MeasurementKey, refused: NoEstimateError | ValueError, sample: Sample
) -> Measurement:
    status = refused.status if isinstance(refused, NoEstimateError) else Status.UNDEFINED
    text = str(refused).rstrip(".")
    return Measurement(
        key,
        status,
        units=sample.units,
        rows=sample.rows,
        reason=f"{text[:1].upper()}{text[1:]}.",
        sampled=sample.sampled,
    )


def _decided(view: View, forecast: Forecast) -> np.ndarray:
    """Which rows of a binary output the declared decision takes for positive."""
    decision = view.head.decision
    if decision is None or decision.rule == "argmax":
        return forecast.odds > 0
    return forecast.score >= decision.threshold
