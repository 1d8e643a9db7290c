"""What every check speaks in: metrics, slices, estimates and measurements.

A `Measurement` is plain data, so that a record can be judged again years later without the model,
the data, or the check that produced it. Its `Estimate` names a method of `auditkit.statistics` and
holds the sufficient statistics, so that an interval or a p-value can be computed at whatever level
a policy asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """What became of a measurement."""

    MEASURED = "measured"
    TOO_FEW = "too_few"
    UNDEFINED = "undefined"
    NOT_APPLICABLE = "not_applicable"
    FAILED = "failed"


class Direction(StrEnum):
    """Where a metric is better."""

    HIGHER = "higher is better"
    LOWER = "lower is better"
    ONE = "best at one"
    ZERO = "best at zero"
    NONE = "neither end is better"


@dataclass(frozen=True)
class Metric:
    """The definition of one metric; the catalogue is assembled from these.

    Attributes:
        id: `family.name`, for example `bias.impact_ratio`.
        title: what a reviewer reads.
        definition: one sentence, with the formula.
        unit: `share`, `ratio`, `nats`, `squared share`, `seconds` …
        direction: where it is better.
        low: smallest possible value, None if unbounded.
        high: largest possible value, None if unbounded.
        source: paper or standard that defines it.
        comparison: True if it compares a slice with a reference.
        gateable: False if its estimator has no honest gate (plain ECE): shown, never judged.
        least_to_pass: with fewer independent units a number may fail and never passes, whatever a
            policy says.
    """

    id: str
    title: str
    definition: str
    unit: str
    direction: Direction
    low: float | None = None
    high: float | None = None
    source: str = ""
    comparison: bool = False
    gateable: bool = True
    least_to_pass: int = 0


@dataclass(frozen=True, order=True)
class Slice:
    """A part of the data: attribute values that hold together; empty means all units.

    Example:
        >>> str(Slice.of(gender="Female", ethnicity="White"))
        'ethnicity=White, gender=Female'
        >>> str(Slice())
        'all'
    """

    conditions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, conditions: Mapping[str, str] | None = None, /, **more: str) -> Slice:
        """A slice from attribute values; the order in which they are named is irrelevant."""
        pairs = {**(conditions or {}), **more}
        return cls(tuple(sorted((str(key), str(value)) for key, value in pairs.items())))

    @property
    def known(self) -> bool:
        """False if an attribute is the level of the unknown, whom nothing is compared with."""
        return all(value != UNKNOWN for _, value in self.conditions)

    @property
    def attributes(self) -> tuple[str, ...]:
        """The names of the attributes, sorted."""
        return tuple(name for name, _ in self.conditions)

    def __str__(self) -> str:
        if self == REST:
            return "all others"
        return ", ".join(f"{name}={value}" for name, value in self.conditions) or "all"


@dataclass(frozen=True)
class Interval:
    """A two-sided interval.

    Attributes:
        low: lower end; -inf if there is none.
        high: upper end; inf if there is none.
        level: coverage aimed at, for example .90 (each end excludes with one-sided error .05).
        method: a method of `auditkit.statistics.estimates`.
    """

    low: float
    high: float
    level: float
    method: str


@dataclass(frozen=True)
class Estimate:
    """A method of `auditkit.statistics.estimates` and the numbers that it needs.

    Attributes:
        method: `wilson`, `koopman`, `newcombe`, `normal`, `student`, `exact` …
        parameters: numbers, or lists of numbers; JSON-able.
    """

    method: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MeasurementKey:
    """What is measured, on what: unique within one record.

    Attributes:
        metric: id of the metric.
        slice: the part of the data.
        reference: what the slice is compared with; None where nothing is compared. The slice
            `Slice.of({"*": "rest"})` (`REST`) means all units outside `slice` that have a value
            for its attributes.
        split: the split measured; `training→evaluation` style names for comparisons of splits.
        head: output head of the model; "" for the only one.
        label: class (one against the rest) or feature that the number is about; "" for none.
    """

    metric: str
    slice: Slice = Slice()
    reference: Slice | None = None
    split: str = "evaluation"
    head: str = ""
    label: str = ""

    def __str__(self) -> str:
        parts = [self.metric]
        if self.head:
            parts.append(f"head {self.head}")
        if self.label:
            parts.append(self.label)
        if self.slice.conditions or self.reference is not None:
            against = f" against {self.reference}" if self.reference is not None else ""
            parts.append(f"{self.slice}{against}")
        parts.append(f"on {self.split}")
        return " · ".join(parts)


REST = Slice((("*", "rest"),))

UNKNOWN = "(missing)"
"""The level of an attribute whose value is missing: an answer of its own, never a dropped row."""


@dataclass(frozen=True)
class Measurement:
    """One number with its uncertainty, or the reason why there is none.

    Attributes:
        key: what was measured on what.
        status: whether it could be measured.
        value: the point estimate; None unless measured (too_few may carry one).
        interval: the 90 % interval drawn; None if the value is deterministic or absent.
        estimate: what a judge computes intervals at other levels from.
        units: number of independent units behind it (clusters where declared, else rows).
        rows: number of rows behind it; as `units`, 0 where it would be about fewer than five, whose
            number is not kept.
        share: share of the split's rows that the slice holds, of fewer than five rows the most that
            it can be; None where not a slice.
        reason: why there is no value or interval, or what qualifies it; a full sentence.
        sampled: True if only part of the split was read; such a measurement cannot pass.
    """

    key: MeasurementKey
    status: Status
    value: float | None = None
    interval: Interval | None = None
    estimate: Estimate | None = None
    units: int = 0
    rows: int = 0
    share: float | None = None
    reason: str = ""
    sampled: bool = False

    @property
    def uncounted(self) -> bool:
        """Whether it is not told how many stand behind it, since these are fewer than five."""
        return self.status is Status.TOO_FEW and not self.rows


@dataclass(frozen=True)
class Figure:
    """A picture as data: what `auditkit.reports.figures` draws for report and dashboard.

    Attributes:
        kind: `reliability`, `group_rates`, `ranking`, `distribution_shift`, `frontier` …
        title: one line, what the picture shows.
        caption: what a reviewer should read from it; a full sentence or two.
        check: the check that made it.
        data: JSON-able content, its keys fixed by the kind.
    """

    kind: str
    title: str
    caption: str
    check: str
    data: Mapping[str, Any]


def to_plain(measurement: Measurement) -> dict[str, Any]:
    """A measurement as JSON-able data, reversible by `from_plain`."""
    key, interval, estimate = measurement.key, measurement.interval, measurement.estimate
    return {
        "metric": key.metric,
        "slice": dict(key.slice.conditions),
        "reference": None if key.reference is None else dict(key.reference.conditions),
        "split": key.split,
        "head": key.head,
        "label": key.label,
        "status": measurement.status.value,
        "value": measurement.value,
        "interval": None
        if interval is None
        else {
            # JSON has no infinity: an absent end is null.
            "low": None if interval.low == float("-inf") else interval.low,
            "high": None if interval.high == float("inf") else interval.high,
            "level": interval.level,
            "method": interval.method,
        },
        "estimate": None
        if estimate is None
        else {"method": estimate.method, "parameters": dict(estimate.parameters)},
        "units": measurement.units,
        "rows": measurement.rows,
        "share": measurement.share,
        "reason": measurement.reason,
        "sampled": measurement.sampled,
    }


def from_plain(plain: Mapping[str, Any]) -> Measurement:
    """The measurement that `to_plain` wrote."""
    interval, estimate = plain["interval"], plain["estimate"]
    return Measurement(
        key=MeasurementKey(
            metric=plain["metric"],
            slice=Slice.of(plain["slice"]),
            reference=None if plain["reference"] is None else Slice.of(plain["reference"]),
            split=plain["split"],
            head=plain["head"],
            label=plain["label"],
        ),
        status=Status(plain["status"]),
        value=plain["value"],
        interval=None
        if interval is None
        else Interval(
            low=float("-inf") if interval["low"] is None else interval["low"],
            high=float("inf") if interval["high"] is None else interval["high"],
            level=interval["level"],
            method=interval["method"],
        ),
        estimate=None
        if estimate is None
        else Estimate(estimate["method"], dict(estimate["parameters"])),
        units=plain["units"],
        rows=plain["rows"],
        share=plain["share"],
        reason=plain["reason"],
        sampled=plain["sampled"],
    )
