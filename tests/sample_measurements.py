"""Measurements of the sample record: every status, several methods, hostile labels."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from auditkit.measurement import (
    REST,
    Estimate,
    Interval,
    Measurement,
    MeasurementKey,
    Slice,
    Status,
)

HOSTILE = "<script>alert(1)</script>"
HOSTILE_MARKDOWN = (
    "[press](javascript:alert(1)) **x** $y$ :material/check: </td><img src=x onerror=a>"
)
EVERYTHING = Slice()
LEVEL = 0.90
Z = 1.6448536269514722

MALE, FEMALE = Slice.of(gender="Male"), Slice.of(gender="Female")
NATIVE, WHITE = Slice.of(ethnicity="Amer-Indian-Eskimo"), Slice.of(ethnicity="White")
STRANGE = Slice.of(ethnicity=HOSTILE)


def wilson(successes: float, n: float) -> Interval:
    """The Wilson score interval of a share, written out once more for the samples."""
    share = successes / n
    centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return Interval(centre - half, centre + half, LEVEL, "wilson")


def share(metric: str, successes: int, n: int, part: Slice = EVERYTHING, **key: Any) -> Measurement:
    """A measured share with its Wilson interval."""
    return Measurement(
        MeasurementKey(metric, part, **key),
        Status.MEASURED,
        successes / n,
        wilson(successes, n),
        Estimate("wilson", {"successes": successes, "n": n}),
        units=n,
        rows=n,
        share=n / 32561 if part.conditions else None,
    )


def number(
    metric: str, value: float, se: float, n: int, part: Slice = EVERYTHING, **key: Any
) -> Measurement:
    """A measured number with a normal interval."""
    return Measurement(
        MeasurementKey(metric, part, **key),
        Status.MEASURED,
        value,
        Interval(value - Z * se, value + Z * se, LEVEL, "normal"),
        Estimate("normal", {"value": value, "se": se}),
        units=n,
        rows=n,
    )


def ratio(
    metric: str, one: tuple[int, int], other: tuple[int, int], part: Slice, reference: Slice
) -> Measurement:
    """A measured ratio of two shares; the interval is Katz's, close enough for a sample."""
    (x1, n1), (x2, n2) = one, other
    value = (x1 / n1) / (x2 / n2)
    se = math.sqrt(1 / x1 - 1 / n1 + 1 / x2 - 1 / n2)
    low, high = value * math.exp(-Z * se), value * math.exp(Z * se)
    return Measurement(
        MeasurementKey(metric, part, reference),
        Status.MEASURED,
        value,
        Interval(low, high, LEVEL, "koopman"),
        Estimate("koopman", {"x1": x1, "n1": n1, "x2": x2, "n2": n2}),
        units=n1 + n2,
        rows=n1 + n2,
        share=n1 / 32561,
    )


def absent(key: MeasurementKey, status: Status, reason: str, **more: Any) -> Measurement:
    """A measurement that has no value, and says why."""
    return Measurement(key, status, reason=reason, **more)


ACCURACY = share("performance.accuracy", 26700, 32561)
RATIO_GENDER = ratio("bias.impact_ratio", (862, 10771), (7844, 21790), FEMALE, MALE)
RATIO_NATIVE = ratio("bias.impact_ratio", (48, 311), (7900, 27816), NATIVE, WHITE)
RATIO_STRANGE = ratio("bias.impact_ratio", (60, 271), (7900, 27816), STRANGE, WHITE)
TPR_DIFFERENCE = number(
    "bias.true_positive_rate_difference", -0.131, 0.012, 32561, FEMALE, reference=MALE
)
SQUARED_ERROR = dataclasses.replace(
    number("calibration.squared_error", 0.0031, 0.0002, 32561),
    estimate=Estimate("squared_error", {"value": 0.0031, "sd": 0.0002}),
)
OVERFITTING = absent(
    MeasurementKey("overfitting.accuracy_gap", split="training→evaluation"),
    Status.NOT_APPLICABLE,
    "There is no training split, so the gap between training and evaluation is unknown.",
)
TOO_FEW = dataclasses.replace(
    share("bias.true_positive_rate", 2, 3, STRANGE),
    status=Status.TOO_FEW,
    reason="Only 3 positive units: ten are needed for an interval.",
)
UNDEFINED = absent(
    MeasurementKey("bias.true_positive_rate", Slice.of(ethnicity="(missing)")),
    Status.UNDEFINED,
    "No unit of this group has a positive label, so its rate is undefined.",
    units=41,
    rows=41,
)
FAILED = absent(
    MeasurementKey("explanation.completeness_gap"),
    Status.FAILED,
    f"The explanation stopped: the model returned NaN for feature {HOSTILE_MARKDOWN}.",
)

MEASUREMENTS: tuple[Measurement, ...] = (
    ACCURACY,
    Measurement(
        MeasurementKey("performance.units"),
        Status.MEASURED,
        32561.0,
        estimate=Estimate("exact", {"value": 32561}),
        units=32561,
        rows=32561,
    ),
    number("performance.auc", 0.8812, 0.0021, 32561),
    share("bias.selection_rate", 7844, 21790, MALE),
    share("bias.selection_rate", 862, 10771, FEMALE),
    share("bias.selection_rate", 60, 271, STRANGE),
    RATIO_GENDER,
    dataclasses.replace(
        RATIO_GENDER, key=MeasurementKey("bias.impact_ratio", FEMALE, REST), sampled=True
    ),
    RATIO_NATIVE,
    RATIO_STRANGE,
    TPR_DIFFERENCE,
    SQUARED_ERROR,
    number("calibration.confidence_gap", 0.041, 0.002, 32561),
    number("explanation.mean_attribution", 0.121, 0.004, 512, label="age"),
    number("explanation.mean_attribution", 0.044, 0.003, 512, label=HOSTILE),
    OVERFITTING,
    TOO_FEW,
    UNDEFINED,
    FAILED,
)
