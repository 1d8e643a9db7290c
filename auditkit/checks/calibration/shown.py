"""Plain calibration errors: for the eye, each beside what a perfect model would show."""

from __future__ import annotations

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import Sample, absent
from auditkit.checks.plain_errors import plain_error
from auditkit.evidence.subject import View
from auditkit.measurement import Measurement, MeasurementKey, Status
from auditkit.statistics.reliability import ExpectedCalibrationError


def view_key(name: str, view: View) -> MeasurementKey:
    """The key of a number of one output."""
    return MeasurementKey(
        f"calibration.{name}", split=EVALUATION, head=view.key.head, label=view.key.label
    )


def shown(name: str, view: View, error: ExpectedCalibrationError, sample: Sample) -> Measurement:
    """A plain error without an interval, its reason saying what chance alone would show."""
    key = view_key(name, view)
    if sample.lack and name != "ece":
        return absent(key, Status.TOO_FEW, sample.lack, sample)
    return plain_error(key, lambda: error, sample)
