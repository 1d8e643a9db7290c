"""Tensors alone, or in tuples, lists and dicts of any depth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor


def map_tensors(function: Callable[[Tensor], Any], nest: Any) -> Any:
    """`function` of every tensor of a nest, which becomes one of plain dicts, tuples and lists.

    Anything that is neither a tensor nor a container stays as it is.

    >>> import torch
    >>> map_tensors(len, {"ids": torch.zeros(3), "more": (torch.zeros(2), "text")})
    {'ids': 3, 'more': (2, 'text')}
    """
    if isinstance(nest, Tensor):
        return function(nest)
    if isinstance(nest, Mapping):
        return {key: map_tensors(function, value) for key, value in nest.items()}
    if isinstance(nest, tuple):
        return tuple(map_tensors(function, value) for value in nest)
    if isinstance(nest, list):
        return [map_tensors(function, value) for value in nest]
    return nest
