"""What a module is made of: how many numbers, and how large they are in memory and in a file."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from auditkit.evidence.costs.costs import NotCosted, Weights

MOST_SERIALISED = 1 << 30
"""Larger models are not written to count what they take: it would take seconds."""


class _Counted:
    """A file that keeps nothing but its length."""

    def __init__(self) -> None:
        self.length = 0

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        self.length += size
        return size

    def flush(self) -> None:
        """There is nothing to write out."""


def weights_of(module: nn.Module | None) -> Weights | NotCosted:
    """Parameters and bytes of a module; it is not changed, and no code of its own is run.

    >>> weights_of(nn.Linear(3, 2)).parameters, weights_of(nn.Linear(3, 2)).bytes
    (8, 32)
    """
    if module is None:
        return NotCosted("The model is a callable: its parameters are not seen.")
    parameters = dict(module.named_parameters())
    tensors = {**parameters, **dict(module.named_buffers())}
    # Each storage once: layers may share one, or show parts of it.
    storages = {one.untyped_storage()._cdata: one.untyped_storage() for one in tensors.values()}
    size = sum(storage.nbytes() for storage in storages.values())
    return Weights(
        parameters=sum(one.numel() for one in parameters.values()),
        bytes=size,
        serialised=_serialised(tensors) if size <= MOST_SERIALISED else None,
    )


def _serialised(tensors: dict[str, Any]) -> int | None:
    file = _Counted()
    try:
        torch.save({name: one.detach() for name, one in tensors.items()}, file)  # type: ignore[arg-type]
    except (RuntimeError, NotImplementedError, AttributeError):
        return None  # tensors of a kind that no file holds
    return file.length
