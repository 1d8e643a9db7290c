"""What a pickle of a torch module becomes: records without behaviour.

Each class stands for a class or function of torch's, takes the arguments that `torch.save` gives to
it, and refuses all else. None can be called, none looks anything up, and the metaclass keeps a
pickle from changing them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeGuard

import torch


class Inert(type):
    """Classes that a pickle's instruction to set attributes can't reach."""

    def __setattr__(cls, name: str, value: object) -> None:
        raise ValueError("a pickle may not change a class")


class LayerRecord(metaclass=Inert):
    """A layer's attributes, and the name of its class."""

    layer: tuple[str, str] = ("", "")
    __slots__ = ("state",)

    def __setstate__(self, state: object) -> None:
        if hasattr(self, "state") or not isinstance(state, dict):
            raise ValueError("a layer's state is one dict")
        self.state: dict[str, Any] = state


class Table(dict[Any, Any], metaclass=Inert):
    """Stands for `OrderedDict`, whose order a dict keeps as well."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        raise ValueError("an OrderedDict has no state")


class Names(tuple[Any, ...], metaclass=Inert):
    """Stands for `set`."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        raise ValueError("a set has no state")


@dataclass(frozen=True, slots=True)
class StorageRecord:
    """The place of numbers in the file."""

    key: str
    dtype: torch.dtype
    count: int

    def __setstate__(self, state: object) -> None:
        raise ValueError("a storage has no state")


class StorageType(metaclass=Inert):
    """Stands for a class of storages."""

    dtype: torch.dtype
    __slots__ = ()


class TensorRecord(metaclass=Inert):
    """Stands for a call of torch's `_rebuild_tensor_v2`."""

    __slots__ = ("offset", "requires_grad", "shape", "storage", "strides")

    def __init__(
        self,
        storage: object,
        offset: object,
        shape: object,
        strides: object,
        requires_grad: object = False,
        hooks: object = (),
        metadata: object = None,
    ) -> None:  # the arguments of the function that it stands for
        if not isinstance(storage, StorageRecord) or hooks or metadata:
            raise ValueError("a tensor is a view of a storage, without hooks")
        if not isinstance(offset, int) or not _is_sizes(shape) or not _is_sizes(strides):
            raise ValueError("offset, shape and strides are whole numbers")
        self.storage, self.offset = storage, offset
        self.shape: tuple[int, ...] = shape
        self.strides: tuple[int, ...] = strides
        self.requires_grad = requires_grad is True

    def __setstate__(self, state: object) -> None:
        raise ValueError("a tensor has no state")


class ParameterRecord(metaclass=Inert):
    """Stands for a call of torch's `_rebuild_parameter`."""

    __slots__ = ("requires_grad", "tensor")

    def __init__(self, tensor: object, requires_grad: object, hooks: object = ()) -> None:
        if not isinstance(tensor, TensorRecord) or hooks:
            raise ValueError("a parameter is a tensor, without hooks")
        self.tensor, self.requires_grad = tensor, requires_grad is True

    def __setstate__(self, state: object) -> None:
        raise ValueError("a parameter has no state")


def _is_sizes(value: object) -> TypeGuard[tuple[int, ...]]:
    return isinstance(value, tuple) and all(type(size) is int and size >= 0 for size in value)
