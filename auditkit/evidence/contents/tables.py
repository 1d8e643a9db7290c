"""Rows of a table: a cosine near the share of cells that are equal.

Each column has its own part of the vector, which holds a random code of the cell. Half the part of
a number says whether it is the same, the other half how far away it is in relation to its size, so
that a row whose numbers were rounded stays near. No first pass is needed: nothing is scaled by what
other rows hold. Source of random codes of values: Weinberger et al. 2009 (feature hashing); of
closeness: Rahimi and Recht 2007 (random Fourier features).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.stats import norm

from auditkit.evidence.contents.cells import Levels, number_hashes
from auditkit.evidence.contents.content import DIMENSIONS, Content
from auditkit.evidence.contents.digests import digests_of_rows
from auditkit.evidence.contents.texts import text_vectors
from auditkit.evidence.hashing import hashes

_LEAST = 8
"""Numbers of a vector that a column has at least; of more columns, several share them."""

_NEAR = 0.03
"""Numbers that differ by so much of their size are halfway alike."""

_BLANKS = 5
"""Of a text that is compared as text, and not as the name of a level."""

_ZERO = np.zeros(1, dtype=np.uint64)

_ROUNDED = np.uint64(52 - 16)
"""Bits of a float64 that a copy may have lost: 16 of its 52 are compared."""


def table_content(frame: pd.DataFrame) -> Content:
    """What rows of a table hold; the order of the columns makes no difference.

    Args:
        frame: at least one column; names are not doubled.

    >>> one = table_content(pd.DataFrame({"age": [44, 44], "town": ["Ulm", "Bonn"]}))
    >>> other = table_content(pd.DataFrame({"town": ["Ulm"], "age": [44.0]}))
    >>> bool((one.hashes[0] == other.hashes[0]).all())
    True
    """
    names = sorted(frame.columns, key=str)
    salts = hashes(np.array([str(name) for name in names], dtype=object))
    exact = np.empty((len(frame), len(names)), dtype=np.uint64)
    vectors = np.zeros((len(frame), DIMENSIONS), dtype=np.float32)
    width = max(DIMENSIONS // len(names), _LEAST)
    for place, (name, salt) in enumerate(zip(names, salts, strict=True)):
        # Most columns hold few values: each is looked at once.
        levels = Levels.of(frame[name])
        exact[:, place] = (levels.hashes() ^ salt)[levels.codes]
        start = place % (DIMENSIONS // width) * width
        vectors[:, start : start + width] += _codes(levels, salt, width)[levels.codes]
    length = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))[:, None]
    vectors /= np.maximum(length, np.finfo(np.float32).tiny)
    return Content(digests_of_rows(exact), vectors)


def _codes(levels: Levels, salt: np.uint64, width: int) -> np.ndarray:
    """A code of each value, of shape (values, width) and length √width."""
    if not levels.numeric:
        return _of_texts(levels, _signs(levels.hashes(as_read=True), salt, width))
    values = levels.values.astype(np.float64)
    found = _signs(_rounded(values), salt, width)
    # Zero and infinity are near to nothing but themselves.
    close = np.flatnonzero(np.isfinite(values) & (values != 0))
    half = width // 4
    logs, turned = np.log(np.abs(values[close])), np.where(values[close] < 0, np.pi, 0.0)
    angles = (logs[:, None] * _waves(half) + turned[:, None]).astype(np.float32)
    waves = np.hstack([np.cos(angles), np.sin(angles)]) * np.float32(np.sqrt(2.0))
    found[close, width - 2 * half :] = waves * _signs(_ZERO, salt, 2 * half)
    return found


def _of_texts(levels: Levels, found: np.ndarray) -> np.ndarray:
    """Codes with those of whole sentences in place of what only says whether they are the same."""
    values = levels.values
    long = [p for p, one in enumerate(values) if isinstance(one, str) and one.count(" ") >= _BLANKS]
    if long:
        width = found.shape[1]
        found[long] = text_vectors([values[p] for p in long], width) * np.sqrt(np.float32(width))
    return found


def _rounded(values: np.ndarray) -> np.ndarray:
    bits = number_hashes(values)
    return (bits + (np.uint64(1) << (_ROUNDED - np.uint64(1)))) >> _ROUNDED


@lru_cache(maxsize=64)
def _waves(number: int) -> np.ndarray:
    """Frequencies of a Gaussian kernel: the middles of as many equal parts of a normal."""
    middles = (np.arange(number) + 0.5) / number
    found: np.ndarray = norm.ppf(0.5 + middles / 2) / _NEAR
    return found


def _signs(values: np.ndarray, salt: np.uint64, width: int) -> np.ndarray:
    """Random signs for each value, ±1 as float32 of shape (n, width)."""
    words = [hashes(values ^ salt, seed) for seed in range(1, 2 + (width - 1) // 64)]
    bits = np.unpackbits(np.column_stack(words).astype("<u8").view(np.uint8), axis=1)
    found: np.ndarray = bits[:, :width].astype(np.float32) * 2 - 1
    return found
