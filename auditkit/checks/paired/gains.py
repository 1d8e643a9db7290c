"""What is compared of two models on the same units: a table, one row a measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from auditkit.checks.unmet_views import of_decisions, of_numbers, of_probabilities
from auditkit.evidence.paired_rows import (
    PairedRows,
    accuracy_gain,
    loss_gain,
    only_first_right,
    only_second_right,
)
from auditkit.evidence.row_losses import row_loss
from auditkit.evidence.subject import View
from auditkit.measurement import Direction, Estimate, Metric

MARGIN = 0.01
"""A difference that does not matter: of accuracy a hundredth, of log loss a hundredth of a nat, of
the Brier score a hundredth, of an error of numbers a hundredth of what the second errs."""


@dataclass(frozen=True)
class Gain:
    """One measure of how much better the first of two models is.

    Attributes:
        name: the part of the metric's id after the family.
        title: what a reviewer reads.
        of: what is compared, as it stands in a sentence.
        unit: as of a metric.
        unmet: why a view does not have it; "" if it does, None if the question does not arise.
        estimate: from the rows; positive where the first is better.
        bounded: whether it lies between −1 and 1.
        loss: the loss, a hundredth of whose mean is the margin; "" where the margin is `MARGIN`.
    """

    name: str
    title: str
    of: str
    unit: str
    unmet: Callable[[View], str | None]
    estimate: Callable[[PairedRows], Estimate]
    bounded: bool = False
    loss: str = ""

    def margin(self, pair: PairedRows) -> float:
        """The difference that does not matter.

        Raises:
            ValueError: the second's outputs are not finite.
        """
        if not self.loss:
            return MARGIN
        return MARGIN * float(row_loss(self.loss, pair.second).mean()) if len(pair) else 0.0

    def metric(self, family: str, first: str, second: str, source: str = "") -> Metric:
        """Its definition in a check.

        Args:
            family: name of the check.
            first, second: what the two are called, as they stand in a sentence.
            source: of the interval; that of the method by default.
        """
        order = (
            f"{first} minus that of {second}"
            if self.name == ACCURACY
            else f"{second} minus that of {first}"
        )
        return Metric(
            id=f"{family}.{self.name}",
            title=self.title,
            definition=f"{self.of} of {order}, on the same units: how much better {first} is.",
            unit=self.unit,
            direction=Direction.HIGHER,
            low=-1 if self.bounded else None,
            high=1 if self.bounded else None,
            source=source or _SOURCES.get(self.name, "paired mean; Student 1908"),
            comparison=True,
        )


ACCURACY = "accuracy_gain"
_SOURCES = {ACCURACY: "McNemar 1947, exact; interval of Tango 1998 or wider"}


def _has_quantiles(view: View) -> str | None:
    return "" if view.head.quantiles else None


GAINS = (
    Gain(
        ACCURACY,
        "Accuracy gained",
        "Accuracy",
        "share",
        of_decisions,
        accuracy_gain,
        bounded=True,
    ),
    Gain(
        "log_loss_gain",
        "Log loss saved",
        "Log loss",
        "nats",
        of_probabilities,
        partial(loss_gain, "log_loss"),
    ),
    Gain(
        "brier_gain",
        "Brier score saved",
        "Brier score",
        "squared share",
        of_probabilities,
        partial(loss_gain, "brier"),
    ),
    Gain(
        "absolute_error_gain",
        "Absolute error saved",
        "Mean absolute error",
        "units of the target",
        of_numbers,
        partial(loss_gain, "absolute_error"),
        loss="absolute_error",
    ),
    Gain(
        "squared_error_gain",
        "Squared error saved",
        "Mean squared error",
        "squared units of the target",
        of_numbers,
        partial(loss_gain, "squared_error"),
        loss="squared_error",
    ),
    Gain(
        "pinball_gain",
        "Pinball loss saved",
        "Mean pinball loss over the predicted quantiles",
        "units of the target",
        _has_quantiles,
        partial(loss_gain, "pinball"),
        loss="pinball",
    ),
)


@dataclass(frozen=True)
class Flip:
    """One of the two ways in which decisions on the same units differ.

    Attributes:
        name: the part of the metric's id after the family.
        estimate: the share of the units.
    """

    name: str
    estimate: Callable[[PairedRows], Estimate]

    def metric(self, family: str, first: str, second: str) -> Metric:
        """Its definition in a check; see `Gain.metric`."""
        right, wrong = (first, second) if self.name == FLIPS[0].name else (second, first)
        return Metric(
            id=f"{family}.{self.name}",
            title=f"Right by {right} alone",
            definition=f"Share of units that {right} is right about and {wrong} is wrong about.",
            unit="share",
            direction=Direction.HIGHER if right == first else Direction.LOWER,
            low=0,
            high=1,
            source="interval of Wilson 1927",
        )


FLIPS = (Flip("units_gained", only_first_right), Flip("units_lost", only_second_right))


def gains_of(view: View) -> Iterator[Gain]:
    """What may be compared of a view."""
    yield from (gain for gain in GAINS if gain.unmet(view) is not None)


def leading(view: View) -> Gain | None:
    """What a view is judged by first, and by group; None where nothing is compared.

    Accuracy where decisions are made, else the log loss; of numbers the absolute error.
    """
    return next((gain for gain in gains_of(view) if not gain.unmet(view)), None)
