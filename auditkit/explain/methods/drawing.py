"""Random draws that belong to a unit, whoever lies beside it in the batch."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

import numpy as np
import torch

from auditkit.explain.target import Target
from auditkit.models.borrowing import random_states_kept


@contextmanager
def drawing(unit: Target, seed: int) -> Iterator[None]:
    """The global generators, which Captum draws from, start from a unit's own seed.

    Args:
        unit: a target of one unit; its inputs decide, so that equal units are explained alike.
        seed: of the settings.
    """
    digest = blake2b(str(seed).encode(), digest_size=4)
    for tensor in unit.inputs:
        digest.update(tensor.detach().flatten().cpu().view(torch.uint8).numpy().tobytes())
    own = int.from_bytes(digest.digest(), "big")
    with random_states_kept():
        torch.manual_seed(own)
        np.random.seed(own)  # noqa: NPY002 - Captum draws from the global generator
        random.seed(own)
        yield
