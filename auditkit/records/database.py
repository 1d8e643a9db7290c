"""The SQLite database of a store: connections, transactions, migration, errors in plain words.

Each connection has write-ahead logging (readers never wait), foreign keys, and waits for a lock
instead of failing at once. A writer takes the write lock when its transaction begins, so that two
of them queue up rather than clash half-way.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from auditkit.errors import StoreError

REVISION = "0001"
"""The newest migration step. Kept here so that Alembic is imported only to migrate."""

BUSY_SECONDS = 10.0

_CORRUPT = (
    "is corrupt, or not a SQLite database",
    "Restore it from a backup; or move it away, and the next run makes a new one from the records "
    "beside it (signatures are lost).",
)
# What SQLite says, by the beginning of its error name, and what the user reads.
_MENDS: tuple[tuple[str, str, str], ...] = (
    ("SQLITE_NOTADB", *_CORRUPT),
    ("SQLITE_CORRUPT", *_CORRUPT),
    ("SQLITE_FULL", "has no space left on its disk", "Free some space, or choose another --store."),
    ("SQLITE_IOERR", "cannot be read or written on its disk", "Check the disk and its free space."),
    ("SQLITE_READONLY", "is not writable", "Make the folder writable, or choose another --store."),
    ("SQLITE_CANTOPEN", "cannot be opened", "Make the folder writable, or choose another --store."),
    ("SQLITE_BUSY", "is locked by another process", "Wait for the other run to end, and retry."),
    ("SQLITE_LOCKED", "is locked by another process", "Wait for the other run to end, and retry."),
)


class Database:
    """One database file, migrated to the newest tables.

    Args:
        path: the file; made if absent.

    Raises:
        StoreError: it is corrupt, not a store, locked, not writable, or of a newer auditkit.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = _engine(path)
        with self.errors():
            _use_write_ahead_log(self._engine, path)
            if self._revision() != REVISION:
                self._migrate()

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the database throughout."""
        with self.errors(), self._engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """The only writer of the moment; committed at the end, rolled back by an exception."""
        engine = self._engine.execution_options(auditkit_begin="BEGIN IMMEDIATE")
        with self.errors(), engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn the database's errors into `StoreError`s that name the file and the mend."""
        try:
            yield
        except DatabaseError as error:
            raise _in_words(self.path, error.orig) from error
        except sqlite3.DatabaseError as error:  # from a connection that is not yet SQLAlchemy's
            raise _in_words(self.path, error) from error
        except UnicodeDecodeError as error:  # the driver's, where damage hit a text
            problem, mend = _CORRUPT
            raise StoreError(f"The database {self.path} {problem} ({error}).", mend=mend) from error

    def _revision(self) -> str | None:
        with self._engine.connect() as connection:
            return _revision_of(connection, self.path)

    def _migrate(self) -> None:
        with self.write() as connection:
            revision = _revision_of(connection, self.path)  # another process may have been faster
            if revision != REVISION:
                _upgrade(connection, revision, self.path)


def _engine(path: Path) -> Engine:
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # the driver would begin and commit at its own will
    try:
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        connection.execute("PRAGMA foreign_keys = ON")
        # A signature must survive a power cut, and there are few writes.
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.DatabaseError:
        connection.close()
        raise


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("auditkit_begin", "BEGIN"))


def _use_write_ahead_log(engine: Engine, path: Path) -> None:
    """Switch to write-ahead logging, once in the life of a store.

    The switch does not wait for locks by itself, so a second process that opens a new store in the
    same moment has to try again.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            mode = _journal_mode(engine)
        except sqlite3.DatabaseError as error:
            if not _name_of(error).startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            break
    if mode != "wal":
        raise StoreError(
            f"The file system of {path} does not support SQLite's write-ahead log (mode {mode}).",
            mend="Choose a folder on a local disk with --store.",
        )


def _journal_mode(engine: Engine) -> str:
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        mode = str(cursor.execute("PRAGMA journal_mode").fetchone()[0])
        if mode != "wal":
            mode = str(cursor.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        return mode
    finally:
        connection.close()


def _revision_of(connection: Connection, path: Path) -> str | None:
    """The migration step that the database is at; None if it is empty."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
        return str(found[0]) if found else None
    if tables:
        raise StoreError(
            f"{path} is a SQLite database, but not one of auditkit (it holds the table "
            f"{tables[0]!r}).",
            mend="Choose another folder with --store.",
        )
    return None


def _upgrade(connection: Connection, revision: str | None, path: Path) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    # A per cent sign in the path would be taken for an interpolation.
    scripts = str(Path(__file__).with_name("migrations")).replace("%", "%%")
    config.set_main_option("script_location", scripts)
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise StoreError(
            f"The store {path.parent} was written by a newer auditkit (step {revision} of its "
            f"tables; this version knows {REVISION}).",
            mend="Upgrade auditkit-torch, or choose another folder with --store.",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _name_of(error: BaseException | None) -> str:
    return getattr(error, "sqlite_errorname", "")


def _in_words(path: Path, error: BaseException | None) -> StoreError:
    name = _name_of(error)
    for beginning, problem, mend in _MENDS:
        if name.startswith(beginning):
            return StoreError(f"The database {path} {problem} ({error}).", mend=mend)
    return StoreError(
        f"The database {path} answers with an error: {error}.",
        mend="Check the store with a SQLite tool, or restore it from a backup.",
    )
