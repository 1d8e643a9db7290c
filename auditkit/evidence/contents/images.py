"""Images by how strong each coarse pattern is, wherever it lies.

A picture is brought to 32 by 32 points of brightness, faded out towards its border, and taken apart
into waves; their strengths stay where they are when it is moved by a pixel, and change little by
noise of compression. The roots of them are compared, so that fine patterns count beside coarse
ones. A picture and the same upside down are alike. Source of a picture's spectrum as its
description: Torralba and Oliva 2003.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from auditkit.evidence.contents.arrays import canonical
from auditkit.evidence.contents.content import Content, unit_length, within_one
from auditkit.evidence.contents.digests import digests_of_rows

_SIDE = 32
_WAVES = 8
_CHANNELS = (1, 3, 4)
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_COLOUR = 0.5
"""How much colour counts beside pattern."""

_FAINT = 1e-6
"""Contrast, as a share of the largest number, below which a picture shows nothing."""


def shows_images(values: np.ndarray) -> bool:
    """Whether an array can be pictures: [n, height, width], or with channels first or last."""
    return values.ndim == 3 or (
        values.ndim == 4 and (values.shape[1] in _CHANNELS or values.shape[3] in _CHANNELS)
    )


def image_content(values: np.ndarray) -> Content:
    """What pictures hold.

    Args:
        values: numbers of shape [n, channels, height, width], [n, height, width, channels] or
            [n, height, width], with one, three or four channels.

    >>> black = np.zeros((1, 1, 8, 8))
    >>> square = np.pad(np.ones((1, 1, 3, 3)), ((0, 0), (0, 0), (2, 3), (2, 3)))
    >>> moved, line = np.roll(square, 1, axis=3), square * (np.arange(8) == 3)
    >>> vectors = image_content(np.concatenate([black, square, moved, line])).vectors
    >>> (vectors.astype(float) @ vectors[1]).round(2).tolist()
    [0.0, 1.0, 1.0, 0.94]
    """
    plain = canonical(values)
    hashed = digests_of_rows(plain)
    channels = within_one(_channels_first(plain))
    grey = _brightness(channels)
    spectrum = _spectrum(_resized(grey))
    spectrum[grey.std(axis=(1, 2)) <= _FAINT] = 0.0
    pattern = unit_length(spectrum)
    return Content(hashed, unit_length(np.hstack([pattern, _COLOUR * _tint(channels, grey)])))


def _channels_first(plain: np.ndarray) -> np.ndarray:
    if plain.ndim == 3:
        return plain[:, None]
    first = plain.shape[1] in _CHANNELS
    found: np.ndarray = plain if first else plain.transpose(0, 3, 1, 2)
    return found


def _brightness(channels: np.ndarray) -> np.ndarray:
    if channels.shape[1] < 3:
        return channels[:, 0]
    grey: np.ndarray = np.tensordot(_LUMA, channels[:, :3], axes=(0, 1))
    return grey


def _resized(grey: np.ndarray) -> np.ndarray:
    """The pictures at 32 by 32 points, each the mean of what it covers."""
    down, across = _grid(grey.shape[1]), _grid(grey.shape[2])
    small: np.ndarray = down @ (grey @ across.T)
    return small


@lru_cache(maxsize=16)
def _grid(size: int) -> np.ndarray:
    """Weights of each of `size` points in each of 32, shape (32, size)."""
    if size < _SIDE:
        middles = np.clip((np.arange(_SIDE) + 0.5) * size / _SIDE - 0.5, 0, size - 1)
        weights = np.maximum(0, 1 - np.abs(middles[:, None] - np.arange(size)))
    else:
        edges = np.arange(_SIDE + 1) * size / _SIDE
        ends = np.minimum(edges[1:, None], np.arange(1, size + 1))
        weights = np.maximum(0, ends - np.maximum(edges[:-1, None], np.arange(size)))
    shares: np.ndarray = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def _spectrum(small: np.ndarray) -> np.ndarray:
    """Roots of the strengths of the coarse waves, shape (n, 112)."""
    fade = np.sqrt(np.hanning(_SIDE + 2)[1:-1])
    faded = (small - small.mean(axis=(1, 2), keepdims=True)) * np.outer(fade, fade)
    rows = np.r_[0:_WAVES, 1 - _WAVES : 0]
    strengths = np.abs(np.fft.rfft2(faded))[:, rows, :_WAVES]
    # Of the waves that run straight down, each is there twice.
    once = np.ones(strengths.shape[1:], dtype=np.bool_)
    once[_WAVES:, 0] = once[0, 0] = False
    found: np.ndarray = np.sqrt(strengths[:, once])
    return found


def _tint(channels: np.ndarray, grey: np.ndarray) -> np.ndarray:
    """The mean colour of each picture beside its contrast, shape (n, 2); zero without colour."""
    if channels.shape[1] < 3:
        return np.zeros((len(channels), 2), dtype=np.float32)
    means = channels[:, :3].mean(axis=(2, 3))
    colour = np.column_stack([means[:, 0] - means[:, 1], means[:, :2].mean(axis=1) - means[:, 2]])
    scale = np.linalg.norm(colour, axis=1) + grey.std(axis=(1, 2))
    found: np.ndarray = colour / np.where(scale > 0, scale, 1.0)[:, None]
    return found
