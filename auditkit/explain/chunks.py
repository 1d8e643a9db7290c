"""How many rows a model can be asked about at once with gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from auditkit.explain.target import Target

HOST_BUDGET = 32 << 20
"""Bytes that a chunk may keep for its backward pass on the CPU: more only spoils its caches."""

_SHARE_OF_FREE = 0.6
_MOST = 1024


def fitting(target: Target) -> int:
    """Rows of which the backward pass keeps no more than a budget, at least 1.

    What a single unit keeps is counted as autograd saves it, tensor by tensor. The budget is 60 %
    of what is free on a GPU, and `HOST_BUDGET` elsewhere.
    """
    kept: dict[tuple[int, int], int] = {}

    def note(tensor: Tensor) -> Any:
        storage = tensor.untyped_storage()
        # Weights are there anyway, whatever the number of rows.
        if not isinstance(tensor, torch.nn.Parameter) and storage.data_ptr() not in weights:
            kept[(storage.data_ptr(), storage.nbytes())] = storage.nbytes()
        return tensor

    module = target.module
    weights = (
        set() if module is None else {p.untyped_storage().data_ptr() for p in module.parameters()}
    )
    one = target.every[:1]
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        target.gradient(tuple(tensor[one] for tensor in target.inputs), one)
    own = sum(tensor[:1].numel() * tensor.element_size() for tensor in target.inputs)
    size = max(1, sum(kept.values()) + 4 * own)
    return int(min(_MOST, max(1, _budget(target.device) // size)))


def _budget(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] * _SHARE_OF_FREE
    return HOST_BUDGET
