"""A record whose every outside text tries to break out of the document that shows it."""

from __future__ import annotations

import dataclasses
from typing import Any

from auditkit.measurement import Measurement, MeasurementKey, Slice
from auditkit.mending import Advice, Option
from auditkit.policy.verdict import Verdict
from auditkit.records.record import AuditRecord
from tests.samples import sample_judgement, sample_record

STRINGS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; alert(1); //",
    "]]><failure message='x'/>",
    "</style><style>*{display:none}</style>",
    "a.b[0]",
    "datum['x'] \\ {{ 7 * 7 }} {% raw %}",
    "\u202egnirts\u202c\u200f",
    "nul\x00bell\x07escape\x1b[31m\ud800\ufffe",
    "https://evil.example/track.js",
    "javascript:alert(1)",
    "x" * 10_000,
    "",
    "&amp;&#x3C;b&#x3E;",
    "line\r\nbreak\ttab",
)


def poisoned(value: Any, poison: str) -> Any:
    """The same plain data with every string value that is free text followed by the poison."""
    if isinstance(value, str):
        return value + poison
    if isinstance(value, dict):
        return {key: poisoned(item, poison) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(poisoned(item, poison) for item in value)
    return value


def _slice(part: Slice | None, poison: str) -> Slice | None:
    if part is None or not part.conditions:
        return part
    return Slice(tuple((name + poison, value + poison) for name, value in part.conditions))


def _measurement(measurement: Measurement, poison: str) -> Measurement:
    key = measurement.key
    return dataclasses.replace(
        measurement,
        key=MeasurementKey(
            key.metric,
            _slice(key.slice, poison) or Slice(),
            _slice(key.reference, poison),
            key.split,
            f"head{poison}",
            f"label{poison}",
        ),
        reason=measurement.reason + poison,
    )


def _verdict(verdict: Verdict, poison: str) -> Verdict:
    texts = (
        "requirement",
        "subject",
        "reason",
        "title",
        "clause",
        "basis",
        "explanation",
        "waiver",
    )
    return dataclasses.replace(
        verdict,
        measurement=verdict.measurement and _measurement(verdict.measurement, poison),
        **{name: getattr(verdict, name) + poison for name in texts},
    )


def _advice(advice: Advice, poison: str) -> Advice:
    texts = ("adviser", "title", "metric", "sentences", "cost", "caution", "limits", "definitions")
    return dataclasses.replace(
        advice,
        slices=tuple(_slice(part, poison) or Slice() for part in advice.slices),
        options=tuple(
            Option(one.title + poison, tuple(_measurement(m, poison) for m in one.measurements))
            for one in advice.options
        ),
        figure=None,
        **{name: poisoned(getattr(advice, name), poison) for name in texts},
    )


def hostile_record(poison: str) -> AuditRecord:
    """The sample record with the poison in every text that a user, a file or a plug-in gives."""
    record = sample_record()
    plain = {
        name: poisoned(getattr(record, name), poison)
        for name in ("name", "id", "created", "digests", "model", "data", "settings")
    }
    texts = {
        name: poisoned(getattr(record, name), poison)
        for name in ("environment", "definitions", "policy_text", "not_tested", "notes")
    }
    judgement = sample_judgement(
        policy=f"baseline{poison}",
        small_groups=(poison,),
        notes=(poison,),
        not_applicable=(poison,),
        verdicts=tuple(_verdict(v, poison) for v in sample_judgement().verdicts),
    )
    return dataclasses.replace(
        record,
        **plain,
        **texts,
        judgement=judgement,
        timing={f"stage{poison}": 1.0},
        measurements=tuple(_measurement(m, poison) for m in record.measurements),
        advice=tuple(_advice(one, poison) for one in record.advice),
        figures=tuple(
            dataclasses.replace(
                figure,
                title=figure.title + poison,
                caption=figure.caption + poison,
                data=poisoned(dict(figure.data), poison),
            )
            for figure in record.figures
        ),
    )
