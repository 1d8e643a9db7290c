"""What units hold, in canonical form: a hash for what is the same, a vector for what is nearly so.

Nothing here depends on other units: neither on the batch nor on a first pass over the data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DIMENSIONS = 256
"""Numbers of a vector, whatever the medium."""


@dataclass(frozen=True, eq=False)
class Content:
    """What some units hold.

    Attributes:
        hashes: uint64 of shape (n, 2).
        vectors: float32 of shape (n, d), of length one, or zero where there is nothing to say of a
            unit; d = 0 where there are none.
        lacking: why there are no vectors, as a full sentence; "" if there are.
    """

    hashes: np.ndarray
    vectors: np.ndarray
    lacking: str = ""

    def __len__(self) -> int:
        return len(self.hashes)


def within_one(values: np.ndarray) -> np.ndarray:
    """Each unit's finite numbers divided by its largest, float32; others become 0.

    >>> within_one(np.array([[2.0, -4.0], [np.nan, 1e30], [0.0, 0.0]], dtype=np.float32)).tolist()
    [[0.5, -1.0], [0.0, 1.0], [0.0, 0.0]]
    """
    finite = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    axes = tuple(range(1, finite.ndim))
    largest = np.abs(finite).max(axis=axes, keepdims=True, initial=0.0)
    found: np.ndarray = (finite / np.where(largest > 0, largest, 1.0)).astype(np.float32)
    return found


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """Each row divided by its length, float32; rows of no length, or of no finite one, are zero.

    >>> unit_length(np.array([[3.0, 4.0], [0.0, 0.0], [np.inf, 1.0]])).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0], [0.0, 0.0]]
    """
    whole = np.asarray(vectors, dtype=np.float64)
    largest = np.abs(whole).max(axis=1, keepdims=True, initial=0.0)
    sound = np.isfinite(largest) & (largest > 0)
    # Divided by the largest first, so that no square is beyond all numbers.
    scaled = np.where(sound, whole, 0.0) / np.where(sound, largest, 1.0)
    length = np.sqrt(np.einsum("nd,nd->n", scaled, scaled))[:, None]
    return (scaled / np.where(length > 0, length, 1.0)).astype(np.float32)
