"""Files that try to run code when they are read, and files that pretend to be others."""

from __future__ import annotations

import io
import os
import pickle
import struct
import warnings
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from auditkit.models.formats import LEGACY_MAGIC

SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}


class Touch:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def saved(value: Any, legacy: bool = False) -> bytes:
    """What torch.save writes."""
    stream = io.BytesIO()
    torch.save(value, stream, _use_new_zipfile_serialization=not legacy)
    return stream.getvalue()


def legacy_file(payload: bytes, storages: Mapping[str, bytes] | None = None) -> bytes:
    """A file of before torch 1.6 around a pickle written by hand."""
    parts = [LEGACY_MAGIC, pickle.dumps(1001, 2), pickle.dumps(SYSTEM, 2), payload]
    parts.append(pickle.dumps(list(storages or {}), 2))
    for data in (storages or {}).values():
        parts += [struct.pack("<q", len(data) // 4), data]
    return b"".join(parts)


def zip_file(entries: Mapping[str, bytes]) -> bytes:
    """An uncompressed archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return stream.getvalue()


def entries_of(data: bytes) -> dict[str, bytes]:
    """What an archive holds."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@cache
def script() -> bytes:
    """A TorchScript archive."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(nn.Sequential(nn.Linear(3, 1))), stream)
    return stream.getvalue()


@cache
def exported() -> bytes:
    """An exported program."""
    stream = io.BytesIO()
    torch.export.save(torch.export.export(nn.Linear(3, 1), (torch.ones(2, 3),)), stream)
    return stream.getvalue()


def exported_around(pickled: bytes) -> bytes:
    """An exported program whose sample inputs are another file, which torch would unpickle."""
    entries = entries_of(exported())
    # Where the sample inputs lie differs between releases of torch.
    places = ("sample_inputs/model.pt", "serialized_example_inputs.pt")
    name = next(name for name in entries if name.endswith(places))
    return zip_file({**entries, name: pickled})


# Small pieces of pickles, protocol 2.


def text(value: str) -> bytes:
    encoded = value.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def name(module: str, attribute: str) -> bytes:
    return f"c{module}\n{attribute}\n".encode()


def whole(*parts: bytes) -> bytes:
    return b"\x80\x02" + b"".join(parts) + b"."


def called(function: bytes, *arguments: bytes) -> bytes:
    return function + b"(" + b"".join(arguments) + b"tR"


def table(**items: bytes) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


def layer(module: str, attribute: str, **state: bytes) -> bytes:
    return name(f"torch.nn.modules.{module}", attribute) + b")\x81" + table(**state) + b"b"


LINEAR = ("torch.nn.modules.linear", "Linear")
SEQUENTIAL = ("torch.nn.modules.container", "Sequential")
