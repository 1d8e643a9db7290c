"""Tensors alone, or in tuples, lists and dicts of any depth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor


def map_tensors(function: Callable[[Tensor], Any], nest: Any) -> Any:
    """`function` of every tensor of a nest, which becomes one of plain dicts, tuples and lists.

    Anything that is neither a tensor nor a container stays as it is.

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


def concatenated(first: Any, second: Any) -> Any:
    """Two nests of one structure, their tensors one after the other along the first axis.

    >>> concatenated((torch.zeros(2), 7), (torch.ones(1), 7))
    (tensor([0., 0., 1.]), 7)
    """
    if isinstance(first, Tensor):
        return torch.cat([first, second])
    if isinstance(first, Mapping):
        return {key: concatenated(value, second[key]) for key, value in first.items()}
    if isinstance(first, tuple | list):
        return type(first)(concatenated(*pair) for pair in zip(first, second, strict=True))
    return first
