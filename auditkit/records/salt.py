"""The salt of a store: by which kept rows are named, made once, readable by its owner alone.

It belongs to the store and to no record: whoever is handed a record, or even the outcomes kept with
it, cannot find a row by an id that they guess. Without the salt, rows kept before can't be joined
with rows of later audits any more.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from auditkit.errors import StoreError
from auditkit.records.integrity import read_limited

SALT = "outcomes.salt"
BYTES = 32


def read_salt(folder: Path) -> bytes | None:
    """The salt in a store's folder; None where none was made.

    Raises:
        StoreError: it cannot be read, or has another length than auditkit gives it.
    """
    path = folder / SALT
    if not path.exists():
        return None
    salt = read_limited(path, BYTES)
    if len(salt) != BYTES:
        raise StoreError(
            f"The salt {path} has {len(salt)} bytes; expected {BYTES}.",
            mend="Restore it from a backup. Without it, outcomes kept so far cannot be joined with "
            "later ones: delete it together with them to begin anew.",
        )
    return salt


def make_salt(folder: Path) -> bytes:
    """A fresh salt in a store's folder, whole or not at all; call it where nobody else writes.

    Raises:
        OSError: the file cannot be written.
    """
    salt = secrets.token_bytes(BYTES)
    beside = folder / f".{SALT}-{secrets.token_hex(4)}"
    descriptor = os.open(
        beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600
    )
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(salt)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(folder / SALT)
    finally:
        beside.unlink(missing_ok=True)
    return salt
