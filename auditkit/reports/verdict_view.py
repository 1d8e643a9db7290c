"""Verdicts as the report shows them: by requirement, what blocks first."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from auditkit.measurement import Figure, Interval, Measurement
from auditkit.policy.verdict import Verdict, VerdictStatus
from auditkit.records.record import AuditRecord
from auditkit.reports.findings import compared_rates, undecided
from auditkit.reports.formatting import Scale, is_exact, level, p_value, scale_of, size
from auditkit.reports.strip import strip
from auditkit.reports.wording import (
    BASES,
    SEVERITIES,
    VERDICTS,
    WORST_FIRST,
    metric_title,
    verdict_subject,
    worst,
)

SHOWN_PASSES = 4
"""Passing rows of one requirement that are shown unfolded."""


@dataclass(frozen=True)
class VerdictRow:
    """One verdict as the report shows it; every text is still to be escaped."""

    status: str
    word: str
    blocks: bool
    subject: str
    reason: str
    rates: str
    undecided: str
    value: str
    span: str
    level: str
    n: str
    p: str
    waiver: str
    sampled: bool
    strip: Markup


@dataclass(frozen=True)
class Requirement:
    """One requirement with its verdicts, those that matter first."""

    id: str
    title: str
    status: str
    word: str
    blocks: bool
    severity: str
    clause: str
    basis: str
    basis_words: str
    explanation: str
    region: str
    metric: str
    rows: tuple[VerdictRow, ...]
    folded: tuple[VerdictRow, ...]


def requirements(record: AuditRecord) -> list[Requirement]:
    """The requirements of the record's judgement: what blocks first, then the worst."""
    grouped: dict[str, list[Verdict]] = {}
    for verdict in record.judgement.verdicts if record.judgement else ():
        grouped.setdefault(verdict.requirement, []).append(verdict)
    found = [_requirement(verdicts, record) for verdicts in grouped.values()]
    return sorted(found, key=lambda item: (not item.blocks, _rank(item.status)))


def _rank(status: str) -> int:
    return WORST_FIRST.index(VerdictStatus(status))


def _requirement(verdicts: list[Verdict], record: AuditRecord) -> Requirement:
    ordered = sorted(verdicts, key=lambda verdict: (not verdict.blocks, _rank(verdict.status)))
    first = ordered[0]
    status = worst(verdict.status for verdict in verdicts)
    rows = [_verdict_row(verdict, record) for verdict in ordered]
    passing = [row for row in rows if row.status == VerdictStatus.PASS]
    folded = passing if len(passing) > SHOWN_PASSES else []
    metrics = {v.measurement.key.metric for v in verdicts if v.measurement is not None}
    title = metric_title(next(iter(metrics)), record.definitions) if len(metrics) == 1 else ""
    explained = next((v.explanation for v in verdicts if v.explanation), "")
    return Requirement(
        id=first.requirement,
        title=first.title or first.requirement,
        status=status.value,
        word=VERDICTS[status].word,
        blocks=any(verdict.blocks for verdict in verdicts),
        severity=SEVERITIES.get(first.severity, first.severity),
        clause=first.clause,
        basis=first.basis,
        basis_words=BASES.get(first.basis, ""),
        explanation=explained,
        region=_region(verdicts, record),
        metric=title,
        rows=tuple(row for row in rows if not folded or row.status != VerdictStatus.PASS),
        folded=tuple(folded),
    )


def _region(verdicts: list[Verdict], record: AuditRecord) -> str:
    """The region in words, if all verdicts share one."""
    texts = {
        _scale(verdict.measurement, record).region(verdict.region)
        for verdict in verdicts
        if verdict.region is not None
    }
    return texts.pop() if len(texts) == 1 else ""


def _scale(measurement: Measurement | None, record: AuditRecord) -> Scale:
    metric = measurement.key.metric if measurement is not None else ""
    return scale_of(metric, record.definitions)


def _verdict_row(verdict: Verdict, record: AuditRecord) -> VerdictRow:
    measurement, interval = verdict.measurement, _interval(verdict)
    scale = _scale(measurement, record)
    value = measurement.value if measurement is not None else None
    return VerdictRow(
        status=verdict.status.value,
        word=VERDICTS[verdict.status].word,
        blocks=verdict.blocks,
        subject=verdict_subject(verdict),
        reason=verdict.reason,
        rates=compared_rates(measurement, record) if measurement is not None else "",
        undecided=undecided(verdict, record).removeprefix("Inconclusive").strip(":. "),
        value="not measured" if value is None else scale.value(value, interval),
        span="" if interval is None else scale.span(interval, value or 0.0),
        level=level(interval),
        n="" if measurement is None else size(measurement),
        p=_p_value(verdict),
        waiver=verdict.waiver,
        sampled=measurement is not None and measurement.sampled,
        strip=strip(value, interval, verdict.region, scale, verdict.status.value),
    )


def _interval(verdict: Verdict) -> Interval | None:
    """The interval judged, else the one measured; None for exact numbers."""
    measurement = verdict.measurement
    if measurement is None or is_exact(measurement):
        return None
    return verdict.interval or measurement.interval


def _p_value(verdict: Verdict) -> str:
    """The p-value that speaks for `fail`, where it could have."""
    p = verdict.p_adjusted
    undecided = p is None or p >= 1 or verdict.status is VerdictStatus.PASS
    return "" if undecided else p_value(p)


def ordered_figures(record: AuditRecord) -> list[Figure]:
    """The figures, those that belong to something that blocks first."""
    verdicts = record.judgement.verdicts if record.judgement else ()
    blocking = [v.measurement.key for v in verdicts if v.blocks and v.measurement is not None]
    families = {key.metric.partition(".")[0] for key in blocking}
    attributes = {(key.metric, name) for key in blocking for name in key.slice.attributes}

    def rank(figure: Figure) -> int:
        if (figure.data.get("comparison"), figure.data.get("attribute")) in attributes:
            return 0
        return 1 if figure.check in families else 2

    return sorted(record.figures, key=rank)
