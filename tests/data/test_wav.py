from __future__ import annotations

import io
import struct
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import wavfile

from auditkit.data.damage import UnreadableError
from auditkit.data.wav import read_wav
from tests.data.media_files import pcm, raw_wav, tone

PCM_16 = (1, 1, 8000, 16_000, 2, 16)


def reason(content: bytes) -> str:
    with pytest.raises(UnreadableError) as caught:
        read_wav(content)
    return str(caught.value)


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("kind", ["uint8", "int16", "int32", "float32", "float64"])
def test_samples_are_those_of_scipy(kind: str, channels: int) -> None:
    rng = np.random.default_rng(3)
    floating = kind.startswith("float")
    ends = (-1, 1) if floating else (np.iinfo(kind).min, np.iinfo(kind).max)
    values = rng.uniform(*ends, (50, channels)).astype(kind)
    values[:2] = np.array(ends).reshape(2, 1)
    file = io.BytesIO()
    wavfile.write(file, 16_000, values)
    oracle_rate, oracle = wavfile.read(io.BytesIO(file.getvalue()))
    rate, found = read_wav(file.getvalue())
    plain = oracle.reshape(50, channels).astype(np.float64)
    if not floating:
        top = 2.0 ** (np.iinfo(kind).bits - 1)
        plain = (plain - top) / top if kind == "uint8" else plain / top
    assert rate == oracle_rate == 16_000
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, plain.astype(np.float32))


def test_24_bits_are_those_of_scipy() -> None:
    samples = np.array([0, 1, -1, 2**23 - 1, -(2**23), 12_345])
    data = b"".join(int(one).to_bytes(3, "little", signed=True) for one in samples)
    content = raw_wav(data, form=(1, 1, 8000, 24_000, 3, 24))
    _, found = read_wav(content)
    _, oracle = wavfile.read(io.BytesIO(content))
    np.testing.assert_array_equal(found[:, 0], (oracle / 2.0**31).astype(np.float32))
    np.testing.assert_array_equal(found[:, 0], (samples / 2.0**23).astype(np.float32))


def test_the_extensible_format_says_what_it_extends() -> None:
    fmt = struct.pack("<HHIIHH", 0xFFFE, 1, 8000, 16_000, 2, 16) + struct.pack("<HHI", 22, 16, 4)
    fmt += b"\x01\x00\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
    data = struct.pack("<3h", 0, 16_384, -32_768)
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", 6) + data
    content = b"RIFF" + struct.pack("<I", len(body)) + body
    assert read_wav(content)[1][:, 0].tolist() == [0.0, 0.5, -1.0]
    assert wavfile.read(io.BytesIO(content))[1].tolist() == [0, 16_384, -32_768]


def test_other_chunks_are_passed_over() -> None:
    plain = pcm(tone(440, 20))
    odd = b"LIST" + struct.pack("<I", 3) + b"abc" + b"\0"  # padded to an even number of bytes
    content = plain[:12] + odd + plain[12:] + b"junk"
    np.testing.assert_array_equal(read_wav(content)[1], read_wav(plain)[1])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is no WAV file"),
        (b"OggS" + b"\0" * 40, "it is no WAV file"),
        (pcm(tone(440))[:-100], "it promises 1600 bytes of 'data' and holds 1500"),
        (raw_wav(b"\0\0", form=PCM_16, promised=2**32 - 1), "it promises 4294967295 bytes"),
        (raw_wav(b"", form=PCM_16), "it holds no samples"),
        (raw_wav(b"\0" * 3, form=PCM_16), "its 3 bytes are no whole number of samples"),
        (raw_wav(b"\0" * 4, form=(1, 0, 8000, 0, 0, 16)), "its header contradicts itself: 0 chan"),
        (raw_wav(b"\0" * 4, form=(1, 1, 0, 0, 2, 16)), "at 0 samples a second"),
        (raw_wav(b"\0" * 4, form=(1, 1, 8000, 0, 4, 16)), "in frames of 4 bytes"),
        (raw_wav(b"\0" * 4, form=(1, 65_535, 8000, 0, 131_070 % 65_536, 16)), "contradicts itself"),
        (raw_wav(b"\0" * 4, form=(7, 1, 8000, 8000, 1, 8)), "its format is 7 with 8 bits"),
        (raw_wav(b"\0" * 4, form=(3, 1, 8000, 8000, 2, 16)), "its format is 3 with 16 bits"),
        (pcm(tone(440))[:12], "it has no samples (no data chunk)"),
        (pcm(tone(440))[:30], "it promises 16 bytes of 'fmt' and holds 10"),
        (
            raw_wav(struct.pack("<2f", 0.5, 3.25), form=(3, 1, 8000, 32_000, 4, 32)),
            "it holds samples up to 3.25, beyond ±1",
        ),
        (
            raw_wav(struct.pack("<2f", 0.5, float("nan")), form=(3, 1, 8000, 32_000, 4, 32)),
            "it holds samples that are no finite numbers",
        ),
    ],
)
def test_damaged_files_say_what_is_wrong(content: bytes, said: str) -> None:
    assert said in reason(content)


def test_samples_before_their_format() -> None:
    plain = pcm(tone(440, 4))
    moved = plain[:12] + plain[36:] + plain[12:36]
    assert reason(moved) == "its samples come before their format"


@given(st.integers(0, 60), st.binary(max_size=40), st.integers(0, 3))
def test_no_bytes_break_the_reader(kept: int, tail: bytes, where: int) -> None:
    plain = bytearray(pcm(tone(440, 8)))
    hostile: Any = bytes(plain[:kept]) + tail if where == 0 else bytes(plain)
    if where:
        hostile = hostile[: 20 + 4 * where] + tail + hostile[20 + 4 * where + len(tail) :]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            _, samples = read_wav(hostile)
        except UnreadableError:
            return
    assert samples.ndim == 2
    assert np.abs(samples).max() <= 1
