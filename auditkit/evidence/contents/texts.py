"""Texts by their runs of five characters, and token ids by their runs of up to three.

Case, blanks and ways to write one character make no difference to the vector; to the hash they do.
Each run that occurs counts once, however often it does. Source: Broder 1997 (shingles); Weinberger
et al. 2009 (feature hashing).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditkit.evidence.contents.cells import plain_text
from auditkit.evidence.contents.content import DIMENSIONS, Content, unit_length
from auditkit.evidence.contents.digests import digests
from auditkit.evidence.hashing import hashes

_RUN = 5
_LONGEST = 20_000
"""Characters or tokens of a unit that its vector is made of: those at its beginning."""

_FACTOR = np.uint64(0x9E37_79B9_7F4A_7C15)


def text_content(texts: Sequence[str]) -> Content:
    """What texts hold.

    >>> found = text_content(["The same words.", " the SAME\\nwords.", "Something else."])
    >>> (found.vectors @ found.vectors[0]).round(1).tolist()
    [1.0, 1.0, 0.0]
    >>> bool((found.hashes[0] == found.hashes[1]).all())
    False
    """
    exact = digests(text.encode("utf-8", "surrogatepass") for text in texts)
    return Content(exact, text_vectors(texts, DIMENSIONS))


def text_vectors(texts: Sequence[str], width: int) -> np.ndarray:
    """Vectors of length one, float32 of shape (n, width); zero where a text holds blanks alone."""
    # Blanks around it: the first word begins like any other, and the shortest text has a run.
    plain = [
        f" {read[:_LONGEST]} ".ljust(_RUN) if (read := plain_text(text)) else "" for text in texts
    ]
    points = [
        np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
        for text in plain
    ]
    return _of_runs(points, (_RUN,), width)


def ids_content(ids: np.ndarray, real: np.ndarray) -> Content:
    """What rows of token ids hold; filling says nothing.

    Args:
        ids: whole numbers, shape (n, tokens).
        real: which of them are no filling, bool of that shape.
    """
    rows = [row[kept] for row, kept in zip(ids, real, strict=True)]
    exact = digests(np.ascontiguousarray(row, dtype="<i8").tobytes() for row in rows)
    points = [row[:_LONGEST].astype(np.int64).view(np.uint64) for row in rows]
    return Content(exact, _of_runs(points, (1, 2, 3), DIMENSIONS))


def _of_runs(points: Sequence[np.ndarray], sizes: Sequence[int], width: int) -> np.ndarray:
    """Vectors of the distinct runs of several sizes in sequences of numbers."""
    lengths = np.array([len(one) for one in points], dtype=np.int64)
    if not lengths.sum():
        return np.zeros((len(points), width), dtype=np.float32)
    whole = hashes(np.concatenate(points))
    owners = np.repeat(np.arange(len(points)), lengths)
    found = np.zeros((len(points), width))
    for size in sizes:
        runs, of = _runs(whole, owners, size)
        found += _counted(runs, of, len(points), width)
    return unit_length(found)


def _runs(whole: np.ndarray, owners: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of the runs that lie within one sequence, and whose they are."""
    last = len(whole) - size + 1
    if last < 1:
        return whole[:0], owners[:0]
    mixed = np.zeros(last, dtype=np.uint64)
    for step in range(size):
        mixed = mixed * _FACTOR + whole[step : step + last]
    inside = owners[:last] == owners[size - 1 :]
    return mixed[inside], owners[:last][inside]


def _counted(runs: np.ndarray, owners: np.ndarray, units: int, width: int) -> np.ndarray:
    """Signed counts of distinct runs in `width` cells of each unit."""
    keys = hashes(runs, 1)
    order = np.lexsort([keys, owners])
    keys, owners = keys[order], owners[order]
    first = np.ones(len(keys), dtype=np.bool_)
    first[1:] = (keys[1:] != keys[:-1]) | (owners[1:] != owners[:-1])
    keys, owners = keys[first], owners[first]
    cells = owners * width + (keys % np.uint64(width)).astype(np.int64)
    signs = (keys >> np.uint64(63)).astype(np.float64) * 2 - 1
    return np.bincount(cells, signs, minlength=units * width).reshape(units, width)
