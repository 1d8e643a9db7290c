"""WAV files: uncompressed samples as float32 between −1 and 1, from bytes that may be damaged.

Python's `wave` reads no floating-point samples, and SciPy's reader takes some files that were cut
off for whole ones; here a file that promises more than it holds is damaged. The format is that of
Microsoft's "Multimedia Programming Interface and Data Specifications 1.0"
(1991) and of "Multiple Channel Audio Data and WAVE Files" (2007).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditkit.data.damage import UnreadableError

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_MOST_CHANNELS = 256


@dataclass(frozen=True)
class _Form:
    """How samples are stored."""

    kind: int
    channels: int
    rate: int
    bits: int

    @property
    def frame_bytes(self) -> int:
        return self.channels * self.bits // 8


def read_wav(content: bytes) -> tuple[int, np.ndarray]:
    """Samples a second, and the samples, float32 [samples, channels].

    PCM of 8, 16, 24 and 32 bits is divided by its largest magnitude; floating-point samples of 32
    and 64 bits stay as they are.

    Raises:
        UnreadableError: it is no such file, is cut off, holds no samples, or samples that are not
            finite or lie beyond ±1.

    Example:
        >>> import io
        >>> import wave
        >>> file = io.BytesIO()
        >>> with wave.open(file, "wb") as writer:
        ...     writer.setparams((1, 2, 8000, 0, "NONE", ""))
        ...     writer.writeframes(b"\\x00\\x40" * 3)
        >>> rate, samples = read_wav(file.getvalue())
        >>> rate, samples[:, 0].tolist()
        (8000, [0.5, 0.5, 0.5])
    """
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise UnreadableError("it is no WAV file")
    form = None
    for name, start, size in _chunks(content):
        if name == b"fmt ":
            form = _form(content[start : start + size])
        elif name == b"data":
            if form is None:
                raise UnreadableError("its samples come before their format")
            return form.rate, _samples(content, start, size, form)
    raise UnreadableError("it has no samples (no data chunk)")


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, first byte and size of each chunk; one that reaches beyond the end is an error."""
    place = 12
    while place + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, place)
        start = place + 8
        if start + size > len(content):
            raise UnreadableError(
                f"it promises {size} bytes of {name.decode('latin-1').strip()!r} and holds "
                f"{len(content) - start}: it was cut off, or never finished"
            )
        yield name, start, size
        place = start + size + size % 2


def _form(chunk: bytes) -> _Form:
    if len(chunk) < 16:
        raise UnreadableError(f"its format has {len(chunk)} bytes instead of 16")
    kind, channels, rate, _, align, bits = struct.unpack_from("<HHIIHH", chunk)
    if kind == _EXTENSIBLE and len(chunk) >= 26:
        kind = struct.unpack_from("<H", chunk, 24)[0]  # the first two bytes of the subformat
    known = {_PCM: (8, 16, 24, 32), _FLOAT: (32, 64)}
    if bits not in known.get(kind, ()):
        raise UnreadableError(
            f"its format is {kind} with {bits} bits; known are PCM (1) with 8, 16, 24 or 32 bits "
            "and floating point (3) with 32 or 64"
        )
    form = _Form(kind, channels, rate, bits)
    if not 1 <= channels <= _MOST_CHANNELS or rate < 1 or align != form.frame_bytes:
        raise UnreadableError(
            f"its header contradicts itself: {channels} channels of {bits} bits at {rate} samples "
            f"a second, in frames of {align} bytes"
        )
    return form


def _samples(content: bytes, start: int, size: int, form: _Form) -> np.ndarray:
    if not size:
        raise UnreadableError("it holds no samples")
    if size % form.frame_bytes:
        raise UnreadableError(f"its {size} bytes are no whole number of samples")
    raw = np.frombuffer(content, dtype=np.uint8, count=size, offset=start)
    values = (_floats(raw, form.bits) if form.kind == _FLOAT else _scaled(raw, form.bits)).reshape(
        -1, form.channels
    )
    peak = np.abs(values).max()
    if not np.isfinite(peak):
        raise UnreadableError("it holds samples that are no finite numbers")
    if peak > 1:
        raise UnreadableError(f"it holds samples up to {peak:.4g}, beyond ±1")
    return values.astype(np.float32)


def _floats(raw: np.ndarray, bits: int) -> np.ndarray:
    return raw.view(f"<f{bits // 8}")


def _scaled(raw: np.ndarray, bits: int) -> np.ndarray:
    """PCM as float64 in [−1, 1): 8 bits are unsigned, more are signed, the lowest byte first."""
    if bits == 8:
        return (raw.astype(np.float64) - 128) / 128
    if bits == 24:
        padded = np.zeros((len(raw) // 3, 4), dtype=np.uint8)
        padded[:, 1:] = raw.reshape(-1, 3)  # as the high bytes, so that the sign is kept
        return padded.reshape(-1).view("<i4") / 2.0**31
    return raw.view(f"<i{bits // 8}") / 2.0 ** (bits - 1)
