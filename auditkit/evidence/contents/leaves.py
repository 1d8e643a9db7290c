"""Inputs of a batch taken apart: arrays by unit, and texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch


@dataclass(frozen=True, eq=False)
class Leaf:
    """One part of the inputs, unit by unit.

    Attributes:
        name: where it lies in the inputs: `input_ids`, `0` …; "" where the inputs are one array.
        values: an array [units, …]; or one object for each unit, text or an array of its own shape.
    """

    name: str
    values: np.ndarray

    @property
    def textual(self) -> bool:
        """Whether each unit is a text."""
        return self.values.dtype == object and all(isinstance(one, str) for one in self.values)

    @property
    def ragged(self) -> bool:
        """Whether units are arrays that differ in shape."""
        return self.values.dtype == object and not self.textual


def leaves_of(inputs: Any, rows: np.ndarray, units: int) -> list[Leaf]:
    """Parts of the inputs that have one entry for each unit, in the order of their names.

    What all units share (a mask, a setting) is left out.

    Args:
        inputs: tensors, arrays and lists of units, in tuples, lists and dicts.
        rows: the units that are wanted, positions as int64.
        units: how many there are.

    >>> [leaf.name for leaf in leaves_of({"x": np.zeros((3, 2)), "mask": np.zeros(2)}, [0], 3)]
    ['x']
    """
    return sorted(_leaves(inputs, "", np.asarray(rows), units), key=lambda leaf: leaf.name)


def _leaves(nest: Any, name: str, rows: np.ndarray, units: int) -> Iterator[Leaf]:
    if isinstance(nest, torch.Tensor | np.ndarray):
        if nest.shape[:1] == (units,):
            yield Leaf(name, _chosen(nest, rows))
    elif isinstance(nest, Mapping):
        for key, part in nest.items():
            yield from _leaves(part, _within(name, key), rows, units)
    elif isinstance(nest, tuple | list):
        yield from _of_sequence(nest, name, rows, units)


def _of_sequence(nest: Sequence[Any], name: str, rows: np.ndarray, units: int) -> Iterator[Leaf]:
    if len(nest) == units and not all(_by_unit(part, units) for part in nest):
        yield from _of_units([nest[place] for place in rows], name)
        return
    for place, part in enumerate(nest):
        yield from _leaves(part, _within(name, place), rows, units)


def _of_units(chosen: Sequence[Any], name: str) -> Iterator[Leaf]:
    """Parts of a list that holds one text, array, number or dict of them for each unit."""
    if chosen and all(isinstance(one, Mapping) for one in chosen):
        shared = set(chosen[0]).intersection(*chosen[1:])
        for key in shared:
            yield from _of_units([one[key] for one in chosen], _within(name, key))
        return
    values = np.empty(len(chosen), dtype=object)
    for place, one in enumerate(chosen):
        values[place] = one if isinstance(one, str) else _numbers(one)
    if any(not isinstance(one, str) and one.dtype == object for one in values):
        return  # things of which nothing is known
    shapes = {None if isinstance(one, str) else (one.shape, one.dtype) for one in values}
    if len(shapes) == 1 and None not in shapes:
        yield Leaf(name, np.stack(list(values)))
    else:
        yield Leaf(name, values)


def _chosen(values: torch.Tensor | np.ndarray, rows: np.ndarray) -> np.ndarray:
    if isinstance(values, torch.Tensor):
        dense = values.detach()
        dense = dense if dense.layout == torch.strided else dense.to_dense()
        return _numbers(dense[torch.from_numpy(rows).to(dense.device)])
    return np.asarray(values[rows])


def _numbers(one: Any) -> np.ndarray:
    if isinstance(one, torch.Tensor):
        plain = one.detach().cpu()
        plain = plain if plain.layout == torch.strided else plain.to_dense()
        return (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy()
    return np.asarray(one)


def _by_unit(part: Any, units: int) -> bool:
    return isinstance(part, torch.Tensor | np.ndarray) and part.shape[:1] == (units,)


def _within(name: str, key: Any) -> str:
    return f"{name}.{key}" if name else str(key)
