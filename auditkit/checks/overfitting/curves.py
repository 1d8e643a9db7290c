"""What the training log shows: when the validation loss was best, and how far it rose after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from auditkit.checks.check import BETWEEN, Findings
from auditkit.checks.estimation import Sample, absent, measured
from auditkit.checks.overfitting.metrics import BEST_EPOCH, LOSS_AFTER_BEST
from auditkit.data.training_logs import Curve, Pair, TrainingLog, pairs_of
from auditkit.evidence.subject import Subject
from auditkit.measurement import Figure, Measurement, MeasurementKey, Status
from auditkit.statistics import estimates

MOST_PAIRS = 12
MOST_POINTS = 400
"""Of one curve that are kept for the picture; a screen shows no more."""

_NO_LOG = (
    "No training log is given, so how the losses went while the model was trained is not known; "
    "declare training_log to see it."
)
_NO_LOSS = (
    "The training log holds no validation loss: no name in it says loss, and val, valid, "
    "validation, eval, dev or test."
)
_ONE_RUN = (
    "A fact about the one training that was logged; it has no interval, since how another would go "
    "is not known."
)


def curve_findings(subject: Subject) -> Findings:
    """The best validation losses, how far the last lie above them, and a picture of the curves."""
    log = subject.training_log
    if log is None:
        return Findings(tuple(_without(Status.NOT_APPLICABLE, _NO_LOG)))
    pairs = pairs_of(log.curves)
    losses = [pair for pair in pairs if pair.falls]
    found = [one for pair in losses[:MOST_PAIRS] for one in _of_pair(pair)]
    return Findings(
        tuple(found or _without(Status.UNDEFINED, _NO_LOSS)),
        _figures(log, pairs),
        _notes(log, pairs),
    )


def _without(status: Status, reason: str) -> Iterator[Measurement]:
    for metric in (BEST_EPOCH, LOSS_AFTER_BEST):
        yield absent(MeasurementKey(metric.id, split=BETWEEN), status, reason, Sample(0))


def _of_pair(pair: Pair) -> Iterator[Measurement]:
    curve = pair.validation
    best = int(np.argmin(curve.values))
    sample = Sample(len(curve.values))
    counted = "epochs" if curve.epochs else "steps, since the log knows no epochs"
    for metric, value, more in (
        (BEST_EPOCH, (curve.epochs or curve.steps)[best], f" Counted in {counted}."),
        (
            LOSS_AFTER_BEST,
            curve.values[-1] - curve.values[best],
            " The lowest of many noisy losses is a little too low by itself.",
        ),
    ):
        key = MeasurementKey(metric.id, split=BETWEEN, label=curve.name)
        reason = f"{_ONE_RUN}{more}{_lost(curve)}"
        # Never judged, since one training is no sample of trainings.
        yield replace(measured(key, estimates.exact(value), sample, reason), estimate=None)


def _lost(curve: Curve) -> str:
    if not curve.lost:
        return ""
    which = "value was" if curve.lost == 1 else "values were"
    return f" {curve.lost:,} logged {which} no finite number and left out."


def _figures(log: TrainingLog, pairs: tuple[Pair, ...]) -> tuple[Figure, ...]:
    if not pairs:
        return ()
    # Losses first, since they are what was trained for.
    ordered = sorted(pairs, key=lambda pair: (not pair.falls, pair.quantity))[:MOST_PAIRS]
    return (
        Figure(
            kind="training_curves",
            title="How the training went",
            caption=(
                "What was logged while the model was trained. Where the loss on training data goes "
                "on falling and that on validation data rises, the model has begun to learn by "
                "heart."
            ),
            check="overfitting",
            data={"log": log.name, "format": log.format, "panels": list(map(_panel, ordered))},
        ),
    )


def _panel(pair: Pair) -> dict[str, Any]:
    """Both curves over epochs where both know them, else over steps."""
    sides = [("training", pair.training), ("validation", pair.validation)]
    known = [(side, curve) for side, curve in sides if curve is not None]
    by_epoch = all(curve.epochs for _, curve in known)
    best = int(np.argmin(pair.validation.values)) if pair.falls else None
    times = pair.validation.epochs if by_epoch else pair.validation.steps
    return {
        "quantity": pair.quantity.replace("_", " "),
        "by": "epoch" if by_epoch else "step",
        "best": None if best is None else times[best],
        "points": [point for side, curve in known for point in _points(side, curve, by_epoch)],
    }


def _points(side: str, curve: Curve, by_epoch: bool) -> list[dict[str, Any]]:
    times = curve.epochs if by_epoch else curve.steps
    places = np.unique(np.linspace(0, len(times) - 1, min(len(times), MOST_POINTS)).astype(int))
    return [{"curve": side, "at": times[place], "value": curve.values[place]} for place in places]


def _notes(log: TrainingLog, pairs: tuple[Pair, ...]) -> tuple[str, ...]:
    if not pairs:
        return (
            f"The training log {log.name} holds {len(log.curves):,} curves, none of which is named "
            "as one of validation data, so that nothing is drawn.",
        )
    return ()
