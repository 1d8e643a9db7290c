"""What is asked across records, in SQL: lists of runs, identical runs, looks at a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Label,
    RowMapping,
    and_,
    distinct,
    exists,
    func,
    or_,
    select,
    true,
)

from auditkit.policy.verdict import VerdictStatus
from auditkit.records.runs import NOT_JUDGED, RunFilter, RunSummary, choice, seed_text, storable
from auditkit.records.signatures import SignOff
from auditkit.records.tables import DIGESTS, RECORDS, SIGNATURES

SAME_RUN = ("model", "data", "policy", "configuration")
"""The digests that make two runs identical, beside seed and version."""


def select_runs(
    connection: Connection, which: RunFilter, limit: int, offset: int
) -> list[RunSummary]:
    """Runs that match, newest first."""
    query = (
        select(RECORDS, _digest("model"), _digest("data"), _last_decision())
        .where(_matching(which))
        .order_by(RECORDS.c.created.desc(), RECORDS.c.number.desc())
        .limit(limit)
        .offset(offset)
    )
    return [_summary(row) for row in connection.execute(query).mappings()]


def count_runs(connection: Connection, which: RunFilter) -> int:
    """How many runs match."""
    query = select(func.count()).select_from(RECORDS).where(_matching(which))
    return int(connection.execute(query).scalar_one())


def select_ids(connection: Connection, prefix: str, limit: int) -> list[str]:
    """Ids that begin with `prefix`, newest first."""
    query = (
        select(RECORDS.c.id)
        .where(RECORDS.c.id.startswith(prefix, autoescape=True))
        .order_by(RECORDS.c.created.desc(), RECORDS.c.number.desc())
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def select_identical(
    connection: Connection, digests: Mapping[str, str], seed: int | None, version: str
) -> str | None:
    """Id of the newest record of the same run; a digest not given must be absent there too."""
    wanted = {**dict.fromkeys(SAME_RUN), **digests}
    same = [
        ~_has_digest(kind) if digest is None else _has_digest(kind, digest)
        for kind, digest in wanted.items()
    ]
    query = (
        select(RECORDS.c.id)
        .where(
            and_(
                RECORDS.c.version == version, RECORDS.c.seed.is_not_distinct_from(seed_text(seed))
            ),
            *same,
        )
        .order_by(RECORDS.c.created.desc(), RECORDS.c.number.desc())
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none()


def count_looks(connection: Connection, model: str) -> int:
    """How many records there are of the model with this digest, judged or only measured."""
    query = select(func.count()).select_from(RECORDS).where(_has_digest("model", model))
    return int(connection.execute(query).scalar_one())


def count_models(connection: Connection, data: str) -> int:
    """How many different models were judged on the data with this digest."""
    query = (
        select(func.count(distinct(DIGESTS.c.digest)))
        .select_from(RECORDS.join(DIGESTS, DIGESTS.c.record == RECORDS.c.id))
        .where(DIGESTS.c.kind == "model", RECORDS.c.outcome.is_not(None), _has_digest("data", data))
    )
    return int(connection.execute(query).scalar_one())


def _matching(which: RunFilter) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    if which.search:
        text = storable(which.search)
        fields = (RECORDS.c.id, RECORDS.c.name, RECORDS.c.policy)
        named = [field.icontains(text, autoescape=True) for field in fields]
        digest = exists().where(
            DIGESTS.c.record == RECORDS.c.id, DIGESTS.c.digest.icontains(text, autoescape=True)
        )
        conditions.append(or_(*named, digest))
    if which.outcomes:
        outcome = func.coalesce(RECORDS.c.outcome, NOT_JUDGED)
        conditions.append(outcome.in_([str(name) for name in which.outcomes]))
    if which.model:
        conditions.append(_has_digest("model", which.model))
    return and_(*conditions)


def _has_digest(kind: str, digest: str | None = None) -> ColumnElement[bool]:
    conditions = [DIGESTS.c.record == RECORDS.c.id, DIGESTS.c.kind == kind]
    if digest is not None:
        conditions.append(DIGESTS.c.digest == digest)
    # The outer query may join DIGESTS too; here it is another look at the table.
    return exists(select(DIGESTS.c.kind).where(*conditions).correlate(RECORDS))


def _digest(kind: str) -> Label[Any]:
    return (
        select(DIGESTS.c.digest)
        .where(DIGESTS.c.record == RECORDS.c.id, DIGESTS.c.kind == kind)
        .correlate(RECORDS)
        .scalar_subquery()
        .label(f"{kind}_digest")
    )


def _last_decision() -> Label[Any]:
    return (
        select(SIGNATURES.c.decision)
        .where(SIGNATURES.c.record == RECORDS.c.id, SIGNATURES.c.decision != SignOff.COMMENT.value)
        .order_by(SIGNATURES.c.number.desc())
        .limit(1)
        .correlate(RECORDS)
        .scalar_subquery()
        .label("signed")
    )


def _summary(row: RowMapping) -> RunSummary:
    return RunSummary(
        id=row["id"],
        created=row["created"],
        name=row["name"],
        version=row["version"],
        outcome=None if row["outcome"] is None else choice(VerdictStatus, row["outcome"]),
        exit_code=row["exit_code"],
        policy=row["policy"] or "",
        look=row["look"],
        exploratory=bool(row["exploratory"]),
        blocking=row["blocking"] or 0,
        model=row["model_digest"] or "",
        data=row["data_digest"] or "",
        rows=row["rows"],
        signed=row["signed"] or "",
    )
