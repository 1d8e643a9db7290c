"""Measurements as the report shows them: by family and metric, and what could not be measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditkit.measurement import REST, Interval, Measurement, Slice, Status
from auditkit.records.record import AuditRecord
from auditkit.reports.formatting import Scale, is_exact, level, percentage, scale_of, size
from auditkit.reports.wording import ABSENCES, METHODS, metric_title, subject

PRINTED_ROWS = 60
"""Rows of one metric that go on paper: every pair of many groups would fill dozens of pages."""


@dataclass(frozen=True)
class MeasurementRow:
    """One measurement as the report shows it."""

    subject: str
    value: str
    span: str
    n: str
    share: str
    method: str
    note: str
    absent: str


@dataclass(frozen=True)
class MetricTable:
    """The measurements of one metric, and how many more of them there are."""

    id: str
    title: str
    definition: str
    unit: str
    direction: str
    source: str
    rows: tuple[MeasurementRow, ...]
    left_out: int = 0

    @property
    def is_long(self) -> bool:
        """True if the table is left out of a print, which then says so."""
        return len(self.rows) > PRINTED_ROWS

    @property
    def method(self) -> str:
        """The method that all rows share; "" if they differ."""
        methods = {row.method for row in self.rows if row.method}
        return methods.pop() if len(methods) == 1 else ""

    @property
    def has_shares(self) -> bool:
        """True if any row is a part of the data: else that column stays away."""
        return any(row.share for row in self.rows)

    @property
    def has_notes(self) -> bool:
        """True if any row has a remark."""
        return any(row.note for row in self.rows)


@dataclass(frozen=True)
class Family:
    """All metrics of one check."""

    name: str
    tables: tuple[MetricTable, ...]

    @property
    def size(self) -> int:
        """Number of measurements, those not listed among them."""
        return sum(len(table.rows) + table.left_out for table in self.tables)


def families(record: AuditRecord) -> list[Family]:
    """All measurements, by the first part of the metric's id and by metric, in their own order."""
    return _families(record, record.measurements)


def readable_families(record: AuditRecord) -> list[Family]:
    """As `families`, without comparisons of two groups that nobody declared or judged.

    Ten groups make ninety ordered pairs, and that for each of twenty metrics: a page shows each
    group against its declared reference and against all others, and says how many more there are.
    """
    listed = [one for one in record.measurements if _is_listed(one, record)]
    listed_or_judged = {id(one) for one in listed} | _judged(record)
    return _families(record, [one for one in record.measurements if id(one) in listed_or_judged])


def _is_listed(measurement: Measurement, record: AuditRecord) -> bool:
    part, reference = measurement.key.slice, measurement.key.reference
    if reference is None or reference == REST:
        return True
    groups: Mapping[str, Any] = record.data.get("groups", {})
    declared = {name: groups.get(name, {}).get("reference") for name in part.attributes}
    known = {name: str(level) for name, level in declared.items() if level is not None}
    return len(known) < len(declared) or reference == Slice.of(known)


def _judged(record: AuditRecord) -> set[int]:
    """The measurements that a verdict rests on."""
    verdicts = record.judgement.verdicts if record.judgement else ()
    keys = {verdict.measurement.key for verdict in verdicts if verdict.measurement is not None}
    return {id(one) for one in record.measurements if one.key in keys}


def _families(record: AuditRecord, listed: Sequence[Measurement]) -> list[Family]:
    every = Counter(measurement.key.metric for measurement in record.measurements)
    grouped: dict[str, dict[str, list[Measurement]]] = {}
    for measurement in listed:
        metric = measurement.key.metric
        grouped.setdefault(metric.partition(".")[0], {}).setdefault(metric, []).append(measurement)
    return [
        Family(
            name,
            tuple(
                _table(metric, rows, every[metric] - len(rows), record)
                for metric, rows in metrics.items()
            ),
        )
        for name, metrics in grouped.items()
    ]


def _table(
    metric: str, measurements: list[Measurement], left_out: int, record: AuditRecord
) -> MetricTable:
    definition: Mapping[str, Any] = record.definitions.get(metric, {})
    scale = scale_of(metric, record.definitions)
    return MetricTable(
        id=metric,
        title=metric_title(metric, record.definitions),
        definition=str(definition.get("definition", "")),
        unit=scale.unit,
        direction=str(definition.get("direction", "")),
        source=str(definition.get("source", "")),
        rows=tuple(_measurement_row(item, scale, definition) for item in measurements),
        left_out=left_out,
    )


def _measurement_row(
    measurement: Measurement, scale: Scale, definition: Mapping[str, Any]
) -> MeasurementRow:
    interval = measurement.interval
    notes = ["sampled: only part of the split was read"] if measurement.sampled else []
    share = measurement.share
    return MeasurementRow(
        subject=subject(measurement.key),
        value=scale.value(measurement.value, interval),
        span=_span(measurement, interval, scale, definition),
        n=size(measurement),
        share="" if share is None or measurement.uncounted else percentage(share),
        method=_method(measurement),
        note=". ".join([*notes, measurement.reason]) if measurement.reason else ". ".join(notes),
        absent=ABSENCES[measurement.status],
    )


def _span(
    measurement: Measurement,
    interval: Interval | None,
    scale: Scale,
    definition: Mapping[str, Any],
) -> str:
    if is_exact(measurement):
        return "none: exact"
    if interval is not None:
        return scale.span(interval, measurement.value or 0.0)
    if measurement.status is not Status.MEASURED:
        return "none"
    if definition.get("gateable") is False:
        return "none: shown only, never judged"
    return "none"


def _method(measurement: Measurement) -> str:
    interval, estimate = measurement.interval, measurement.estimate
    name = interval.method if interval is not None else estimate.method if estimate else ""
    text = METHODS.get(name, name)
    shown = interval is not None and not is_exact(measurement)
    return f"{text}, {level(interval)}" if shown else text


def absent_by_reason(record: AuditRecord) -> list[tuple[str, str, list[str]]]:
    """What could not be measured: status in words, reason, and the subjects it holds for."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for measurement in record.measurements:
        if measurement.status is not Status.MEASURED:
            words = ABSENCES[measurement.status], measurement.reason
            key = measurement.key
            text = f"{metric_title(key.metric, record.definitions)} ({subject(key)})"
            grouped.setdefault(words, []).append(text)
    return [(status, reason, names) for (status, reason), names in grouped.items()]
