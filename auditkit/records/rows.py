"""Rows of a store: what goes into the database for one record, and what comes out of it.

Functions of a connection; whoever calls them holds the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from auditkit.errors import StoreError
from auditkit.records import runs
from auditkit.records.integrity import sha256
from auditkit.records.record import AuditRecord
from auditkit.records.signatures import START, Signature, SignOff, entry
from auditkit.records.tables import DIGESTS, FILES, RECORDS, SIGHTS, SIGNATURES


def insert_record(
    connection: Connection, record: AuditRecord, contents: Mapping[str, bytes]
) -> None:
    """Everything the database keeps about a record and its files.

    Args:
        connection: holds the write lock.
        record: the record.
        contents: file name → bytes, as they lie on the disk.

    Raises:
        StoreError: the id is taken, or `created` is no time.
    """
    if connection.execute(select(RECORDS.c.id).where(RECORDS.c.id == record.id)).first():
        raise StoreError(
            f"The store already has a record {record.id}.",
            mend="A record is never overwritten: give the new one an id of its own.",
        )
    connection.execute(insert(RECORDS).values(**runs.columns_of(record)))
    stored: list[dict[str, Any]] = [
        {"record": record.id, "file": file, "digest": sha256(content), "bytes": len(content)}
        for file, content in contents.items()
    ]
    connection.execute(insert(FILES), stored)
    digests = [
        {"record": record.id, "kind": runs.storable(kind), "digest": runs.storable(digest)}
        for kind, digest in record.digests.items()
        if digest
    ]
    if digests:
        connection.execute(insert(DIGESTS), digests)


def known_ids(connection: Connection) -> set[str]:
    """The ids of all records."""
    return set(connection.execute(select(RECORDS.c.id)).scalars())


def file_digests(connection: Connection, record_id: str) -> dict[str, str]:
    """File name → digest, of the files of a record."""
    query = select(FILES.c.file, FILES.c.digest).where(FILES.c.record == record_id)
    return {row.file: row.digest for row in connection.execute(query)}


def first_sight(connection: Connection, kind: str, digest: str) -> datetime:
    """When this digest was seen first; now, and noted, if that was never.

    Args:
        connection: holds the write lock.
        kind: `policy`, `data` …
        digest: the digest.
    """
    same = (SIGHTS.c.kind == kind) & (SIGHTS.c.digest == digest)
    first = connection.execute(select(SIGHTS.c.first).where(same)).scalar_one_or_none()
    if first is None:
        first = runs.utc_text(datetime.now(UTC))
        connection.execute(insert(SIGHTS).values(kind=kind, digest=digest, first=first))
    return datetime.fromisoformat(first)


def append_signature(
    connection: Connection, record_id: str, record_digest: str, decision: str, reason: str, who: str
) -> Signature:
    """Append to the log, chained to its last entry; the parameters are an entry's content.

    Raises:
        StoreError: see `auditkit.records.signatures.entry`.
    """
    last = select(SIGNATURES.c.digest).order_by(SIGNATURES.c.number.desc()).limit(1)
    previous = connection.execute(last).scalar_one_or_none() or START
    at = runs.utc_text(datetime.now(UTC))
    reason, who = runs.storable(reason), runs.storable(who)
    new = entry(record_id, record_digest, decision, reason, who, at, previous)
    number = connection.execute(
        insert(SIGNATURES).values(**new).returning(SIGNATURES.c.number)
    ).scalar_one()
    return _signature({**new, "number": number})


def signature_log(connection: Connection) -> list[Signature]:
    """The whole log, oldest first."""
    rows = connection.execute(select(SIGNATURES).order_by(SIGNATURES.c.number))
    return [_signature(row._asdict()) for row in rows]


def _signature(row: Mapping[str, Any]) -> Signature:
    return Signature(**{**row, "decision": runs.choice(SignOff, row["decision"])})
