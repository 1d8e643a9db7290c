"""How many rows a model can be asked about at once with gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

from auditkit.errors import ModelError
from auditkit.explain.target import Target

HOST_BUDGET = 32 << 20
"""Bytes that a chunk may keep for its backward pass on the CPU: more only spoils its caches."""

_SHARE_OF_FREE = 0.6
_MOST = 1024
_T = TypeVar("_T")


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


def halving(step: Callable[[int], _T], size: int) -> tuple[_T, int]:
    """A step of work with so many rows, or half of them where memory ends, and so on.

    Args:
        step: called with a number of rows.
        size: rows to begin with.

    Returns:
        What the step returned, and the number of rows that fitted.

    Raises:
        ModelError: whatever the step raises; memory that ends with a single row.
    """
    while True:
        try:
            return step(size), size
        except (torch.cuda.OutOfMemoryError, ModelError) as error:
            if size == 1 or not _is_out_of_memory(error):
                raise
            size //= 2


def _is_out_of_memory(error: BaseException) -> bool:
    return isinstance(error, torch.cuda.OutOfMemoryError) or isinstance(
        error.__cause__, torch.cuda.OutOfMemoryError
    )
