"""From attributions of input tensors to magnitudes of named features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from auditkit.errors import ConfigurationError
from auditkit.explain.explanation import Explanation
from auditkit.explain.method import Maps, Method
from auditkit.explain.methods.registry import METHODS
from auditkit.explain.regions import cuts

GRID = 8
STRETCHES = 16
MIN_UNITS = 5
"""Tokens in fewer units than that are not named: what one person wrote stays theirs."""


@dataclass(frozen=True)
class Magnitudes:
    """How much each feature mattered for each unit.

    Attributes:
        names: of the features, d of them.
        values: float64 of shape [n, d], sums of absolute attributions; NaN for units whose map may
            not be shown.
        signed: likewise, sums of the attributions themselves.
    """

    names: tuple[str, ...]
    values: np.ndarray
    signed: np.ndarray


def magnitudes(found: Explanation, names: Sequence[str] = (), method: str = "") -> Magnitudes:
    """Absolute attributions, added up to features that a reader can tell apart.

    A tensor of shape [n] is one feature; [n, d] are d of them (of sound, at most 16 stretches of
    time); [n, steps, d] are d, added up over the steps; [n, …, height, width] are the cells of a
    grid of at most 8 by 8; an axis longer than that is cut into nearly equal parts. Of texts each
    token is a feature, wherever it stands, if at least five of the units with a map hold it.

    Args:
        found: of n units.
        names: of the features, where the only input has the shape [n, d] or [n, steps, d].
        method: whose maps; by default those of `found.chosen`.

    Raises:
        ConfigurationError: another number of names than of features.
        ValueError: the method shows no map.
    """
    name = method or found.chosen
    maps = found.maps.get(name)
    if not isinstance(maps, Maps):
        raise ValueError(f"there are no maps of {method or 'any method'}")
    if found.tokens is not None and found.varied is not None:
        labels, signs, sizes = _of_tokens(maps, METHODS[name], found.tokens, found.varied)
    else:
        labels, signs, sizes = _of_tensors(found, maps, names)
    hidden = ~maps.shown.numpy()
    sizes[hidden], signs[hidden] = np.nan, np.nan
    return Magnitudes(tuple(labels), sizes, signs)


_Table = tuple[list[str], np.ndarray, np.ndarray]


def _of_tensors(found: Explanation, maps: Maps, names: Sequence[str]) -> _Table:
    single = len(maps.values) == 1
    tables = []
    for name, tensor in zip(found.names, maps.values, strict=True):
        labels, signs = _table(tensor, found.medium)
        _, sizes = _table(tensor.abs(), found.medium)
        if single and names and tensor.ndim <= 3:
            labels = _given(names, signs.shape[1])
        elif name:
            labels = [f"{name}, {label}" if label else name for label in labels]
        tables.append((labels, signs, sizes))
    return (
        [label for labels, _, _ in tables for label in labels],
        np.concatenate([signs for _, signs, _ in tables], axis=1),
        np.concatenate([sizes for _, _, sizes in tables], axis=1),
    )


def _of_tokens(maps: Maps, method: Method, tokens: Tensor, varied: Tensor) -> _Table:
    values = maps.values[0].double()
    by_place = values.sum(dim=-1) * varied
    # The numbers of a plain gradient don't add up to anything; their magnitudes do.
    weights = values.abs().sum(dim=-1) * varied if method.is_plain else by_place.abs()
    present, places = torch.unique(tokens, return_inverse=True)
    units, kinds = len(tokens), len(present)
    signs = torch.zeros(units, kinds, dtype=torch.float64).scatter_add_(1, places, by_place)
    sizes = torch.zeros_like(signs).scatter_add_(1, places, weights)
    held = torch.zeros_like(signs).scatter_add_(1, places, varied.double()) > 0
    kept = (held[maps.shown].sum(dim=0) >= MIN_UNITS).nonzero()[:, 0]
    labels = [f"token {one}" for one in present[kept].tolist()]
    return labels, signs[:, kept].numpy(), sizes[:, kept].numpy()


def _given(names: Sequence[str], found: int) -> list[str]:
    if len(names) != found:
        raise ConfigurationError(
            f"feature_names has {len(names)} names; the model takes {found} features.",
            mend="Name each input of the model, after preprocess, in its order.",
        )
    return list(names)


def _table(tensor: Tensor, medium: str) -> tuple[list[str], np.ndarray]:
    values = tensor.double().numpy()
    if values.ndim == 1:
        return [""], values[:, None]
    if medium == "audio" and values.ndim <= 3:
        return _stretches(values.reshape(values.shape[0], -1, values.shape[-1]).sum(axis=1))
    if values.ndim <= 3:
        table = values.reshape(values.shape[0], -1, values.shape[-1]).sum(axis=1)
        return [f"input {index}" for index in range(table.shape[1])], table
    pixels = values.reshape(values.shape[0], -1, *values.shape[-2:]).sum(axis=1)
    return _grid(pixels)


def _stretches(samples: np.ndarray) -> tuple[list[str], np.ndarray]:
    parts = cuts(samples.shape[1], STRETCHES).numpy()
    starts = np.flatnonzero(np.diff(parts, prepend=-1))
    ends = [*starts[1:], samples.shape[1]]
    labels = [f"samples {start}–{end - 1}" for start, end in zip(starts, ends, strict=True)]
    return labels, np.add.reduceat(samples, starts, axis=1)


def _grid(pixels: np.ndarray) -> tuple[list[str], np.ndarray]:
    rows, columns = (_cuts(length) for length in pixels.shape[1:])
    cells = np.add.reduceat(np.add.reduceat(pixels, rows[:-1], axis=1), columns[:-1], axis=2)
    labels = [
        f"rows {_span(rows, i)}, columns {_span(columns, j)}"
        for i in range(len(rows) - 1)
        for j in range(len(columns) - 1)
    ]
    return labels, cells.reshape(len(cells), -1)


def _cuts(length: int) -> np.ndarray:
    """Where an axis is cut, first and last end included."""
    parts = min(GRID, length)
    return np.arange(parts + 1) * length // parts


def _span(cuts: np.ndarray, index: int) -> str:
    first, last = cuts[index], cuts[index + 1] - 1
    return str(first) if first == last else f"{first}–{last}"
