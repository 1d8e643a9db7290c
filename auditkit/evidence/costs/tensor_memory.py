"""The most memory that the tensors of a call take at a time, seen operation by operation."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from auditkit.evidence.nests import map_tensors


class TensorMemory(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the storages of tensors from when an operation returns them until they are freed.

    What an operation takes for itself while it runs is not seen.

    Args:
        held: tensors that are there throughout: weights and inputs.

    Attributes:
        peak: the most bytes at a time.

    Example:
        >>> import torch
        >>> weight = torch.ones(256)
        >>> with TensorMemory([weight]) as memory:
        ...     _ = (weight + 1) + 1
        >>> memory.peak
        3072
    """

    def __init__(self, held: Iterable[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._alive: dict[int, int] = {}
        self.peak = self._now = 0
        for tensor in held:
            self._add(tensor)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """torch would import its compiler, a second's work, to keep it away from this mode."""
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        del types
        out = func(*args, **(kwargs or {}))
        map_tensors(self._add, out)
        return out

    def _add(self, tensor: Tensor) -> None:
        try:
            storage = tensor.untyped_storage()
            size, place = storage.nbytes(), storage._cdata
        except (NotImplementedError, RuntimeError):
            return  # sparse and other tensors that have no one storage
        if place in self._alive:
            return
        self._alive[place] = size
        self._now += size
        self.peak = max(self.peak, self._now)
        weakref.finalize(storage, self._free, place).atexit = False

    def _free(self, place: int) -> None:
        self._now -= self._alive.pop(place, 0)
