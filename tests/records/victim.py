"""A process that saves records and is killed while it does; started by the tests beside it.

It reads commands, one JSON object a line. For each it forks a child, which opens the store and
saves records, one after the other, and prints the id of each after it was saved. The parent only
waits for the child and prints how it ended. `{"store": …, "kill_at": n}` makes the child kill
itself at its n-th step that reaches the disk.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from auditkit.records import new_id, open_store
from tests.samples import sample_record


def say(**what: Any) -> None:
    os.write(1, (json.dumps(what) + "\n").encode())


def die_at(step: int) -> None:
    """Kill this process at its step-th call that touches the disk, before or after the call."""
    steps = itertools.count()

    def tick() -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            tick()
            result = original(*arguments, **named)
            tick()
            return result

        return wrapped

    os.fsync = around(os.fsync)
    for name in ("mkdir", "rename", "open"):
        setattr(Path, name, around(getattr(Path, name)))

    @event.listens_for(Engine, "before_cursor_execute")
    def _(*_: Any) -> None:
        tick()

    @event.listens_for(Engine, "commit")
    def _(_: Connection) -> None:
        tick()


def save(store: str, kill_at: int | None = None, count: int = 10**6) -> None:
    if kill_at is not None:
        die_at(kill_at)
    opened = open_store(store)
    for _ in range(count):
        record = sample_record(id=new_id(), name=str(os.getpid()))
        opened.save(record, {"one": record.id.encode() * 500, "two": b"2" * 100_000})
        say(saved=record.id)


def main() -> None:
    for line in sys.stdin:
        command = json.loads(line)
        child = os.fork()
        if child == 0:
            save(**command)
            os._exit(0)
        say(child=child)
        _, status = os.waitpid(child, 0)
        say(ended=status)


if __name__ == "__main__":
    main()
