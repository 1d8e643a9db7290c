"""Arrays of which nothing more is known: series, features, several inputs of one model."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from auditkit.evidence.contents.content import DIMENSIONS, Content, unit_length
from auditkit.evidence.contents.digests import digests_of_rows

_SEED = 20_260_102


def canonical(values: np.ndarray) -> np.ndarray:
    """An array of numbers with one form for what is the same.

    Numbers become float32, whole ones beyond 16 bits int64; −0 becomes 0, and there is one NaN.
    Complex numbers become pairs.
    """
    if values.dtype.kind in "iu" and values.dtype.itemsize > 2:
        return values.astype(np.int64)
    if values.dtype.kind == "c":
        values = np.stack([values.real, values.imag], axis=-1)
    with np.errstate(over="ignore"):
        plain = values.astype(np.float32) + np.float32(0)
    plain[np.isnan(plain)] = np.nan
    return plain


def array_content(values: np.ndarray) -> Content:
    """What arrays hold: hashed as they are, and as directions from their own mean.

    The last axis is that of channels where there are several: each has its own mean, and all count
    alike, however large their numbers are. Long ones are projected to fewer numbers by random
    signs, which keeps angles.

    Args:
        values: numbers, shape (n, …).

    >>> found = array_content(np.arange(6.0).reshape(1, 6) * np.array([[1.0], [2.0]]))
    >>> bool((found.hashes[0] == found.hashes[1]).all())
    False
    >>> float((found.vectors[0] @ found.vectors[1]).round(3))
    1.0
    """
    plain = canonical(values)
    return Content(digests_of_rows(plain), projected(_centred(plain)))


def projected(rows: np.ndarray) -> np.ndarray:
    """Rows of length one, of at most `DIMENSIONS` numbers, that keep the angles between them.

    Source: Achlioptas 2003.
    """
    if rows.shape[1] > DIMENSIONS:
        rows = rows.astype(np.float32) @ _directions(rows.shape[1])
    elif rows.shape[1] < DIMENSIONS:
        rows = np.pad(rows, ((0, 0), (0, DIMENSIONS - rows.shape[1])))
    return unit_length(rows)


def _centred(values: np.ndarray) -> np.ndarray:
    numbers = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    if numbers.ndim < 3:
        rows = numbers.reshape(len(numbers), -1)
        return rows - rows.mean(axis=1, keepdims=True) if rows.shape[1] > 1 else rows
    within = tuple(range(1, numbers.ndim - 1))
    centred = numbers - numbers.mean(axis=within, keepdims=True)
    length = np.sqrt(np.square(centred).sum(axis=within, keepdims=True))
    scaled = centred / np.where(length > 0, length, 1.0)
    flat: np.ndarray = scaled.reshape(len(scaled), -1)
    return flat


@lru_cache(maxsize=8)
def _directions(width: int) -> np.ndarray:
    signs = np.random.default_rng(_SEED).integers(0, 2, (width, DIMENSIONS), dtype=np.int8)
    return (signs * 2 - 1).astype(np.float32)
