"""One audit, whole: what was audited, with what, what came out, and what was not tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auditkit.measurement import Figure, Measurement, from_plain, to_plain
from auditkit.mending import Advice, advice_from_plain, advice_to_plain, figure_to_plain
from auditkit.policy.verdict import Judgement, judgement_from_plain, judgement_to_plain

FORMAT = 1


@dataclass(frozen=True)
class AuditRecord:
    """One run. Immutable: sign-offs are appended beside it, in the store.

    Attributes:
        id: unique, sortable by time, for example `20261122-101530-3f9ac2`.
        created: UTC time of the run's end, ISO 8601.
        name: what the user calls the audited system.
        version: auditkit's version.
        digests: `model`, `data`, `policy`, `configuration`, `code` … each `sha256:…` (or
            `manifest:…` for remote data whose bytes were not hashed; the digest of a model is of
            its file where there is one, else of parameters and buffers, `parameters:…`).
        model: description: task per head, classes, decision, outputs, parameters, loading path …
        data: description: splits with rows, units and digests; groups with levels and references;
            cluster, row id, time columns.
        settings: seed, device, batch size, limit, engine, whether code was allowed …
        environment: package versions, Python, platform.
        definitions: metric id → its definition as plain data, of every metric that was known.
        measurements: everything measured, or not, with the reason.
        figures: pictures as data.
        judgement: the policy's verdicts; None where no policy was asked.
        policy_text: the policy's YAML as judged; "" where none.
        not_tested: sentences: what this audit did not test, and why.
        notes: sentences that a reviewer must see (warnings of the run).
        timing: seconds by stage.
        advice: what would mend what was found; () also in records from before there was any.
    """

    id: str
    created: str
    name: str
    version: str
    digests: Mapping[str, str]
    model: Mapping[str, Any]
    data: Mapping[str, Any]
    settings: Mapping[str, Any]
    environment: Mapping[str, str]
    definitions: Mapping[str, Mapping[str, Any]]
    measurements: tuple[Measurement, ...]
    figures: tuple[Figure, ...] = ()
    judgement: Judgement | None = None
    policy_text: str = ""
    not_tested: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    timing: Mapping[str, float] = field(default_factory=dict)
    advice: tuple[Advice, ...] = ()


_PLAIN_FIELDS = (
    "id",
    "created",
    "name",
    "version",
    "digests",
    "model",
    "data",
    "settings",
    "environment",
    "definitions",
    "policy_text",
    "timing",
)


def record_to_plain(record: AuditRecord) -> dict[str, Any]:
    """A record as JSON-able data, reversible by `record_from_plain`."""
    plain: dict[str, Any] = {"format": FORMAT}
    plain.update({name: getattr(record, name) for name in _PLAIN_FIELDS})
    plain["not_tested"] = list(record.not_tested)
    plain["notes"] = list(record.notes)
    plain["judgement"] = None if record.judgement is None else judgement_to_plain(record.judgement)
    plain["measurements"] = [to_plain(measurement) for measurement in record.measurements]
    plain["figures"] = [figure_to_plain(figure) for figure in record.figures]
    plain["advice"] = [advice_to_plain(advice) for advice in record.advice]
    return plain


def record_from_plain(plain: Mapping[str, Any]) -> AuditRecord:
    """The record that `record_to_plain` wrote. Whoever reads a file checks `format` first."""
    return AuditRecord(
        measurements=tuple(from_plain(measurement) for measurement in plain["measurements"]),
        figures=tuple(Figure(**figure) for figure in plain["figures"]),
        judgement=None if plain["judgement"] is None else judgement_from_plain(plain["judgement"]),
        not_tested=tuple(plain["not_tested"]),
        notes=tuple(plain["notes"]),
        advice=tuple(advice_from_plain(advice) for advice in plain.get("advice", ())),
        **{name: plain[name] for name in _PLAIN_FIELDS},
    )
