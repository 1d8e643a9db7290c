"""What a reviewer should understand first: sentences made from verdicts and measurements."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditkit.measurement import REST, Measurement, MeasurementKey, Slice, Status
from auditkit.policy.verdict import Judgement, Verdict, VerdictStatus
from auditkit.records.record import AuditRecord
from auditkit.reports.formatting import about, is_exact, level, scale_of, size
from auditkit.reports.text import shorten
from auditkit.reports.wording import (
    VERDICTS,
    WORST_FIRST,
    joined,
    metric_title,
    values_of,
    verdict_subject,
)

MOST_FINDINGS = 3
RATES = {
    "bias.impact_ratio": "bias.selection_rate",
    "bias.impact_ratio_at_k": "bias.selection_rate_at_k",
    "bias.proxy_impact_ratio": "bias.proxy_selection_rate",
    "bias.equalised_odds_difference": "",
}
"""Comparisons that are not called `<rate>_ratio` or `<rate>_difference`."""


@dataclass(frozen=True)
class Headline:
    """The top of the report.

    Attributes:
        status: the outcome as a CSS class; `unjudged` where no policy was asked.
        word: the outcome in one word.
        lead: one sentence that says why.
        findings: title and sentences of what blocks, the worst first.
        more: what else blocks, when there is more than is listed; else "".
    """

    status: str
    word: str
    lead: str
    findings: tuple[tuple[str, str], ...] = ()
    more: str = ""


def unit_words(record: AuditRecord) -> str:
    """What n counts: rows, or the values of the cluster column."""
    cluster = record.data.get("cluster")
    return f"units ({shorten(str(cluster))})" if cluster else "rows"


def compared_rates(measurement: Measurement, record: AuditRecord) -> str:
    """The two rates behind a comparison; "" where there are none.

    This is the sentence that makes a ratio of 0.21 mean something: 8 % of women, 36 % of men.
    """
    metric, key = rate_behind(measurement.key.metric), measurement.key
    if not metric or key.reference is None or key.reference == REST:
        return ""
    one, other = (_rate(record, metric, key, part) for part in (key.slice, key.reference))
    if one is None or other is None:
        return ""
    scale = scale_of(metric, record.definitions)
    texts = [
        f"{scale.value(rate.value, rate.interval)} for {values_of(part)} (n = {size(rate)})"
        for rate, part in ((one, key.slice), (other, key.reference))
    ]
    name = metric_title(metric, record.definitions).removesuffix(" of a group")
    return f"{name}: {texts[0]} against {texts[1]}."


def rate_behind(comparison: str) -> str:
    """The metric of which a comparison is the ratio or difference; "" if there is none.

    >>> rate_behind("bias.impact_ratio"), rate_behind("bias.true_positive_rate_difference")
    ('bias.selection_rate', 'bias.true_positive_rate')
    """
    if comparison in RATES:
        return RATES[comparison]
    for ending in ("_ratio", "_difference"):
        if comparison.endswith(ending):
            return comparison.removesuffix(ending)
    return ""


def _rate(record: AuditRecord, metric: str, key: MeasurementKey, part: Slice) -> Measurement | None:
    wanted = dataclasses.replace(key, metric=metric, slice=part, reference=None)
    found = (measurement for measurement in record.measurements if measurement.key == wanted)
    return next((m for m in found if m.status is Status.MEASURED and m.value is not None), None)


def finding(verdict: Verdict, record: AuditRecord) -> str:
    """What was found, on what, and what is required, in two or three sentences."""
    measurement = verdict.measurement
    about_what = verdict_subject(verdict)
    if measurement is None or measurement.value is None:
        reason = measurement.reason if measurement is not None else ""
        return f"Not measured for {about_what}. {reason or verdict.reason}"
    scale = scale_of(measurement.key.metric, record.definitions)
    interval = None if is_exact(measurement) else verdict.interval or measurement.interval
    name = metric_title(measurement.key.metric, record.definitions)
    sentence = f"{name} for {about_what}: {scale.value(measurement.value, interval)}"
    if interval is not None:
        sentence += f" ({level(interval)} interval {scale.span(interval, measurement.value)})"
    sentence += f", n = {size(measurement)}."
    if verdict.region is not None:
        sentence += f" Required: {scale.region(verdict.region)}."
    rates = compared_rates(measurement, record)
    return " ".join(part for part in (rates, sentence, undecided(verdict, record)) if part)


def undecided(verdict: Verdict, record: AuditRecord) -> str:
    """What would decide an inconclusive verdict; "" for the others."""
    if verdict.status is not VerdictStatus.INCONCLUSIVE:
        return ""
    measurement = verdict.measurement
    if measurement is None or measurement.status is not Status.MEASURED or measurement.sampled:
        return "Inconclusive."
    units = "calls" if measurement.key.metric.startswith("cost.") else unit_words(record)
    if verdict.interval is not None and math.isinf(verdict.interval.high - verdict.interval.low):
        return "Inconclusive: on one side nothing bounds the value."
    if verdict.units_to_decide is None:
        return f"Inconclusive: at this value no realistic number of {units} decides."
    further = verdict.units_to_decide - measurement.units
    if further <= 0:
        return "Inconclusive."
    where = "" if measurement.key.reference is None else " of these two sides"
    return f"Inconclusive: {about(further)} more {units}{where} would decide."


def headline(record: AuditRecord) -> Headline:
    """The outcome, and why, for the top of the page."""
    judgement = record.judgement
    if judgement is None:
        return Headline(
            "unjudged",
            "Not judged",
            "No policy was asked, so this report shows measurements without a verdict.",
        )
    blocking = _by_requirement(judgement)
    words = VERDICTS[judgement.outcome]
    listed = list(blocking.values())[:MOST_FINDINGS]
    rest = [verdicts[0] for verdicts in list(blocking.values())[MOST_FINDINGS:]]
    return Headline(
        judgement.outcome.value,
        words.word,
        _lead(judgement, blocking),
        tuple((_title(verdicts[0]), _finding(verdicts, record)) for verdicts in listed),
        f"Also: {joined(_title(verdict) for verdict in rest)}." if rest else "",
    )


def _finding(verdicts: list[Verdict], record: AuditRecord) -> str:
    text = finding(verdicts[0], record)
    others = len(verdicts) - 1
    if others:
        text += f" The same requirement blocks on {others} more {_plural(others, 'comparison')}."
    return text


def _title(verdict: Verdict) -> str:
    return verdict.title or verdict.requirement


def _by_requirement(judgement: Judgement) -> Mapping[str, list[Verdict]]:
    """Verdicts that block, by requirement, the worst requirement and verdict first."""
    ranked = sorted(
        (verdict for verdict in judgement.verdicts if verdict.blocks),
        key=lambda verdict: WORST_FIRST.index(verdict.status),
    )
    found: dict[str, list[Verdict]] = {}
    for verdict in ranked:
        found.setdefault(verdict.requirement, []).append(verdict)
    return found


def _plural(number: int, noun: str) -> str:
    return noun if number == 1 else f"{noun}s"


def _lead(judgement: Judgement, blocking: Mapping[str, list[Verdict]]) -> str:
    everything = {verdict.requirement for verdict in judgement.verdicts}
    policy = f"policy “{shorten(judgement.policy)}”"
    if not blocking:
        waived = sum(verdict.status is VerdictStatus.WAIVED for verdict in judgement.verdicts)
        accepted = f" {waived} {_plural(waived, 'verdict')} would block but for a waiver."
        return f"Nothing in {policy} blocks on this evidence.{accepted if waived else ''}"
    counts = dict.fromkeys(WORST_FIRST, 0)
    for verdicts in blocking.values():
        counts[verdicts[0].status] += 1
    parts = [
        f"{number} {_LEADS[status][number > 1]}"
        for status, number in counts.items()
        if number and status in _LEADS
    ]
    blocks = "This blocks" if len(blocking) == 1 else "These block"
    named = f"Of the {len(everything)} requirements of {policy}"
    if len(everything) == 1:
        named = f"Of the one requirement of {policy}"
    warning = {
        verdict.requirement
        for verdict in judgement.verdicts
        if verdict.status in _LEADS and verdict.requirement not in blocking
    }
    only = "warns" if len(warning) == 1 else "warn"
    warns = f" {len(warning)} more without a pass only {only}."
    return f"{named}, {joined(parts)}. {blocks} a deployment.{warns if warning else ''}"


_LEADS: Mapping[VerdictStatus, tuple[str, str]] = {
    VerdictStatus.FAIL: ("is not met", "are not met"),
    VerdictStatus.MISSING: ("was not measured", "were not measured"),
    VerdictStatus.INCONCLUSIVE: ("is undecided", "are undecided"),
}


def cautions(record: AuditRecord) -> list[str]:
    """Sentences about the judgement as a whole that must stand beside the outcome."""
    found = [] if record.judgement is None else list(_circumstances(record.judgement))
    if any(measurement.sampled for measurement in record.measurements):
        found.append(
            "Only part of the data was read for some measurements; these cannot pass "
            "(marked “sampled”)."
        )
    if _flag(record.settings, "allow_code"):
        found.append("Code named by the user was allowed to run while loading.")
    return found


def _circumstances(judgement: Judgement) -> Iterator[str]:
    """The judge's own notes, or what the judgement's fields say where it wrote none."""
    yield from judgement.notes
    if judgement.notes:
        return
    if judgement.exploratory:
        yield (
            "Exploratory: this policy was first seen after the evaluation data had been opened, so "
            "it may have been fitted to them."
        )
    if judgement.look > 1:
        yield (
            f"Look {judgement.look} at this model: each further look on new rows is judged at a "
            "stricter level, so that repeating until it passes does not pay."
        )


def _flag(settings: Mapping[str, Any], name: str) -> bool:
    return settings.get(name) is True
