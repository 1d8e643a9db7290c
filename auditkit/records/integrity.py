"""Digests of stored files: kept in the database when written, compared when read.

They find accidents, and whoever edits a file alone. Against somebody who rewrites files and
database together only a signature kept elsewhere helps.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from auditkit.errors import StoreError


def sha256(content: bytes) -> str:
    """The digest of some bytes.

    >>> sha256(b"")[:20]
    'sha256:e3b0c44298fc1'
    """
    return "sha256:" + hashlib.sha256(content).hexdigest()


def read_unchanged(path: Path, digest: str, limit: int | None = None) -> bytes:
    """The content of a file, if it still has this digest.

    The bytes returned are the bytes that were hashed: nobody can exchange them in between.

    Args:
        path: the file.
        digest: `sha256:…` as kept in the database.
        limit: refuse more bytes than this; None for no limit.

    Raises:
        StoreError: the file is gone, unreadable, too large, or was changed.
    """
    content = read_limited(path, limit)
    found = sha256(content)
    if found != digest:
        raise StoreError(
            f"{path} was changed after it was stored: expected {_short(digest)}, found "
            f"{_short(found)}.",
            mend="Restore the file from a backup, or run the audit again; don't rely on this "
            "record.",
        )
    return content


def read_limited(path: Path, limit: int | None) -> bytes:
    """The content of a file of at most `limit` bytes.

    Raises:
        StoreError: the file is gone, unreadable or larger.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read() if limit is None else stream.read(limit + 1)
    except FileNotFoundError as error:
        raise StoreError(
            f"{path} does not exist.", mend="Check the path, or restore the file from a backup."
        ) from error
    except OSError as error:
        raise StoreError(
            f"{path} cannot be read: {error.strerror or error}.",
            mend="Check the path and its permissions.",
        ) from error
    if limit is not None and len(content) > limit:
        raise StoreError(
            f"{path} is larger than {limit:,} bytes, the most that a record may have.",
            mend="Check that this is a record written by auditkit.",
        )
    return content


def _short(digest: str) -> str:
    return digest[:19] + "…"
