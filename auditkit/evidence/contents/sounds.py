"""Sounds by how strong each band of pitches is over time.

Decibels are compared, from the loudest down to sixty below it; how loud the whole is makes no
difference, nor does a shift by less than a hundredth of its length make much. After Haitsma and
Kalker 2002, who compare energies of bands over time to tell recordings again.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.fft import next_fast_len, rfft

from auditkit.evidence.contents.arrays import canonical
from auditkit.evidence.contents.content import Content, unit_length, within_one
from auditkit.evidence.contents.digests import digests_of_rows

_TIMES, _BANDS = 16, 16
_FLOOR = 1e-6
SHORTEST = 64 * _TIMES
"""Samples below which a sound is compared sample by sample."""


def shows_sounds(values: np.ndarray) -> bool:
    """Whether an array can be waveforms: [n, samples], or [n, channels, samples] of one or two."""
    waves = values.ndim == 2 or (values.ndim == 3 and values.shape[1] <= 2)
    return waves and values.shape[-1] >= SHORTEST


def sound_content(values: np.ndarray) -> Content:
    """What waveforms hold.

    Args:
        values: numbers of shape [n, samples] or [n, channels, samples].

    >>> time = np.arange(8000) / 8000
    >>> low, high = (np.sin(2 * np.pi * pitch * time) for pitch in (200, 1500))
    >>> vectors = sound_content(np.stack([low, 0.1 * np.roll(low, 40), high, 0 * low])).vectors
    >>> (vectors.astype(float) @ vectors[0]).round(1).tolist()
    [1.0, 1.0, -0.1, 0.0]
    """
    plain = canonical(values)
    hashed = digests_of_rows(plain)
    waves = within_one(plain)
    loudness = _bands(waves if waves.ndim == 2 else waves.mean(axis=1))
    most = loudness.max(axis=(1, 2), keepdims=True)
    decibels = np.log(loudness / np.where(most > 0, most, 1.0) + _FLOOR).reshape(len(waves), -1)
    return Content(hashed, unit_length(decibels - decibels.mean(axis=1, keepdims=True)))


def _bands(waves: np.ndarray) -> np.ndarray:
    """Energy of each band in each stretch of time, shape (n, times, bands)."""
    hop = waves.shape[1] // (_TIMES + 1)
    window = np.hanning(2 * hop).astype(np.float32)
    length = next_fast_len(2 * hop, real=True)
    bands = _of_pitches(length // 2 + 1)
    found = np.empty((len(waves), _TIMES, _BANDS))
    for place in range(_TIMES):
        stretch = waves[:, place * hop : place * hop + 2 * hop] * window
        found[:, place] = np.square(np.abs(rfft(stretch, length, axis=1))) @ bands
    return found


@lru_cache(maxsize=8)
def _of_pitches(number: int) -> np.ndarray:
    """Which of so many pitches belong to which band, shape (number, bands).

    Bands are of equal width on a scale that is logarithmic above a fortieth of the highest pitch.
    """
    scale = np.log1p(40 * np.arange(number) / number) / np.log1p(40)
    band = np.minimum((scale * _BANDS).astype(np.int64), _BANDS - 1)
    found: np.ndarray = (band[:, None] == np.arange(_BANDS)).astype(np.float32)
    return found
