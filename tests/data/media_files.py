"""Small image and WAV files for tests, sound and damaged."""

from __future__ import annotations

import io
import struct
import wave
from pathlib import Path

import numpy as np
from PIL import Image


def png(array: np.ndarray, kind: str = "PNG") -> bytes:
    """An image file that holds an array of uint8 or uint16."""
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind)
    return file.getvalue()


def noise(seed: int, shape: tuple[int, ...] = (4, 6, 3)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def write_images(folder: Path, counts: dict[str, int], shape: tuple[int, ...] = (4, 6, 3)) -> None:
    """A folder for each class, with so many images."""
    for name, count in counts.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            content = png(noise(number + 1000 * len(name), shape))
            (folder / name / f"{number:03}.png").write_bytes(content)


def pcm(samples: np.ndarray, rate: int = 8000) -> bytes:
    """A WAV file of int16 samples, [samples] or [samples, channels]."""
    file = io.BytesIO()
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    with wave.open(file, "wb") as writer:
        writer.setparams((channels, 2, rate, 0, "NONE", ""))
        writer.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def tone(pitch: float, samples: int = 800, rate: int = 8000) -> np.ndarray:
    moments = np.arange(samples) / rate
    return (12_000 * np.sin(2 * np.pi * pitch * moments)).astype(np.int16)


def raw_wav(data: bytes, *, form: tuple[int, ...], promised: int | None = None) -> bytes:
    """A WAV file whose header says what it is told to, true or not.

    `form` is kind, channels, rate, bytes a second, bytes a frame, bits.
    """
    fmt = struct.pack("<HHIIHH", *form)
    size = len(data) if promised is None else promised
    body = b"WAVE" + b"fmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", len(body) + len(data)) + body + data
