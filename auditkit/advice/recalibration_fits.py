"""The ways to recalibrate: each fitted on one half of the rows, and applied to the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from auditkit.advice.recalibration_forecast import Forecast, forecast_of
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.measurement import Estimate
from auditkit.models.head import Outputs, Task
from auditkit.statistics import estimates
from auditkit.statistics.isotonic import fit_isotonic
from auditkit.statistics.platt import fit_platt
from auditkit.statistics.temperature import fit_temperature

TODAY = "Today"


@dataclass(frozen=True, eq=False)
class Recalibration:
    """One way to recalibrate, applied to the rows that it was not fitted on.

    Attributes:
        title: its name.
        forecast: what would be promised about the held-out rows.
        told: how an engineer applies it, with its parameters, full sentences.
        temperature: the temperature with its uncertainty; None where there is none.
    """

    title: str
    forecast: Forecast
    told: str = ""
    temperature: Estimate | None = None


def fitted(rows: OutcomeRows) -> tuple[Recalibration, ...]:
    """Today's promises about the held-out rows, and what each way to recalibrate makes of them."""
    learnt, held_out = rows.part(~rows.held_out), rows.part(rows.held_out)
    today = Recalibration(TODAY, forecast_of(held_out))
    return today, *(way(title, learnt, held_out) for title, way in _WAYS.items())


def _temperature(title: str, learnt: OutcomeRows, held_out: OutcomeRows) -> Recalibration:
    found = fit_temperature(learnt.logits, learnt.target, learnt.blocks)
    span, curve = "", "logistic function" if held_out.logits.shape[1] == 2 else "softmax"
    if found.estimate is not None:
        interval = estimates.interval(found.estimate)
        span = f" (90 % interval {interval.low:.3g} to {interval.high:.3g})"
    caveat = f" {found.caveat}" if found.caveat else ""
    told = (
        f"{title}: divide the {_logits(learnt)} by {found.value:.3f}{span} before the {curve}."
        f"{caveat} The classes of a row keep their order."
    )
    return Recalibration(title, forecast_of(held_out, found.value), told, found.estimate)


def _platt(title: str, learnt: OutcomeRows, held_out: OutcomeRows) -> Recalibration:
    known, promised = forecast_of(learnt), forecast_of(held_out)
    found = fit_platt(known.odds, known.came_true)
    turned = " Its slope is below zero, so that it turns the ranking round." * (found.slope < 0)
    told = (
        f"{title}: the log-odds of {_promise(learnt)} become {_number(found.slope)} times "
        f"themselves, {_number(found.intercept, signed=True)}.{turned}{_others(learnt)}"
    )
    return Recalibration(title, promised.revised(found.log_odds(promised.odds)), told)


def _isotonic(title: str, learnt: OutcomeRows, held_out: OutcomeRows) -> Recalibration:
    known, promised = forecast_of(learnt), forecast_of(held_out)
    found = fit_isotonic(known.score, known.came_true)
    # Smoothed outcomes keep every value off 0 and 1, so that its log-odds are finite.
    odds = np.asarray(logit(found.apply(promised.score)))
    told = (
        f"{title}: the probability of {_promise(learnt)} follows a rising line with "
        f"{found.levels:,} levels, which makes some rows equal that are not so today. Its knots "
        "are the scores of single rows, so that they are not kept here: fit it anew on rows that "
        f"are set aside (scikit-learn's IsotonicRegression does).{_others(learnt)}"
    )
    return Recalibration(title, promised.revised(odds), told)


_WAYS: Mapping[str, Callable[[str, OutcomeRows, OutcomeRows], Recalibration]] = {
    "Temperature scaling": _temperature,
    "Platt scaling": _platt,
    "Isotonic regression": _isotonic,
}
WAYS = len(_WAYS)


def _logits(rows: OutcomeRows) -> str:
    if rows.view.head.outputs is Outputs.LOGITS:
        return "logits"
    binary = rows.view.task is Task.BINARY
    return "log-odds" if binary else "logarithms of the probabilities"


def _promise(rows: OutcomeRows) -> str:
    if rows.view.task is Task.BINARY:
        return f"{rows.view.classes[1]!r}"
    return "the predicted class"


def _others(rows: OutcomeRows) -> str:
    if rows.view.task is Task.BINARY:
        return ""
    return " The other classes share what is left as they do today."


def _number(number: float, *, signed: bool = False) -> str:
    """A parameter to three decimals: `0.335`, or `plus 0.012` and `less 0.012` where it is added.

    >>> _number(-0.3351), _number(-0.012, signed=True)
    ('−0.335', 'less 0.012')
    """
    digits = f"{abs(number):.3f}"
    if signed:
        return f"{'less' if number < 0 else 'plus'} {digits}"
    return f"−{digits}" if number < 0 else digits
