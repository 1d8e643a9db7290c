"""Plain calibration errors: for the eye, each beside what a perfect model would show."""

from __future__ import annotations

from collections.abc import Callable

from auditkit.checks.estimation import NoEstimateError, Sample, absent
from auditkit.measurement import Measurement, MeasurementKey, Status
from auditkit.statistics.reliability import ExpectedCalibrationError


def plain_error(
    key: MeasurementKey, made: Callable[[], ExpectedCalibrationError], sample: Sample
) -> Measurement:
    """A plain error without an interval, its reason saying what chance alone would show.

    Args:
        key: what is measured.
        made: the error; what it refuses is absent, with the reason.
        sample: what it rests on.
    """
    try:
        error = made()
    except NoEstimateError as none:
        return absent(key, none.status, str(none), sample)
    reason = (
        "Its bias depends on n, so that no interval is honest; a perfectly calibrated model would "
        f"show about {error.perfect:.4f} at this n"
    )
    if error.limit is not None:
        reason += f", and more than {error.limit:.4f} in one sample of twenty"
    if sample.clusters is not None:
        reason += "; that takes rows as independent, which those of one cluster are not"
    return Measurement(
        key,
        Status.MEASURED,
        value=error.value,
        units=sample.units,
        rows=sample.rows,
        sampled=sample.sampled,
        reason=f"{reason}.",
    )


__all__ = ["plain_error"]
