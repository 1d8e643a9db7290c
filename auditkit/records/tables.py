"""The tables of a store, as the newest migration leaves them.

They hold what is asked for across records, and the digests of the files; a record's content is in
its `record.json`. Times are ISO 8601 in UTC with microseconds, so that text sorts as time.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, MetaData, Table, Text

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

RECORDS = Table(
    "records",
    METADATA,
    Column("number", Integer, primary_key=True),  # order of arrival
    Column("id", Text, nullable=False, unique=True),
    Column("created", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("seed", Text),
    Column("rows", Integer),
    Column("policy", Text),
    Column("outcome", Text),
    Column("exit_code", Integer),
    Column("look", Integer),
    Column("blocking", Integer),
    Column("exploratory", Boolean),
    sqlite_autoincrement=True,
)

DIGESTS = Table(
    "digests",
    METADATA,
    Column("record", Text, ForeignKey("records.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Index("ix_digests_kind_digest", "kind", "digest"),
)

FILES = Table(
    "files",
    METADATA,
    Column("record", Text, ForeignKey("records.id"), primary_key=True),
    Column("file", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("bytes", Integer, nullable=False),
)

SIGHTS = Table(
    "sights",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("first", Text, nullable=False),
)

SIGNATURES = Table(
    "signatures",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("record", Text, ForeignKey("records.id"), nullable=False, index=True),
    Column("record_digest", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    sqlite_autoincrement=True,
)
