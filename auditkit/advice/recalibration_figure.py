"""The picture of a recalibration: reliability on the held-out half under each option."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditkit.advice.recalibration_fits import Recalibration
from auditkit.advice.recalibration_forecast import cells_of
from auditkit.evidence.subject import View
from auditkit.measurement import Figure
from auditkit.models.head import Task
from auditkit.statistics import calibration


def recalibration_figure(options: Sequence[Recalibration], view: View, n: int) -> Figure:
    """Reliability under each option.

    Args:
        options: today's first.
        view: the output.
        n: rows of the held-out half.
    """
    of = f" of {view.key}" if str(view.key) else ""
    return Figure(
        kind="recalibration",
        title=f"Reliability{of} today and after recalibration",
        caption=(
            "Each point is about a fifteenth of the held-out half; points of calibrated "
            "probabilities lie on the diagonal, and the band is where chance alone would put them. "
            "Nothing was fitted on these rows. Bars are 90 % intervals that take rows as "
            "independent."
        ),
        check="advice",
        data={
            "outcome": view.classes[1] if view.task is Task.BINARY else "the predicted class",
            "n": n,
            "points": [point for one in options for point in _points(one)],
        },
    )


def _points(one: Recalibration) -> list[dict[str, Any]]:
    return [
        {
            "option": one.title,
            "score": point.score,
            "observed": point.observed,
            "low": point.low,
            "high": point.high,
            "band_low": point.band_low,
            "band_high": point.band_high,
            "n": point.n,
        }
        for point in calibration.reliability(*cells_of(one.forecast))
    ]
