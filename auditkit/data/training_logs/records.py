"""TFRecord, the container of TensorBoard's event files: length, checksum, data, checksum.

Only records of at most `LONGEST` bytes are read: an event with a number has fewer than a hundred.
Pictures, graphs and histograms are stepped over.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from auditkit.data.training_logs.crc32c import masked_crc32c
from auditkit.errors import DataError

LONGEST = 4_096
MOST_RECORDS = 1_000_000
_TOGETHER = 20_000
_HEADER = struct.Struct("<QI")
_FOOTER = struct.Struct("<I")


class _Record(NamedTuple):
    """One record as it lies in the file; without a checksum of its data, it was stepped over."""

    place: int
    length: bytes
    length_crc: int
    data: bytes
    data_crc: int | None


def records(path: Path, limit: int = MOST_RECORDS) -> Iterator[bytes]:
    """The data of each short record of a file, checked.

    Args:
        path: of the file.
        limit: of so many records at most.

    Raises:
        DataError: the file ends within a record, a checksum is wrong, or there are too many
            records.
    """
    held: list[_Record] = []
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        for number, found in enumerate(_read(file, path, size)):
            if number >= limit:
                raise DataError(
                    f"The training log {path.name} has more than {limit:,} records.",
                    mend="Give one with fewer: one number an epoch is enough.",
                )
            held.append(found)
            if len(held) == _TOGETHER:
                yield from _checked(held, path)
                held = []
    yield from _checked(held, path)


def _read(file: IO[bytes], path: Path, size: int) -> Iterator[_Record]:
    place = 0
    while place < size:
        header = file.read(_HEADER.size)
        length, crc = _HEADER.unpack(header) if len(header) == _HEADER.size else (size, 0)
        end = place + _HEADER.size + length + _FOOTER.size
        if end > size:
            # A length that was never written must not pass for a file that was cut off.
            torn = len(header) < _HEADER.size or masked_crc32c([header[:8]])[0] == crc
            raise _cut_off(path, place) if torn else _damaged(path, place)
        if length > LONGEST:
            file.seek(end)
            yield _Record(place, header[:8], crc, b"", None)
        else:
            data = file.read(length)
            yield _Record(place, header[:8], crc, data, _FOOTER.unpack(file.read(4))[0])
        place = end


def _checked(held: list[_Record], path: Path) -> Iterator[bytes]:
    # The checksums of many records at once, since one at a time takes a hundred times as long.
    lengths = masked_crc32c([one.length for one in held]).tolist()
    contents = masked_crc32c([one.data for one in held]).tolist()
    for one, of_length, of_data in zip(held, lengths, contents, strict=True):
        if one.length_crc != of_length or one.data_crc not in (of_data, None):
            raise _damaged(path, one.place)
        if one.data_crc is not None:
            yield one.data


def _cut_off(path: Path, place: int) -> DataError:
    return DataError(
        f"The training log {path.name} ends within the record that begins at byte {place:,}.",
        mend="Copy it anew, or give the log of a training that was finished.",
    )


def _damaged(path: Path, place: int) -> DataError:
    return DataError(
        f"The training log {path.name} is damaged or of another kind: the checksum of the record "
        f"at byte {place:,} is wrong.",
        mend="Copy it anew, or give the event file that TensorBoard reads.",
    )
