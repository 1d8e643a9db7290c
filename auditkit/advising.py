"""What an audit gives cause to advise on: what lies outside its region, for who could mend it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from auditkit.advice import Adviser, Cause
from auditkit.checks.check import Check
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.subject import Subject
from auditkit.measurement import REST, Measurement, Status
from auditkit.mending import Advice
from auditkit.policy import Judgement, Verdict, VerdictStatus


def advice_needs(
    advisers: Iterable[Adviser], checks: Sequence[Check], subject: Subject
) -> Iterator[SplitNeed]:
    """What the advisers need; nothing for one whose metrics none of the checks measures."""
    measured = {metric.id for check in checks for metric in check.metrics}
    for adviser in advisers:
        if measured & set(adviser.watches) and not adviser.unmet(subject):
            yield from adviser.needs(subject)


def advise(
    advisers: Iterable[Adviser],
    subject: Subject,
    evidence: Evidence,
    measurements: Sequence[Measurement],
    judgement: Judgement | None,
) -> tuple[Advice, ...]:
    """What would mend what was found.

    Advice is given where a number lies outside the region that the policy asks for, or, of a metric
    that the policy does not bound, outside the one that convention names. A number inside its
    region that is merely uncertain needs more rows, not mending.
    """
    found: list[Advice] = []
    for adviser in advisers:
        causes = list(_causes(adviser, measurements, judgement))
        if causes and not adviser.unmet(subject):
            found += adviser.advise(subject, evidence, causes)
    return tuple(found)


def _causes(
    adviser: Adviser, measurements: Sequence[Measurement], judgement: Judgement | None
) -> Iterator[Cause]:
    verdicts = [] if judgement is None else [v for v in judgement.verdicts if v.region is not None]
    for metric, convention in adviser.watches.items():
        bounding = [verdict for verdict in verdicts if _metric(verdict) == metric]
        if bounding:
            policy = "" if judgement is None else f"the policy {judgement.policy} asks for"
            yield from _of_verdicts(bounding, policy)
        elif convention is not None:
            yield from _outside(metric, convention, measurements)


def _metric(verdict: Verdict) -> str:
    return "" if verdict.measurement is None else verdict.measurement.key.metric


def _of_verdicts(verdicts: Sequence[Verdict], asked_by: str) -> Iterator[Cause]:
    seen = set()
    for verdict in verdicts:
        measurement, region = verdict.measurement, verdict.region
        if measurement is None or region is None or verdict.status is VerdictStatus.PASS:
            continue
        cause = _cause(measurement, region, asked_by)
        # Two requirements may ask the same of one number.
        if cause is not None and (cause.key, region) not in seen:
            seen.add((cause.key, region))
            yield cause


def _outside(
    metric: str, region: tuple[float, float], measurements: Iterable[Measurement]
) -> Iterator[Cause]:
    """Pairs of groups outside a region, each once: as who is worse off against who is better."""
    pairs = set()
    # Who lies outside against all others also does so against one of them.
    compared = [m for m in measurements if m.key.metric == metric and m.key.reference != REST]
    for measurement in sorted(compared, key=_value):
        pair = frozenset((measurement.key.slice, measurement.key.reference))
        cause = _cause(measurement, region, "convention asks for")
        if cause is not None and (measurement.key.head, measurement.key.label, pair) not in pairs:
            pairs.add((measurement.key.head, measurement.key.label, pair))
            yield cause


def _value(measurement: Measurement) -> float:
    return math.inf if measurement.value is None else measurement.value


def _cause(measurement: Measurement, region: tuple[float, float], asked_by: str) -> Cause | None:
    value = measurement.value
    if measurement.status is not Status.MEASURED or value is None:
        return None
    low, high = region
    return None if low <= value <= high else Cause(measurement.key, value, region, asked_by)
