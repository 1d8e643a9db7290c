"""Intervals of verdicts against the region that the policy requires, a line each."""

from __future__ import annotations

import math
from collections.abc import Sequence

import altair as alt

from auditkit.policy.verdict import Verdict, VerdictStatus
from auditkit.records.record import AuditRecord
from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale, scale_of
from auditkit.reports.text import distinct
from auditkit.reports.wording import VERDICTS, WORST_FIRST, metric_title, verdict_subject

WIDTH = 430
LABELS = 44


def wanting(record: AuditRecord, requirement: str, most: int) -> list[Verdict]:
    """The verdicts of a requirement that are no `pass`, what blocks first, then the worst."""
    judged = record.judgement.verdicts if record.judgement else ()
    found = [
        verdict
        for verdict in judged
        if verdict.requirement == requirement and verdict.status is not VerdictStatus.PASS
    ]
    return sorted(found, key=lambda one: (not one.blocks, WORST_FIRST.index(one.status)))[:most]


def strip_chart(verdicts: Sequence[Verdict], record: AuditRecord) -> alt.TopLevelMixin | None:
    """A chart of the verdicts that have a value; None if none has, or their regions differ."""
    shown = [verdict for verdict in verdicts if _value(verdict) is not None]
    regions = {verdict.region for verdict in shown}
    metrics = {verdict.measurement.key.metric for verdict in shown if verdict.measurement}
    if len(regions) != 1 or len(metrics) != 1:
        return None
    region, metric = regions.pop(), metrics.pop()
    if region is None:
        return None
    scale = scale_of(metric, record.definitions)
    rows = _rows(shown, scale)
    limits = [limit * scale.factor for limit in region if math.isfinite(limit)]
    ends = _ends(rows, limits)
    axis = style.number_axis(metric_title(metric, record.definitions), scale)
    return style.finished(
        alt.layer(
            *_region(region, scale, ends, axis),
            *_estimates(rows, ends, axis),
            width=WIDTH,
            height=alt.Step(style.ROW_HEIGHT),
        )
    )


def _value(verdict: Verdict) -> float | None:
    return None if verdict.measurement is None else style.finite(verdict.measurement.value)


def _rows(verdicts: Sequence[Verdict], scale: Scale) -> list[style.Row]:
    rows = []
    labels = distinct((verdict_subject(verdict) for verdict in verdicts), LABELS)
    for label, verdict in zip(labels, verdicts, strict=True):
        words = VERDICTS[verdict.status]
        interval = verdict.interval or (verdict.measurement and verdict.measurement.interval)
        given = {"value": _value(verdict)}
        if interval:
            given.update(low=interval.low, high=interval.high)
        row = style.drawn(given, scale)
        row["text"] += f"  {words.word.lower()}"
        rows.append({"label": label, "colour": words.colour, "shape": words.shape, **row})
    return rows


def _ends(rows: Sequence[style.Row], limits: Sequence[float]) -> tuple[float, float]:
    """The limits and values, with intervals cut where they'd squeeze everything else."""
    values = [row["value"] for row in rows]
    low, high = style.domain(
        [*values, *limits, *(row[end] for row in rows for end in ("low", "high"))]
    )
    near_low, near_high = style.domain([*values, *limits])
    reach = 1.5 * (near_high - near_low)
    return max(low, near_low - reach), min(high, near_high + reach)


def _region(
    region: tuple[float, float], scale: Scale, ends: tuple[float, float], axis: alt.Axis
) -> list[alt.Chart]:
    low, high = (limit * scale.factor for limit in region)
    band = [{"low": max(low, ends[0]), "high": min(high, ends[1])}]
    limits = [{"limit": limit} for limit in (low, high) if math.isfinite(limit)]
    area = alt.Chart(style.data(band)).mark_rect(color=style.REGION, opacity=0.75)
    lines = alt.Chart(style.data(limits)).mark_rule(color=style.QUIET, strokeDash=[4, 3])
    return [
        area.encode(style.quantity("low", ends, axis), x2="high"),
        lines.encode(style.quantity("limit", ends, axis)),
    ]


def _estimates(rows: list[style.Row], ends: tuple[float, float], axis: alt.Axis) -> list[alt.Chart]:
    base = alt.Chart(style.data(style.cut(rows, ends, style.INTERVAL))).encode(
        style.names_of(rows, 300)
    )
    colour = alt.Color("colour:N", scale=None)
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    points = base.mark_point(filled=True, size=95, opacity=1)
    return [
        known.mark_rule(strokeWidth=2.5).encode(
            style.quantity("low", ends, axis), colour, x2="high"
        ),
        points.encode(
            style.quantity("value", ends, axis), colour, alt.Shape("shape:N", scale=None)
        ),
        base.mark_text().encode(colour, text="text:N", x=style.beside(WIDTH)),
    ]
