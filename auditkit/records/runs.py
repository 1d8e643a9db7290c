"""A run in one line: what a list of runs shows, and the database's row that it comes from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from auditkit.errors import StoreError
from auditkit.policy.verdict import VerdictStatus
from auditkit.records.record import AuditRecord

Choice = TypeVar("Choice", bound=StrEnum)

NOT_JUDGED = "not judged"
"""The outcome of a run for which no policy was asked, as a filter of `runs`."""


@dataclass(frozen=True)
class RunSummary:
    """One line of a list of runs.

    Attributes:
        id, created, name, version: of the record; `created` is ISO 8601 in UTC.
        outcome: the judgement's; None if no policy was asked.
        exit_code: the judgement's; None likewise.
        policy: id of the policy; "" if none.
        look: the how-many-th look at the model; None if no policy was asked.
        exploratory: True if the policy was first seen after the evaluation data were opened.
        blocking: number of verdicts that block.
        model, data: digests; "" if unknown.
        rows: rows of the evaluation split; None if unknown.
        signed: the last `approve` or `reject`; "" if there is none.
    """

    id: str
    created: str
    name: str
    version: str
    outcome: VerdictStatus | None
    exit_code: int | None
    policy: str
    look: int | None
    exploratory: bool
    blocking: int
    model: str
    data: str
    rows: int | None
    signed: str


@dataclass(frozen=True)
class RunFilter:
    """Which runs to list.

    Attributes:
        search: text that id, name, policy or a digest contains, in any case.
        outcomes: outcomes to show, `NOT_JUDGED` among them; empty for all.
        model: digest of the model; "" for any.
    """

    search: str = ""
    outcomes: Collection[str] = ()
    model: str = ""


def columns_of(record: AuditRecord) -> dict[str, Any]:
    """The row of `RECORDS` for a record.

    Raises:
        StoreError: `created` is no time with a time zone.
    """
    judgement = record.judgement
    judged: dict[str, Any] = {}
    if judgement is not None:
        judged = {
            "policy": storable(judgement.policy),
            "outcome": judgement.outcome.value,
            "exit_code": int(judgement.exit_code),
            "look": judgement.look,
            "blocking": sum(verdict.blocks for verdict in judgement.verdicts),
            "exploratory": judgement.exploratory,
        }
    return {
        "id": record.id,
        "created": _utc(record.created),
        "name": storable(record.name),
        "version": storable(record.version),
        "seed": seed_text(record.settings.get("seed")),
        "rows": _evaluation_rows(record.data),
        **judged,
    }


def storable(text: str) -> str:
    """Text without lone surrogates, which a database can't hold.

    >>> storable("a\\udc80")
    'a\\\\udc80'
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def choice(kind: type[Choice], text: str) -> Choice:
    """The member of an enumeration that a database column names.

    Raises:
        StoreError: there is none: somebody edited the database, or it is damaged.
    """
    try:
        return kind(text)
    except ValueError as error:
        raise StoreError(
            f"The database holds the {kind.__name__} {text!r}, which does not exist.",
            mend="Restore the store from a backup.",
        ) from error


def utc_text(moment: datetime) -> str:
    """An aware time as text that sorts as time.

    >>> utc_text(datetime(2026, 1, 2, tzinfo=UTC))
    '2026-01-02T00:00:00.000000+00:00'
    """
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _utc(created: str) -> str:
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise StoreError(
            f"The record was created at {created[:80]!r}; expected a time with its zone, for "
            "example 2026-11-22T10:15:30+00:00.",
            mend="Check that this is a record written by auditkit.",
        )
    return utc_text(moment)


def seed_text(seed: object) -> str | None:
    """Text, since a seed may have more bits than a database's integers."""
    return None if seed is None else storable(str(seed))


def _evaluation_rows(data: Mapping[str, Any]) -> int | None:
    splits = data.get("splits")
    evaluation = splits.get("evaluation") if isinstance(splits, Mapping) else None
    rows = evaluation.get("rows") if isinstance(evaluation, Mapping) else None
    return rows if isinstance(rows, int) and not isinstance(rows, bool) else None
