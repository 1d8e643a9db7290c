"""The wire format of protocol buffers, as far as numbers in an event need it.

Source: Protocol Buffers documentation, "Encoding". Nothing is built from what a file names; fields
are numbers, and what is not asked for is stepped over.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

Field = tuple[int, int | bytes]
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_LONGEST_VARINT = 10


def fields(data: bytes) -> Iterator[Field]:
    """Number and content of each field of a message: a whole number, or bytes.

    Numbers of eight and of four bytes come as bytes: only who asks knows whether they are floats.

    Raises:
        ValueError: it is no message.

    >>> list(fields(bytes([0x08, 0x96, 0x01, 0x12, 0x02]) + b"hi"))
    [(1, 150), (2, b'hi')]
    """
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, place = _varint(data, place)
            yield number, value
            continue
        length, place = _length(data, place, kind)
        if place + length > len(data):
            raise ValueError("a field is longer than its message")
        yield number, data[place : place + length]
        place += length


def signed(number: int) -> int:
    """A whole number of 64 bits as one with a sign."""
    return number - (1 << 64) if number >= 1 << 63 else number


def packed(data: bytes, kind: str) -> list[float]:
    """Numbers that lie one behind the other, of a `struct` letter (`f`, `d`, `i`, `q`).

    Raises:
        ValueError: they are cut off.
    """
    try:
        return [float(one) for (one,) in struct.iter_unpack(f"<{kind}", data)]
    except struct.error as error:
        raise ValueError(str(error)) from None


def varints(data: bytes) -> Iterator[int]:
    """Whole numbers that lie one behind the other.

    Raises:
        ValueError: the last is cut off.
    """
    place = 0
    while place < len(data):
        value, place = _varint(data, place)
        yield value


def _length(data: bytes, place: int, kind: int) -> tuple[int, int]:
    if kind == _BYTES:
        return _varint(data, place)
    if kind not in (_EIGHT, _FOUR):
        raise ValueError(f"a field has the unknown kind {kind}")
    return (8 if kind == _EIGHT else 4), place


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift, byte in enumerate(data[place : place + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, place + shift + 1
    raise ValueError("a number does not end")
