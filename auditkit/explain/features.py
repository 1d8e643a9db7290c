"""From attributions of input tensors to magnitudes of named features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from auditkit.errors import ConfigurationError
from auditkit.explain.integrated import Attributions

GRID = 8


@dataclass(frozen=True)
class Magnitudes:
    """How much each feature mattered for each unit.

    Attributes:
        names: of the features, d of them.
        values: float64 of shape [n, d], sums of absolute attributions.
    """

    names: tuple[str, ...]
    values: np.ndarray


def magnitudes(attributions: Attributions, names: Sequence[str] = ()) -> Magnitudes:
    """Absolute attributions, added up to features that a reader can tell apart.

    A tensor of shape [n] is one feature; [n, d] are d of them; [n, steps, d] are d, added up over
    the steps; [n, …, height, width] are the cells of a grid of at most 8 by 8; an axis longer than
    that is cut into nearly equal parts.

    Args:
        attributions: of n units.
        names: of the features, where the only input has the shape [n, d] or [n, steps, d].

    Raises:
        ConfigurationError: another number of names than of features.
    """
    single = len(attributions.values) == 1
    tables = []
    for name, tensor in zip(attributions.names, attributions.values, strict=True):
        labels, table = _table(tensor)
        if single and names and tensor.ndim <= 3:
            labels = _given(names, table.shape[1])
        elif name:
            labels = [f"{name}, {label}" if label else name for label in labels]
        tables.append((labels, table))
    return Magnitudes(
        tuple(label for labels, _ in tables for label in labels),
        np.concatenate([table for _, table in tables], axis=1),
    )


def _given(names: Sequence[str], found: int) -> list[str]:
    if len(names) != found:
        raise ConfigurationError(
            f"feature_names has {len(names)} names; the model takes {found} features.",
            mend="Name each input of the model, after preprocess, in its order.",
        )
    return list(names)


def _table(tensor: Tensor) -> tuple[list[str], np.ndarray]:
    values = tensor.double().abs().numpy()
    if values.ndim == 1:
        return [""], values[:, None]
    if values.ndim <= 3:
        table = values.reshape(values.shape[0], -1, values.shape[-1]).sum(axis=1)
        return [f"input {index}" for index in range(table.shape[1])], table
    pixels = values.reshape(values.shape[0], -1, *values.shape[-2:]).sum(axis=1)
    return _grid(pixels)


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
