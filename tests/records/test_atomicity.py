"""A process killed at any moment, a full disk, or two writers leave whole records or none."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from auditkit.errors import StoreError
from auditkit.records import Store, database, files, new_id, open_store
from tests.samples import sample_record

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no fork and no SIGKILL")


class Victim:
    """The process of `victim.py`, which forks a child for each command."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.records.victim"]
        root = Path(__file__).parents[2]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
        )

    def start(self, **command: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def hear(self) -> Iterator[tuple[str, Any]]:
        """What is said until the child ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            ((word, value),) = json.loads(line).items()
            yield word, value
            if word == "ended":
                return


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    started = Victim()
    with started.process:
        yield started
        assert started.process.stdin is not None
        started.process.stdin.close()


def check(folder: Path, acknowledged: set[str]) -> Store:
    """The store holds every record acknowledged, and whatever else it lists is whole."""
    store = open_store(folder)
    listed = [run.id for run in store.runs(limit=10_000)]
    assert acknowledged <= set(listed)
    for record_id in listed:
        assert store.load(record_id).id == record_id
        states = store.states(record_id)
        assert states == {"one": record_id.encode() * 500, "two": b"2" * 100_000}
    assert store.verify() == ()
    assert sorted(path.name for path in (folder / "records").iterdir()) == sorted(listed)
    return store


@posix
def test_killed_at_random_moments(tmp_path: Path, victim: Victim) -> None:
    dice, total = random.Random(0), 0
    for round_ in range(30):
        folder = tmp_path / str(round_ // 5)
        if round_ % 5 == 0:
            acknowledged: set[str] = set()
        victim.start(store=str(folder))
        child, saves = 0, dice.randrange(4)
        for word, value in victim.hear():
            if word == "child":
                child = value
            elif word == "saved":
                acknowledged.add(value)
                saves -= 1
            else:
                assert value == signal.SIGKILL
            if saves == 0 and word != "ended":
                time.sleep(dice.uniform(0.0, 0.05))
                os.kill(child, signal.SIGKILL)
        total += check(folder, acknowledged).count()
    assert total > 10


@posix
def test_killed_at_each_step(tmp_path: Path, victim: Victim) -> None:
    """Every step of opening and of one save, until a kill comes too late to hit."""
    outcomes = []
    for step in range(200):
        folder = tmp_path / str(step)
        open_store(folder)
        victim.start(store=str(folder), kill_at=step, count=1)
        said = list(victim.hear())
        acknowledged = {value for word, value in said if word == "saved"}
        stored = check(folder, acknowledged).count()
        outcomes.append(stored)
        if said[-1] == ("ended", 0):
            break
        assert said[-1] == ("ended", signal.SIGKILL)
    assert said[-1] == ("ended", 0)
    assert len(outcomes) > 30
    assert outcomes == sorted(outcomes)  # none before some step, whole from there on
    assert outcomes.count(1) > 2  # some of them killed after the folder was renamed


@posix
def test_killed_while_the_store_is_made(tmp_path: Path, victim: Victim) -> None:
    for step in range(0, 40, 3):
        victim.start(store=str(tmp_path / str(step)), kill_at=step, count=0)
        list(victim.hear())
        assert open_store(tmp_path / str(step)).runs() == []


@posix
def test_two_processes_open_a_new_store_and_save_at_once(tmp_path: Path) -> None:
    victims = [Victim() for _ in range(3)]
    with contextlib.ExitStack() as stack:
        for one in victims:
            stack.enter_context(one.process)
        for round_ in range(4):
            folder = tmp_path / str(round_)
            for one in victims:
                one.start(store=str(folder), count=5)
            said = [list(one.hear()) for one in victims]
            assert [words[-1] for words in said] == [("ended", 0)] * 3
            saved = {value for words in said for word, value in words if word == "saved"}
            assert len(saved) == 15
            assert check(folder, saved).count() == 15
        for one in victims:
            assert one.process.stdin is not None
            one.process.stdin.close()


def full_after(calls: int, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the disk be full (or closed …) from the calls-th file forced to it."""
    left = iter(range(calls))

    def fsync(descriptor: int) -> None:
        if next(left, None) is None:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "fsync", fsync)


@pytest.mark.parametrize("calls", range(4))
def test_a_full_disk(store: Store, calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save(sample_record())
    with monkeypatch.context() as patch:
        full_after(calls, errno.ENOSPC, patch)
        with pytest.raises(StoreError) as caught:
            store.save(sample_record(id=new_id()), {"one": b"1", "two": b"2"})
    assert "cannot be written: No space left on device. Nothing was stored." in caught.value.problem
    assert str(store.folder) in caught.value.problem
    assert caught.value.mend.startswith("Free some space on the disk of ")
    assert store.count() == 1
    assert store.verify() == ()
    assert len(list((store.folder / "records").iterdir())) == 1


def test_a_database_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite itself refuses to grow, as it does on a full disk."""
    prepare = database._prepare

    def small(connection: Any, entry: Any) -> None:
        prepare(connection, entry)
        connection.execute("PRAGMA max_page_count = 40")

    monkeypatch.setattr(database, "_prepare", small)
    store = open_store(tmp_path / "store")
    saved = 0
    with pytest.raises(StoreError) as caught:  # noqa: PT012 - which one fails is SQLite's business
        for _ in range(500):
            store.save(sample_record(id=new_id(), digests={"model": "x" * 3000}))
            saved += 1
    assert "store.sqlite has no space left on its disk" in caught.value.problem
    assert caught.value.mend.startswith("Free some space")
    assert store.count() == saved > 0
    assert store.verify() == ()
    assert len(list((store.folder / "records").iterdir())) == saved


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(place)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root can mount a small disk; the two tests above simulate one")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_runs_full(small_disk: Path) -> None:
    store = open_store(small_disk / "store")
    saved = 0
    with pytest.raises(StoreError) as caught:  # noqa: PT012 - which one fails is the disk's business
        for _ in range(100):
            store.save(sample_record(id=new_id()), {"one": os.urandom(20_000)})
            saved += 1
    # SQLite calls a write-ahead log that cannot grow an input/output error.
    assert re.search("space left|disk I/O error", caught.value.problem)
    assert re.search("Free some space|its free space", caught.value.mend)
    again = open_store(small_disk / "store")
    assert again.count() == saved > 0
    assert again.verify() == ()
    assert len(list((again.folder / "records").iterdir())) == saved


def test_a_commit_that_fails_takes_the_folder_back(store: Store) -> None:
    def fail(_: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    engine = store._database._engine
    event.listen(engine, "commit", fail)
    try:
        with pytest.raises(StoreError, match="disk I/O error"):
            store.save(sample_record())
    finally:
        event.remove(engine, "commit", fail)
    check_empty(store)
    store.save(sample_record())


@pytest.mark.parametrize("moment", ["_write", "publish", "sync_folder"])
def test_an_interrupt_leaves_nothing(
    store: Store, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(files, moment, interrupt)
        with pytest.raises(KeyboardInterrupt):
            store.save(sample_record(), {"one": b"1"})
    check_empty(store)
    store.save(sample_record(), {"one": b"1"})


def test_an_interrupt_between_the_rename_and_the_commit(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = files.publish

    def interrupted(folder: Path, target: Path) -> None:
        publish(folder, target)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(files, "publish", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.save(sample_record())
    check_empty(store)


def check_empty(store: Store) -> None:
    assert store.runs() == []
    assert list((store.folder / "records").iterdir()) == []
    assert open_store(store.folder).count() == 0


def leftover(store: Store, process: int, machine: str, age: float) -> Path:
    name = f".incoming-20261122-101530-3f9ac2-{machine}-{process}-{os.urandom(4).hex()}"
    folder = store.folder / "records" / name
    folder.mkdir()
    (folder / "record.json").write_text("half")
    moment = time.time() - age
    os.utime(folder, (moment, moment))
    return folder


def dead_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_leftovers_are_swept_when_their_process_is_dead_or_long_silent(store: Store) -> None:
    here, elsewhere = files._machine(), "00000000"
    cases = {
        leftover(store, dead_process(), here, 5): False,
        leftover(store, os.getpid(), here, 5): True,
        leftover(store, os.getpid(), here, 7200): False,
        leftover(store, dead_process(), elsewhere, 5): True,
        leftover(store, dead_process() + 1, elsewhere, 7200): False,
        leftover(store, 10**30, here, 5): True,
    }
    odd = store.folder / "records" / ".incoming-odd"
    odd.mkdir()
    open_store(store.folder)
    assert {path: path.exists() for path in cases} == cases
    assert odd.exists()
    os.utime(odd, (0, 0))
    open_store(store.folder)
    assert not odd.exists()


def test_nobody_elses_folder_is_replaced(store: Store) -> None:
    taken = store.folder / "records" / sample_record().id
    taken.mkdir()
    with pytest.raises(StoreError, match="cannot be written: File exists") as caught:
        store.save(sample_record())
    assert caught.value.mend.startswith("A record is never overwritten")
    assert taken.is_dir()
    assert store.runs() == []
