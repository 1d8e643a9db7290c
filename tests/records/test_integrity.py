from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from auditkit.errors import StoreError
from auditkit.records import Store, open_store
from auditkit.records.record_file import encode
from tests.samples import sample_record

ID = sample_record().id


@pytest.fixture
def folder(store: Store) -> Path:
    store.save(sample_record(), {"counts": b"numbers"})
    return store.folder / "records" / ID


def edit(store: Store, statement: str) -> None:
    path = store.folder / "store.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def test_a_changed_record_is_named(store: Store, folder: Path) -> None:
    path = folder / "record.json"
    path.write_bytes(path.read_bytes().replace(b'"fail"', b'"pass"'))
    with pytest.raises(StoreError) as caught:
        store.load("latest")
    assert caught.value.problem.startswith(
        f"{path} was changed after it was stored: expected sha256:"
    )
    assert "run the audit again" in caught.value.mend
    with pytest.raises(StoreError, match="was changed"):
        store.sign("latest", "approve", "why", "who")
    assert store.verify() == (caught.value.problem,)


def test_a_changed_state_is_named(store: Store, folder: Path) -> None:
    (folder / "state-counts.bin").write_bytes(b"Numbers")
    with pytest.raises(StoreError, match=r"state-counts\.bin was changed"):
        store.states("latest")
    assert store.load("latest") == sample_record()
    assert len(store.verify()) == 1


def test_a_missing_file_is_named(store: Store, folder: Path) -> None:
    (folder / "state-counts.bin").unlink()
    with pytest.raises(StoreError, match=r"state-counts\.bin does not exist"):
        store.states("latest")
    shutil.rmtree(folder)
    with pytest.raises(StoreError, match=r"record\.json does not exist"):
        store.load("latest")
    assert len(store.verify()) == 2
    assert len(store.runs()) == 1  # the list still names it


def test_a_file_put_beside_is_named(store: Store, folder: Path) -> None:
    (folder / "extra.bin").write_bytes(b"x")
    assert store.verify() == (f"{folder / 'extra.bin'} was not written by auditkit.",)
    assert set(store.states("latest")) == {"counts"}


def test_the_log_refuses_edits(store: Store, folder: Path) -> None:
    store.sign(ID, "reject", "unfair", "Ada")
    for statement in ("UPDATE signatures SET decision = 'approve'", "DELETE FROM signatures"):
        with pytest.raises(sqlite3.IntegrityError, match="signatures are append-only"):
            edit(store, statement)


def test_edits_around_the_triggers_are_found(store: Store, folder: Path) -> None:
    for decision in ("reject", "comment", "comment"):
        store.sign(ID, decision, "because", "Ada")
    for event in ("update", "delete"):
        edit(store, f"DROP TRIGGER signatures_refuse_{event}")
    edit(store, "UPDATE signatures SET decision = 'approve' WHERE number = 1")
    assert store.verify() == (
        f"Signature 1 (record {ID}, by Ada) was changed after it was written.",
    )
    edit(store, "DELETE FROM signatures WHERE number = 1")
    problems = store.verify()
    assert any("should have number 1: entries before it are missing" in text for text in problems)
    assert any("does not follow the entry before it" in text for text in problems)


def test_a_record_exchanged_after_its_signature_is_found(store: Store, folder: Path) -> None:
    """Whoever rewrites the file and its digest is caught by what was signed."""
    from auditkit.records.integrity import sha256

    store.sign(ID, "approve", "fine", "Ada")
    other = encode(sample_record(name="another"))
    (folder / "record.json").write_bytes(other)
    edit(store, f"UPDATE files SET digest = '{sha256(other)}' WHERE file = 'record.json'")
    assert store.load("latest").name == "another"
    assert store.verify() == (f"Record {ID} differs from what Ada signed.",)


def test_a_lost_database_is_rebuilt_from_the_records(store: Store, folder: Path) -> None:
    (store.folder / "store.sqlite").unlink()
    again = open_store(store.folder)
    assert again.load(ID) == sample_record()
    assert dict(again.states(ID)) == {"counts": b"numbers"}
    assert again.looks(sample_record().digests["model"]) == 1
    assert again.verify() == ()


@pytest.mark.parametrize("content", [b"", b"{}", b"no json", encode(sample_record())])
def test_a_folder_that_is_no_record_is_left_and_named(store: Store, content: bytes) -> None:
    stranger = store.folder / "records" / "20200101-000000-abcdef"
    stranger.mkdir()
    (stranger / "record.json").write_bytes(content)
    again = open_store(store.folder)
    assert again.runs() == []
    assert again.verify() == (f"{stranger} is no record of this store.",)
    assert (stranger / "record.json").read_bytes() == content


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE records SET outcome = 'fine'", "the VerdictStatus 'fine', which does not exist"),
        ("DELETE FROM files", f"has lost the digest of record {ID}"),
        ("DROP TABLE files", "no such table: files"),
    ],
)
def test_an_edited_database_is_an_error_of_the_store(
    store: Store, folder: Path, statement: str, problem: str
) -> None:
    edit(store, statement)
    ask = store.runs if "outcome" in statement else lambda: store.load("latest")
    with pytest.raises(StoreError, match=problem):
        ask()
