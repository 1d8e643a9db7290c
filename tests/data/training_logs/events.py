"""Event files of TensorBoard, built by hand: what the reader must make of them is then known."""

from __future__ import annotations

import struct


def crc32c(data: bytes) -> int:
    """Bit by bit, as the polynomial says."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return b"".join(
        (length, struct.pack("<I", masked(length)), data, struct.pack("<I", masked(data)))
    )


def varint(number: int) -> bytes:
    found = bytearray()
    while True:
        number, low = number >> 7, number & 0x7F
        found.append(low | (0x80 if number else 0))
        if not number:
            return bytes(found)


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def event(step: int, *values: bytes) -> bytes:
    summary = b"".join(field(1, value) for value in values)
    time = varint(1 << 3 | 1) + struct.pack("<d", 1.0)
    return time + varint(2 << 3) + varint(step % 2**64) + field(5, summary)


def scalar(tag: str, value: float) -> bytes:
    """As TensorFlow 1 and torch write it."""
    return field(1, tag.encode()) + varint(2 << 3 | 5) + struct.pack("<f", value)


def tensor(tag: str, content: bytes, dtype: int = 1) -> bytes:
    """As TensorFlow 2 writes it: the bytes of one number."""
    return field(1, tag.encode()) + field(8, varint(1 << 3) + varint(dtype) + content)


def log(*events: bytes) -> bytes:
    version = varint(1 << 3 | 1) + struct.pack("<d", 1.0) + field(3, b"brain.Event:2")
    return b"".join(map(record, (version, *events)))
