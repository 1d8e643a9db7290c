"""The lines of a file of stored answers: JSON that nobody vouches for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from auditkit.errors import ModelError

LONGEST = 32 * 2**20
"""Bytes of a line: one answer with its log-probabilities has far fewer."""


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number, from 1, and content of each line that is not empty; a byte order mark is passed over.

    Raises:
        ModelError: the file cannot be read, or a line is no JSON object, is too long, names a key
            twice, or holds a number that JSON has not (NaN).
    """
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LONGEST + 1):
                number += 1
                if len(line) > LONGEST:
                    raise _wrong(path, number, f"has more than {LONGEST:,} bytes")
                content = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
                if content.strip():
                    yield number, _object(content, path, number)
    except OSError as error:
        raise ModelError(
            f"The stored answers {path} cannot be read: {error.strerror or error}.",
            mend="Mend its path.",
        ) from error


def file_digest(*paths: Path) -> str:
    """`sha256:…` of the bytes of files, one after the other."""
    found = hashlib.sha256()
    for path in paths:
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return f"sha256:{found.hexdigest()}"


def _object(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        read = json.loads(line.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise _wrong(path, number, "is not UTF-8") from error
    except RecursionError as error:
        raise _wrong(path, number, "is nested too deeply") from error
    except ValueError as error:
        raise _wrong(path, number, f"is no JSON ({error})") from error
    if not isinstance(read, dict):
        raise _wrong(path, number, f"is a JSON {type(read).__name__}, expected an object")
    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} stands there twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _wrong(path: Path, number: int, what: str) -> ModelError:
    return ModelError(
        f"Line {number} of the stored answers {path} {what}.",
        mend="Write one JSON object a line, in UTF-8.",
    )


__all__ = ["LONGEST", "file_digest", "json_lines"]
