"""Digests of data: of the bytes where they lie here, else of a manifest that says so."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from auditkit.data.locations import File
from auditkit.errors import ConfigurationError, DataError

SHA256 = "sha256:"
MANIFEST = "manifest:"


def files_digest(files: Sequence[File], pinned: str | None = None) -> str:
    """`sha256:…` of the bytes of local files, `manifest:…` of remote ones.

    The digest of one file is that of its bytes. The digest of several is that of the text
    `<sha256>  <name>` with one line each, as `sha256sum` prints. A manifest is the digest of path,
    size and version (or etag) of each file as its store reports them: a store whose versions lie
    is not noticed. A pinned digest makes remote bytes be read and hashed as well.

    Args:
        files: in the order read.
        pinned: the sha256 that the bytes must have, with or without the prefix `sha256:`.

    Raises:
        DataError: the bytes differ from what was pinned.
    """
    if not pinned and not all(file.local for file in files):
        entries = [[file.uri, file.size, file.version] for file in files]
        return MANIFEST + _hex(json.dumps(entries).encode())
    digests = [_file_hex(file) for file in files]
    lines = "".join(f"{digest}  {file.name}\n" for digest, file in zip(digests, files, strict=True))
    found = digests[0] if len(files) == 1 else _hex(lines.encode())
    if pinned and found != plain_sha256(pinned):
        raise DataError(
            f"{', '.join(file.uri for file in files[:3])} has sha256 {found}, "
            f"but {plain_sha256(pinned)} is pinned.",
            mend="Restore the file that was pinned, or pin this one after looking at what changed.",
        )
    return SHA256 + found


def plain_sha256(pinned: str) -> str:
    """The 64 hexadecimal digits of a pinned digest.

    Raises:
        ConfigurationError: it is no sha256.

    Example:
        >>> plain_sha256("sha256:" + "AB" * 32)[:4]
        'abab'
    """
    digits = pinned.removeprefix(SHA256).strip().lower()
    if len(digits) != 64 or set(digits) - set("0123456789abcdef"):
        raise ConfigurationError(
            f"The pinned digest {pinned!r} is no sha256.",
            mend="Write its 64 hexadecimal digits, as sha256sum prints them.",
        )
    return digits


def frame_digest(frame: pd.DataFrame) -> str:
    """`sha256:…` of the names, types and values of a frame's columns, in order; not of its index.

    Example:
        >>> import pandas as pd
        >>> a, b = pd.DataFrame({"x": [1, 2]}), pd.DataFrame({"x": [1, 3]})
        >>> frame_digest(a) == frame_digest(a.copy()), frame_digest(a) == frame_digest(b)
        (True, False)
    """
    running = hashlib.sha256()
    for name in frame.columns:
        column = frame[name]
        running.update(json.dumps([str(name), str(column.dtype)]).encode())
        running.update(_column_bytes(column))
    return SHA256 + running.hexdigest()


def combined_digest(parts: Mapping[str, str]) -> str:
    """One digest of several named ones: the only one itself, else the digest of all of them.

    It is called a manifest as soon as one of them is.
    """
    if len(parts) == 1:
        return next(iter(parts.values()))
    whole = all(digest.startswith(SHA256) for digest in parts.values())
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(parts.items()))
    return (SHA256 if whole else MANIFEST) + _hex(lines.encode())


def _column_bytes(column: pd.Series[Any]) -> bytes:
    try:
        hashed: bytes = pd.util.hash_pandas_object(column, index=False).to_numpy().tobytes()
    except TypeError:  # lists and other values that pandas cannot hash
        return _arrow_bytes(column)
    return hashed


def _arrow_bytes(column: pd.Series[Any]) -> bytes:
    try:
        table = pa.table({"column": pa.Array.from_pandas(column)})
    except (pa.ArrowException, TypeError) as error:
        raise DataError(
            f"Column {column.name!r} holds values that cannot be digested: {error}.",
            mend="Leave the column out, or hand the data over as a torch Dataset.",
        ) from error
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _file_hex(file: File) -> str:
    with file.open() as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()  # type: ignore[arg-type]


def _hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
