from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from auditkit.errors import StoreError
from auditkit.records import Store, database, migrations, open_store
from auditkit.records.tables import METADATA
from tests.samples import sample_record


def test_the_migrations_make_the_tables_that_the_code_uses(store: Store) -> None:
    with store._database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_comparison_above_can_fail(store: Store) -> None:
    with store._database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE records ADD COLUMN extra TEXT")
        assert compare_metadata(MigrationContext.configure(connection), METADATA) != []


def test_the_newest_step_is_the_one_that_the_code_expects() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(str(migrations.__file__)).parent))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [database.REVISION]


def test_each_connection_is_prepared(store: Store) -> None:
    with store._database.read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "busy_timeout": 10_000,
        "synchronous": 2,
    }


def test_foreign_keys_hold(store: Store) -> None:
    with (
        pytest.raises(StoreError, match="FOREIGN KEY constraint failed"),
        store._database.write() as connection,
    ):
        connection.exec_driver_sql("INSERT INTO digests VALUES ('nobody', 'model', 'x')")


def test_a_store_of_a_newer_auditkit_is_refused(store: Store) -> None:
    store.save(sample_record())
    with store._database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(StoreError) as caught:
        open_store(store.folder)
    assert "was written by a newer auditkit (step 0999 of its tables" in caught.value.problem
    assert caught.value.mend.startswith("Upgrade auditkit-torch")


def test_a_foreign_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE shopping (item TEXT)")
    connection.close()
    with pytest.raises(StoreError, match=r"not one of auditkit \(it holds the table 'shopping'\)"):
        open_store(tmp_path)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("shopping",)]
    connection.close()


@pytest.mark.parametrize(
    "content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "store.sqlite").write_bytes(content)
    with pytest.raises(StoreError) as caught:
        open_store(tmp_path)
    assert f"The database {tmp_path / 'store.sqlite'} is" in caught.value.problem
    assert "Restore it from a backup" in caught.value.mend
    assert (tmp_path / "store.sqlite").read_bytes() == content


def test_a_damaged_database_is_an_error_or_still_right(store: Store) -> None:
    """Random damage to the file: a StoreError, or what was stored; nothing else."""
    record = sample_record()
    store.save(record)
    path = store.folder / "store.sqlite"
    sound, dice, refused = path.read_bytes(), random.Random(0), 0
    for _ in range(150):
        broken = bytearray(sound)
        place = dice.randrange(len(broken))
        broken[place : place + 64] = dice.randbytes(64)
        path.write_bytes(bytes(broken[: len(sound)]))
        for leftover in ("store.sqlite-wal", "store.sqlite-shm"):
            (store.folder / leftover).unlink(missing_ok=True)
        try:
            assert open_store(store.folder).load(record.id) == record
        except StoreError:
            refused += 1
    assert refused > 3


def test_a_locked_database_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    impatient = open_store(store.folder)
    with store._database.write(), pytest.raises(StoreError) as caught:
        impatient.save(sample_record())
    assert "is locked by another process" in caught.value.problem
    assert caught.value.mend == "Wait for the other run to end, and retry."
    assert list((store.folder / "records").iterdir()) == []


def test_readers_do_not_wait_for_a_writer(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save(sample_record())
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    with store._database.write():
        assert open_store(store.folder).load("latest") == sample_record()


def test_a_path_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be written: Not a directory"):
        open_store(tmp_path / "file" / "store")


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Without the rights of root, to whom no folder is closed."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder with a store, nothing of it writable."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        open_store(place / "store").save(sample_record())
        paths = [place, *(path for path in place.rglob("*") if path.is_dir())]
        for path in paths:
            path.chmod(0o555)
        (place / "store" / "store.sqlite").chmod(0o444)
        yield place
        for path in paths:
            path.chmod(0o755)


def test_an_unwritable_folder(closed: Path) -> None:
    with nobody(), pytest.raises(StoreError) as caught:
        open_store(closed / "other")
    assert f"{closed / 'other'} cannot be written: Permission denied." in caught.value.problem
    assert f"Make {closed} writable for this user" in caught.value.mend


def test_an_unwritable_store(closed: Path) -> None:
    with nobody(), pytest.raises(StoreError) as caught:
        open_store(closed / "store")
    assert str(closed / "store" / "store.sqlite") in caught.value.problem
    assert caught.value.mend == "Make the folder writable, or choose another --store."
