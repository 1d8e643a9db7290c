"""What a sample's inputs hold as numbers: few enough for a simple model to tell two splits apart.

Unlike fingerprints, which are made to find what is nearly the same, they keep brightness, loudness
and size.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from auditkit.evidence.nests import map_tensors
from auditkit.evidence.sample import Sampled

DIMENSIONS = 64
"""Numbers of a vector at most."""

_MOST = 4096
"""Of longer inputs, means of neighbouring numbers are taken first."""

_SEED = 20_261_124


def input_vectors(sample: Sampled) -> np.ndarray | None:
    """The numbers of each unit's prepared inputs, of more than 64 a random projection.

    A line sees in the projection what it sees in the inputs, but for what neighbouring numbers of
    long inputs share out among each other.

    Args:
        sample: units drawn.

    Returns:
        float64 of shape (n, d), d at most 64; None where no input is a tensor of numbers (whole
        ones may be codes, which mean nothing as numbers).

    Source: Johnson and Lindenstrauss 1984.
    """
    flat = _flat(sample.inputs, len(sample))
    if flat is None:
        return None
    if flat.shape[1] > _MOST:
        flat = functional.adaptive_avg_pool1d(flat[:, None], _MOST)[:, 0]
    if flat.shape[1] > DIMENSIONS:
        flat = flat @ _projection(flat.shape[1])
    return np.asarray(flat.double().numpy())


def _flat(inputs: Any, units: int) -> Tensor | None:
    """All numbers of each unit, float32 of shape (n, numbers); what is not finite is 0."""
    parts: list[Tensor] = []
    map_tensors(parts.append, inputs)
    numbers = [
        part.detach().cpu().float().reshape(units, -1)
        for part in parts
        if units and part.is_floating_point() and part.shape[:1] == (units,)
    ]
    wide = [part for part in numbers if part.shape[1]]
    if not wide:
        return None
    return torch.nan_to_num(torch.cat(wide, dim=1), nan=0.0, posinf=0.0, neginf=0.0)


@lru_cache(maxsize=4)
def _projection(width: int) -> Tensor:
    matrix = np.random.default_rng((_SEED, width)).normal(size=(width, DIMENSIONS))
    return torch.from_numpy((matrix / width**0.5).astype(np.float32))
