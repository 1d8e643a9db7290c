"""Calibration of every class of an output: the average, and class by class."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from auditkit.checks.calibration.shown import shown
from auditkit.checks.check import EVALUATION, Findings
from auditkit.checks.estimation import MIN_KEPT, Sample, drawn_ends, estimated
from auditkit.checks.reading import Reading
from auditkit.evidence.needs import ClassBinsNeed
from auditkit.evidence.subject import View
from auditkit.measurement import Figure, Measurement, MeasurementKey
from auditkit.models.head import Task
from auditkit.statistics.class_bins import ClassBins
from auditkit.statistics.class_calibration import (
    class_gap,
    class_squared_error,
    classwise_calibration_error,
)

MOST_CLASSES = 50


def of_classes(view: View) -> bool:
    """Whether an output is of several classes."""
    return view.task is Task.MULTICLASS


def class_need(view: View) -> ClassBinsNeed:
    """The bins of all classes of an output."""
    return ClassBinsNeed(view.key)


def by_class(view: View, reading: Reading, sample: Sample, seed: int) -> Findings:
    """The class-wise error, and gap and error of the classes that have the most units."""
    state = reading.evidence.class_bins[class_need(view)]
    units = state.positives.sum(axis=(0, 2))
    places = np.argsort(-units, kind="stable")[:MOST_CLASSES]
    found = [shown("classwise_ece", view, classwise_calibration_error(state), sample)]
    rows = []
    for place in map(int, places):
        gap, error = (
            estimated(_key(name, view, state, place), made, sample)
            for name, made in (
                ("class_gap", partial(class_gap, state, place)),
                ("class_squared_error", partial(class_squared_error, state, place, seed=seed)),
            )
        )
        found += [gap, error]
        rows.append(_row(state.classes[place], int(units[place]), gap, error))
    return Findings(tuple(found), (_figure(view, state, rows),), _notes(view, state))


def _key(name: str, view: View, state: ClassBins, place: int) -> MeasurementKey:
    return MeasurementKey(
        f"calibration.{name}", split=EVALUATION, head=view.key.head, label=state.classes[place]
    )


def _row(name: str, units: int, gap: Measurement, error: Measurement) -> dict[str, Any]:
    end = None if error.interval is None else error.interval.high
    return {
        "class": name,
        "gap": gap.value,
        **drawn_ends(gap.interval),
        "error": error.value,
        "most": None if end is None or math.isinf(end) else math.sqrt(max(end, 0.0)),
        # Of a class with fewer units it is not told how many they are.
        "n": units if units >= MIN_KEPT else None,
    }


def _figure(view: View, state: ClassBins, rows: list[dict[str, Any]]) -> Figure:
    of = f" of {view.key}" if str(view.key) else ""
    return Figure(
        kind="class_gaps",
        title=f"Calibration{of} by class: mean probability minus share",
        caption=(
            f"Each line is one class over all {state.units:,} units. Right of zero the class is "
            "promised more often than it comes true, left of zero less often. Bars are 90 % "
            "intervals; beside them stands how far the probability of the class is off at most, as "
            "a typical distance, and how many units are of the class."
        ),
        check="calibration",
        data={"n": state.units, "classes": len(state.classes), "rows": rows},
    )


def _notes(view: View, state: ClassBins) -> tuple[str, ...]:
    if len(state.classes) <= MOST_CLASSES:
        return ()
    of = f" of {view.key}" if str(view.key) else ""
    return (
        f"Calibration by class{of}: the {MOST_CLASSES} of {len(state.classes):,} classes that have "
        "the most units are listed one by one; the class-wise error is over all of them.",
    )
