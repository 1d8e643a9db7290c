"""Rows kept with a record: under its digests, deletable, and named by a salt of the store."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from auditkit.errors import StoreError
from auditkit.records import Store, open_store
from auditkit.records.record_file import encode
from tests.samples import sample_record

ID = sample_record().id


@pytest.fixture
def folder(store: Store) -> Path:
    store.save(sample_record(), {"counts": b"numbers"}, [b"rows", b"more rows"])
    return store.folder / "records" / ID


def test_outcomes_are_kept_beside_the_states(store: Store, folder: Path) -> None:
    found = store.outcomes("latest")
    assert {Path(path).name: kept for path, kept in found.items()} == {
        "outcomes-0.arrow": b"rows",
        "outcomes-1.arrow": b"more rows",
    }
    assert dict(store.states("latest")) == {"counts": b"numbers"}
    assert store.load("latest") == sample_record()
    assert store.verify() == ()


def test_a_record_without_outcomes_has_none(store: Store) -> None:
    store.save(sample_record())
    assert store.outcomes("latest") == {}


def test_changed_outcomes_are_named(store: Store, folder: Path) -> None:
    (folder / "outcomes-1.arrow").write_bytes(b"other")
    with pytest.raises(StoreError, match=r"outcomes-1\.arrow was changed after it was stored"):
        store.outcomes("latest")
    (problem,) = store.verify()
    assert "outcomes-1.arrow was changed" in problem


def test_outcomes_may_be_deleted_at_any_time(store: Store, folder: Path) -> None:
    (folder / "outcomes-0.arrow").unlink()
    assert list(store.outcomes("latest").values()) == [b"more rows"]
    assert store.verify() == ()
    assert dict(store.states("latest")) == {"counts": b"numbers"}


def test_outcomes_of_a_killed_writer_are_taken_in(store: Store) -> None:
    place = store.folder / "records" / ID
    place.mkdir()
    (place / "record.json").write_bytes(encode(sample_record()))
    (place / "outcomes-0.arrow").write_bytes(b"rows")
    assert list(open_store(store.folder).outcomes(ID).values()) == [b"rows"]


def test_the_salt_is_made_once_and_is_its_owners(store: Store) -> None:
    assert not (store.folder / "outcomes.salt").exists()
    with ThreadPoolExecutor(4) as pool:
        salts = set(pool.map(lambda _: open_store(store.folder).salt(), range(8)))
    (salt,) = salts
    assert len(salt) == 32
    assert salt == store.salt()
    path = store.folder / "outcomes.salt"
    if os.name != "nt":
        assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in store.folder.iterdir() if "salt" in one.name] == [path.name]
    store.save(sample_record())
    assert salt.hex() not in json.dumps(encode(store.load("latest")).decode())
    assert store.verify() == ()


def test_two_stores_have_two_salts(tmp_path: Path) -> None:
    assert open_store(tmp_path / "a").salt() != open_store(tmp_path / "b").salt()


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_damaged_salt_is_named_and_never_replaced(store: Store, content: bytes) -> None:
    path = store.folder / "outcomes.salt"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"outcomes\.salt"):
        store.salt()
    assert path.read_bytes() == content
