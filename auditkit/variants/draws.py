"""Random numbers that belong to a unit, whichever batch it lies in.

Each unit has a counter-based generator of its own, whose key is the seed and the unit's key (Salmon
et al. 2011, Philox). They are drawn on the CPU, so that every device is given the same ones.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

import numpy as np
import torch
from torch import Tensor

_MASK = 0xFFFF_FFFF_FFFF_FFFF


class Purpose(IntEnum):
    """What numbers are drawn for; those of two purposes are independent."""

    NOISE = 1
    START = 2
    CELLS = 3


def generator(seed: int, key: int, purpose: Purpose) -> np.random.Generator:
    """The generator of one key.

    Example:
        >>> once, twice = (generator(5, 7, Purpose.NOISE).random() for _ in range(2))
        >>> once == twice
        True
    """
    pair = np.array([seed & _MASK, key & _MASK], dtype=np.uint64)
    counter = np.array([0, 0, 0, int(purpose)], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=pair, counter=counter))


def normal_draws(like: Tensor, seed: int, keys: np.ndarray) -> Tensor:
    """Standard normal numbers of a tensor's shape (n, …), dtype and device.

    Args:
        like: gives shape, dtype and device.
        seed: others give independent numbers.
        keys: whole numbers, shape (n,); a unit's numbers depend on its own key alone.

    Raises:
        ValueError: there is not one whole number for each unit.
    """

    def fill(drawing: np.random.Generator, row: np.ndarray) -> None:
        drawing.standard_normal(out=row, dtype=np.float32)

    return _drawn(like, seed, keys, Purpose.NOISE, fill)


def uniform_draws(like: Tensor, seed: int, keys: np.ndarray) -> Tensor:
    """Uniform numbers in [-1, 1), otherwise as `normal_draws`."""

    def fill(drawing: np.random.Generator, row: np.ndarray) -> None:
        drawing.random(out=row, dtype=np.float32)

    return 2 * _drawn(like, seed, keys, Purpose.START, fill) - 1


def _drawn(
    like: Tensor,
    seed: int,
    keys: np.ndarray,
    purpose: Purpose,
    fill: Callable[[np.random.Generator, np.ndarray], None],
) -> Tensor:
    found = np.asarray(keys)
    if found.shape != (len(like),) or found.dtype.kind not in "iu":
        raise ValueError(
            f"expected one whole number for each of {len(like)} units as keys, got "
            f"{found.dtype} of shape {found.shape}"
        )
    drawn = np.empty(tuple(like.shape), dtype=np.float32)
    for row, key in zip(drawn, found, strict=True):
        fill(generator(seed, int(key), purpose), row)
    return torch.from_numpy(drawn).to(device=like.device, dtype=like.dtype)
