"""Where the learning curve may lead: an extrapolation to twice the data, with what it missed.

It is drawn and told, and never judged: curves through a few sizes are often wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from auditkit.checks.data_sufficiency.ladder import Climbed
from auditkit.checks.data_sufficiency.losses import Loss
from auditkit.checks.estimation import MIN_KEPT, drawn_ends
from auditkit.measurement import Figure
from auditkit.statistics import estimates
from auditkit.statistics.learning_curve import FEWEST, PowerLaw, back_test, fitted
from auditkit.statistics.widths import half_width

FURTHEST = 2.0
_DRAWN = 12


@dataclass(frozen=True)
class Curve:
    """Mean losses by training size, and the power law through them.

    Attributes:
        sizes: numbers of training units, ascending, float64 of shape (k,).
        errors: mean loss at each, shape (k,).
        half_width: of the interval of the last of them.
        law: the power law; None with fewer than four sizes.
        missed: by how much the law without the largest size misses that size, said minus seen.
    """

    sizes: np.ndarray
    errors: np.ndarray
    half_width: float
    law: PowerLaw | None
    missed: float

    @property
    def gain(self) -> float:
        """By how much the law says that the loss falls if the training data are doubled.

        Raises:
            ValueError: there is no law.
        """
        if self.law is None:
            raise ValueError("no power law was fitted")
        now, then = self.law.errors(self.sizes[-1] * np.array([1.0, FURTHEST]))
        return float(now - then)

    def reach(self, size: float) -> float:
        """Half the width of the fan at a size from the largest to twice it.

        What was missed in the back-test, which foretold one doubling too, grows with the part of
        the doubling; the interval of the largest size is beside it.
        """
        return math.hypot(self.half_width, self.missed * math.log2(size / self.sizes[-1]))


def curve_of(climb: Climbed, loss: Loss) -> Curve | None:
    """The curve of the steps that were taught; None without the largest, or with few units.

    Raises:
        ValueError: a loss that is not finite.
    """
    if isinstance(climb.steps[0], str) or len(climb.taught[-1].rows[0]) < MIN_KEPT:
        return None
    means = [step.mean(loss) for step in climb.taught]
    sizes = np.array([step.size for step in climb.taught])
    errors = np.array([mean.value for mean in means])
    width = half_width(means[-1].estimate)
    law, missed = None, 0.0
    sure = math.isfinite(width) and not climb.taught[-1].rows[0].sample.lack
    if len(sizes) > FEWEST and sure:
        law, missed = fitted(sizes, errors), back_test(sizes, errors)
    return Curve(sizes, errors, width, law, missed)


def told(curve: Curve, *, frozen: bool) -> str:
    """The sentences that go with the gain of an extrapolation."""
    whose = " Of the last layer alone, on frozen features." if frozen else ""
    return (
        f"Extrapolation to {curve.sizes[-1] * FURTHEST:,.0f} training units, no measurement: the "
        f"same curve, fitted without the largest size, missed that by {abs(curve.missed):.3g}."
        f"{whose}"
    )


def figure_of(climb: Climbed, loss: Loss, curve: Curve) -> Figure:
    """The steps with their intervals, the curve, and its extrapolation as a fan."""
    of = " ".join(part for part in (climb.view.key.head, climb.view.key.label) if part)
    frozen = "; only the last layer is taught, on frozen features" if climb.ladder.frozen else ""
    beyond = "" if curve.law is None else " What is dashed is an extrapolation and no measurement."
    return Figure(
        kind="learning_curve",
        title=f"What more training data bring{f' ({of})' if of else ''}",
        caption=(
            f"The {loss.axis} on the same evaluation units after training on fewer units{frozen}."
            f"{beyond}"
        ),
        check="data_sufficiency",
        data={
            "value_label": loss.axis,
            "unit": loss.unit,
            "frozen": climb.ladder.frozen,
            "n": len(climb.taught[-1].rows[0]),
            "draws": climb.ladder.draws,
            "points": _points(climb, loss),
            "curve": [] if curve.law is None else _line(curve),
            "extrapolation": [] if curve.law is None else _fan(curve),
            "back_test": None if curve.law is None else curve.missed,
        },
    )


def _points(climb: Climbed, loss: Loss) -> list[dict[str, Any]]:
    points = []
    for step in climb.taught:
        mean = step.mean(loss)
        lack = step.rows[0].sample.lack  # an interval would not be honest
        ends = drawn_ends(None if lack else estimates.interval(mean.estimate))
        within = {end: None if at is None else max(at, 0.0) for end, at in ends.items()}
        points.append({"size": step.size, "value": mean.value, **within})
    return points


def _line(curve: Curve) -> list[dict[str, Any]]:
    assert curve.law is not None
    sizes = np.geomspace(curve.sizes[0], curve.sizes[-1], 4 * _DRAWN)
    pairs = zip(sizes.tolist(), curve.law.errors(sizes).tolist(), strict=True)
    return [{"size": size, "value": value} for size, value in pairs]


def _fan(curve: Curve) -> list[dict[str, Any]]:
    assert curve.law is not None
    sizes = np.geomspace(curve.sizes[-1], curve.sizes[-1] * FURTHEST, _DRAWN)
    fan = []
    for size, value in zip(sizes.tolist(), curve.law.errors(sizes).tolist(), strict=True):
        reach = curve.reach(max(size, float(curve.sizes[-1])))
        fan.append(
            {"size": size, "value": value, "low": max(value - reach, 0.0), "high": value + reach}
        )
    return fan
