"""How sure the headline numbers are at this n, and how many units would make them twice as sure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from auditkit.checks.check import EVALUATION, Findings
from auditkit.checks.estimation import NoEstimateError, absent, measured
from auditkit.checks.reading import Reading
from auditkit.checks.scores import SCORES, UNIT_METRIC, Score, scores_of
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import (
    Direction,
    Figure,
    Measurement,
    MeasurementKey,
    Metric,
    Status,
)
from auditkit.statistics import estimates
from auditkit.statistics.widths import half_width, units_for_half_width


def _id(metric: Metric) -> str:
    return f"data_sufficiency.{metric.id.partition('.')[2]}_half_width"


def _metric(metric: Metric) -> Metric:
    return Metric(
        id=_id(metric),
        title=f"{metric.title}: half-width",
        definition=f"Half the width of the 90 % interval of: {metric.title}. It says how far off "
        "the number may well be on this many evaluation units.",
        unit=metric.unit,
        direction=Direction.LOWER,
        low=0,
        source=metric.source,
    )


METRICS = (*(_metric(score.metric) for score in SCORES), _metric(UNIT_METRIC))


def _scores(subject: Subject) -> Iterator[tuple[View, Score, str]]:
    for view in subject.main_views:
        yield from ((view, score, label) for score, label in scores_of(view))


def width_needs(subject: Subject) -> Iterator[SplitNeed]:
    """What the widths need."""
    for view, score, _ in _scores(subject):
        if not score.unmet(view):
            yield from (SplitNeed(EVALUATION, need) for need in score.needs(view))


def widths(subject: Subject, evidence: Evidence) -> Findings:
    """The half-width of each performance metric, and a table of them."""
    reading = Reading(subject, evidence, EVALUATION)
    found: list[Measurement] = []
    rows: list[dict[str, Any]] = []
    for view, score, label in _scores(subject):
        key = MeasurementKey(_id(score.metric), head=view.key.head, label=label)
        width, more = _width(key, view, score, reading)
        found.append(width)
        if width.status is Status.MEASURED:
            of = " ".join(part for part in (view.key.head, label) if part)
            rows.append(
                {
                    "metric": f"{score.metric.title} ({of})" if of else score.metric.title,
                    "half-width": width.value,
                    "units": reading.labelled_sample.units,
                    "units for half of it": more,
                }
            )
    return Findings(tuple(found), (_figure(rows),) if rows else ())


def _width(
    key: MeasurementKey, view: View, score: Score, reading: Reading
) -> tuple[Measurement, int | None]:
    """The half-width, and about how many units would halve it."""
    sample = reading.labelled_sample
    if unmet := score.unmet(view):
        return absent(key, Status.NOT_APPLICABLE, unmet, sample), None
    if sample.lack:
        return absent(key, Status.TOO_FEW, sample.lack, sample), None
    try:
        estimate = score.estimate(view, reading)
        width = half_width(estimate)
    except NoEstimateError as none:
        return absent(key, none.status, str(none), sample), None
    except ValueError:
        width = math.inf
    if not math.isfinite(width):
        reason = "Nothing bounds the number on these units, so its interval has no width."
        return absent(key, Status.UNDEFINED, reason, sample), None
    more = units_for_half_width(estimate, width / 2, sample.units) if width else None
    reason = "A width, which has no interval of its own."
    if more is not None:
        reason = f"About {more:,} units in all would halve it. {reason}"
    return measured(key, estimates.exact(width), sample, reason), more


def _figure(rows: list[dict[str, Any]]) -> Figure:
    return Figure(
        kind="half_widths",
        title="How sure the numbers are",
        caption=(
            "Half the width of each metric's 90 % interval on these evaluation units, and about "
            "how many units in all would halve it if the number stayed as it is."
        ),
        check="data_sufficiency",
        data={"rows": rows},
    )
