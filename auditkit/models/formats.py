"""Which format a model file has, told by its bytes and never by its name."""

from __future__ import annotations

import io
import pickletools
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from auditkit.errors import ModelError

# How a torch file from before version 1.6 begins: the pickled number 0x1950a86a20f9469cfc6c.
LEGACY_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_ZIP_MAGIC = b"PK\x03\x04"
_LONGEST_HEADER = 100_000_000  # bytes, what safetensors itself allows
_SHOWN = 5
# What Python's reader raises on archives that are damaged, encrypted or crafted.
ZIP_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ValueError,
    KeyError,
    OSError,
    EOFError,
    OverflowError,
    RuntimeError,
    StopIteration,
)


class Format(StrEnum):
    """What a file is, as its bytes say."""

    SAFETENSORS = "safetensors"
    TORCH_ZIP = "torch file"
    TORCH_LEGACY = "torch file of before 1.6"
    TORCHSCRIPT = "TorchScript archive"
    EXPORTED = "exported program (.pt2)"
    PICKLE = "pickle"
    UNKNOWN = "unknown format"


def detect(data: bytes, name: str) -> Format:
    """The format of a file's bytes.

    Args:
        data: the whole file.
        name: of the file, for the error.

    Raises:
        ModelError: it begins like an archive, and is none.

    >>> detect(b"PK not a zip file", "a file")
    <Format.UNKNOWN: 'unknown format'>
    """
    if data.startswith(_ZIP_MAGIC):
        return _zip_format(data, name)
    if data.startswith(LEGACY_MAGIC):
        return Format.TORCH_LEGACY
    if _is_safetensors(data):
        return Format.SAFETENSORS
    return Format.PICKLE if _is_pickle(data) else Format.UNKNOWN


def _is_safetensors(data: bytes) -> bool:
    length = int.from_bytes(data[:8], "little")
    return len(data) > 9 and data[8:9] == b"{" and length <= min(len(data) - 8, _LONGEST_HEADER)


def _is_pickle(data: bytes) -> bool:
    """Whether the first instruction is one of a pickle, of any protocol."""
    if data[:1] == b"\x80":
        return len(data) > 2 and data[1] <= 5
    try:
        return next(instructions(io.BytesIO(data)), None) is not None and data[:1] in b"c(]}d"
    except ValueError:
        return False


def instructions(
    stream: io.BytesIO,
) -> Iterator[tuple[pickletools.OpcodeInfo, Any | None, int | None]]:
    """The instructions of the next pickle in a stream, of which none is followed.

    Raises:
        ValueError: what is there is no instruction; or IndexError, UnicodeError, OverflowError or
            MemoryError, as `pickletools.genops`.
    """
    found = pickletools.genops(stream)
    while True:
        with warnings.catch_warnings():
            # A damaged file may hold escapes that Python will not read for much longer.
            warnings.simplefilter("ignore", DeprecationWarning)
            one = next(found, None)
        if one is None:
            return
        yield one


def _zip_format(data: bytes, name: str) -> Format:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            # The first folder is the name under which the file was saved.
            names = {entry.partition("/")[2] or entry for entry in archive.namelist()}
    except ZIP_DAMAGE as error:
        raise ModelError(
            f"{name} begins like a zip archive, and is damaged or truncated.",
            mend="Copy or save it again.",
        ) from error
    if "constants.pkl" in names:
        return Format.TORCHSCRIPT
    if names & {"archive_format", "serialized_exported_program.json"}:
        return Format.EXPORTED
    return Format.TORCH_ZIP if "data.pkl" in names else Format.UNKNOWN


def pickled_names(pickle: bytes) -> list[str]:
    """Names of the classes and functions that a pickle refers to, found without running it.

    For messages only: a hostile file can hide names. Whatever is damaged ends the list.

    >>> pickled_names(b"cos\\nsystem\\n.")
    ['os.system']
    """
    found = dict.fromkeys(_names(pickle))
    return list(found)


def _names(pickle: bytes) -> Iterator[str]:
    strings: list[str] = []
    stream = io.BytesIO(pickle)
    try:
        while stream.tell() < len(pickle):  # a legacy file holds several pickles in a row
            for operation, argument, _ in instructions(stream):
                if operation.name in ("GLOBAL", "INST"):
                    yield str(argument).replace(" ", ".")
                elif operation.name == "STACK_GLOBAL":
                    yield ".".join(strings[-2:])
                elif isinstance(argument, str):
                    strings.append(argument)
    except (ValueError, IndexError, UnicodeError, OverflowError, MemoryError):
        return


def describe_names(names: list[str]) -> str:
    """The first names of a list, for a message."""
    shown = ", ".join(map(printable, names[:_SHOWN]))
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def printable(text: str, longest: int = 200) -> str:
    """A text from a file, safe to print: it may have been written to deceive at a terminal.

    >>> print(printable("os.system" + chr(27)))
    'os.system\\x1b'
    """
    short = text if len(text) <= longest else text[:longest] + " …"
    return short if short.isprintable() else ascii(short)
