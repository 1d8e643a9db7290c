"""Whole-module pickles of plain torch layers, read without running anything in them.

`torch.save(model, path)` writes such files. `torch.load(…, weights_only=True)` refuses them, and
those of before torch 1.6 can't be let through by any list of safe names, since they keep the
source text of each class as a record that is no storage. This reader takes both kinds apart
itself: the pickle becomes inert records (`auditkit.models.inert_pickle`), and these are rebuilt as
fresh modules (`auditkit.models.plain_layers`).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from torch import nn

from auditkit.models.formats import LEGACY_MAGIC, ZIP_DAMAGE, Format
from auditkit.models.inert_pickle import Records, damaged, read_records
from auditkit.models.plain_layers import Rebuilder

_PROTOCOL = 1001


def read_plain_module(data: bytes, file_format: Format, name: str) -> nn.Module:
    """A module rebuilt from the bytes of a file that `torch.save(module, …)` wrote.

    Args:
        data: the file.
        file_format: `TORCH_ZIP` or `TORCH_LEGACY`.
        name: of the file, for messages.

    Raises:
        UntrustedFileError: it refers to anything but plain layers.
        ModelError: it is damaged, or holds no module.
    """
    if file_format is Format.TORCH_LEGACY:
        records, storages = _read_legacy(data, name)
    else:
        records, storages = _read_zip(data, name)
    return Rebuilder(storages, name).build(records.value)


def _read_legacy(data: bytes, name: str) -> tuple[Records, Mapping[str, bytes]]:
    """Magic number, protocol, system, module, keys of storages; then the storages' bytes."""
    stream = io.BytesIO(data)
    stream.seek(len(LEGACY_MAGIC))
    protocol, system = read_records(stream, name).value, read_records(stream, name).value
    if protocol != _PROTOCOL:
        raise damaged(name, f"protocol {protocol!r}; expected {_PROTOCOL}")
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise damaged(name, "it was not written on a little-endian machine")
    records = read_records(stream, name)
    keys = read_records(stream, name).value
    if not isinstance(keys, list) or set(map(str, keys)) != set(records.storages):
        raise damaged(name, "its storages are not those that its module refers to")
    return records, {str(key): _next_storage(stream, records, str(key), name) for key in keys}


def _next_storage(stream: io.BytesIO, records: Records, key: str, name: str) -> bytes:
    storage = records.storages[key]
    count = int.from_bytes(stream.read(8), "little")
    data = stream.read(storage.count * storage.dtype.itemsize)
    if count != storage.count or len(data) != storage.count * storage.dtype.itemsize:
        raise damaged(name, f"a storage holds {count} numbers; expected {storage.count}")
    return data


def _read_zip(data: bytes, name: str) -> tuple[Records, Mapping[str, bytes]]:
    """`NAME/data.pkl`, and `NAME/data/KEY` for each storage."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            root = _root(archive, name)
            records = read_records(io.BytesIO(archive.read(f"{root}/data.pkl")), name)
            storages = {key: archive.read(f"{root}/data/{key}") for key in records.storages}
            order = f"{root}/byteorder"
            if order in archive.namelist() and archive.read(order) != b"little":
                raise damaged(name, "it was not written on a little-endian machine")
            return records, storages
    except ZIP_DAMAGE as error:
        raise damaged(name, str(error)) from error


def _root(archive: zipfile.ZipFile, name: str) -> str:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    roots = {entry.partition("/")[0] for entry in names}
    if len(names) != len(set(names)) or len(roots) != 1:
        raise damaged(name, "entries come twice, or lie in several folders")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise damaged(name, "entries are compressed, which torch.save does not do")
    return roots.pop()
