"""Stable 64-bit hashes of ids and labels: the same in every process, run and batch."""

from __future__ import annotations

import numpy as np
import pandas as pd

BLOCKS = 64

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = 0xFFFFFFFFFFFFFFFF


def hashes(values: np.ndarray, seed: int = 0) -> np.ndarray:
    """A hash of each value, uint64 of shape (n,).

    Args:
        values: whole numbers or text, shape (n,).
        seed: other seeds give independent hashes.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        array = array.astype(object)
    hashed = pd.util.hash_array(array, categorize=False)
    return _mix(hashed ^ np.uint64((seed * _GOLDEN) & _MASK))


def _mix(state: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014), so that seeds are independent."""
    with np.errstate(over="ignore"):
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray = state ^ (state >> np.uint64(31))
    return mixed


def blocks(values: np.ndarray) -> np.ndarray:
    """The block of each unit by a hash of its id, int64 in [0, 64), shape (n,)."""
    return blocks_of(hashes(values))


def blocks_of(hashed: np.ndarray) -> np.ndarray:
    """The block of each unit, from the hash of its id that `hashes` gave with the seed 0."""
    return (hashed % np.uint64(BLOCKS)).astype(np.int64)


FOLDS = ("searched", "held out")
# Far from any seed that a user would choose for a sample, so that halves and samples stay apart.
_FOLD_SEED = 0x66_6F_6C_64


def folds(values: np.ndarray) -> np.ndarray:
    """Which of two halves each unit is in, by another hash of its id, int64 of shape (n,)."""
    return (hashes(values, _FOLD_SEED) % np.uint64(len(FOLDS))).astype(np.int64)
