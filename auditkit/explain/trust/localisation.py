"""How much of a map lies in a part of the input that somebody has named.

Where a shortcut is known or suspected, such as a stamp in the corner, its share of the map against
its share of the input says whether the model looks there (mass accuracy: Arras, Osman and Samek,
Information Fusion 81, 2022; pointing game: Zhang et al., IJCV 126, 2018). A map that does not find
it proves nothing: a shortcut that is everywhere, such as brightness, shows in no map.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from auditkit.explain.regions import Regions, grid, regions
from auditkit.explain.target import Target
from auditkit.explain.trust.explained import Explained, Floats, explainable

GRID = 64


@dataclass(frozen=True, eq=False)
class Area:
    """A part of the input.

    Attributes:
        name: for people.
        masks: for each input of the target, bool [1, …], broadcastable to it.
    """

    name: str
    masks: tuple[Tensor, ...]


@dataclass(frozen=True, eq=False)
class Localisation:
    """What of a map lies in an area.

    Attributes:
        area: its name.
        mass: [n] share of the map's strength that lies there; NaN where the map is zero, not
            finite or not to be shown.
        share: [n] of the input that the area takes.
        ratio: [n] mass / share: 1 where the map does not care; NaN where the area is empty.
        pointed: [n] 1 where the strongest number lies in the area, 0 where it does not; of equally
            strong ones, the share that does. NaN as of mass.
    """

    area: str
    mass: Floats
    share: Floats
    ratio: Floats
    pointed: Floats


@dataclass(frozen=True, eq=False)
class GridMass:
    """Where the maps of each class lie, on a grid of 8 by 8.

    Attributes:
        rows, columns: of the grid.
        shares: class → [rows · columns] the mean over its units of the share of each cell, row by
            row.
        units: class → how many units are behind it.
    """

    rows: int
    columns: int
    shares: dict[int, Floats]
    units: dict[int, int]


def window(
    target: Target, name: str, rows: tuple[int, int], columns: tuple[int, int], *, margin: int = 0
) -> Area:
    """Rows and columns of images, [first, after the last) each.

    Args:
        target: of one input [n, channels, height, width].
        name: of the area, for people.
        rows, columns: as in a slice.
        margin: by which the area is widened on each side.

    Raises:
        ValueError: the target has no images, or the area none of their pixels.
    """
    shape = target.inputs[0].shape
    if len(target.inputs) != 1 or len(shape) != 4:
        raise ValueError(f"expected one input of images, got {_shapes(target)}")
    mask = torch.zeros(1, 1, *shape[2:], dtype=torch.bool)
    (top, bottom), (left, right) = rows, columns
    mask[..., max(0, top - margin) : bottom + margin, max(0, left - margin) : right + margin] = True
    return _some(name, (mask,))


def columns(target: Target, name: str, which: Sequence[int]) -> Area:
    """Columns of a table [n, d] or of series [n, steps, d].

    Raises:
        ValueError: the target has no such input, or no such column.
    """
    shape = target.inputs[0].shape
    if len(target.inputs) != 1 or len(shape) not in (2, 3) or target.tokens is not None:
        raise ValueError(f"expected one table or series, got {_shapes(target)}")
    return _some(name, (_chosen(which, shape[-1]).reshape(1, *[1] * (len(shape) - 2), -1),))


def positions(target: Target, name: str, which: Sequence[int]) -> Area:
    """Positions of tokens, or steps of series [n, steps, d].

    Raises:
        ValueError: the target has no such input, or no such position.
    """
    shape = target.inputs[0].shape
    if len(target.inputs) != 1 or len(shape) != 3:
        raise ValueError(f"expected tokens or a series, got {_shapes(target)}")
    return _some(name, (_chosen(which, shape[1]).reshape(1, -1, 1),))


def localisation(target: Target, given: Explained, area: Area) -> Localisation:
    """How much of a map lies in an area.

    Args:
        target: what is explained.
        given: the method's maps of the same units.
        area: of `window`, `columns` or `positions`.
    """
    finest = regions(target, _FINEST)
    inside = finest.sums(
        tuple(
            mask.expand(1, *one.shape[1:]).double()
            for mask, one in zip(area.masks, target.inputs, strict=True)
        )
    )
    where = inside.numpy()[0] > 0
    there, strong = explainable(target, finest), given.on(target, finest)
    total = np.where(np.isnan(strong), 0.0, strong)
    whole = total.sum(axis=1)
    told = ~np.isnan(strong).all(axis=1) & (whole > 0)
    best = there & (total == total.max(axis=1, keepdims=True))
    mass = _divided((total * where).sum(axis=1), np.where(told, whole, 0.0))
    share = (there & where).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    return Localisation(
        area=area.name,
        mass=mass,
        share=share,
        ratio=_divided(mass, share),
        pointed=_divided((best & where).sum(axis=1), np.where(told, best.sum(axis=1), 0)),
    )


def grid_mass(target: Target, given: Explained) -> GridMass:
    """The mean map of each explained class, on a grid.

    Args:
        target: of one input [n, channels, height, width].
        given: the method's maps of the same units.

    Raises:
        ValueError: the target has no images.
    """
    shape = target.inputs[0].shape
    if len(target.inputs) != 1 or len(shape) != 4:
        raise ValueError(f"expected one input of images, got {_shapes(target)}")
    cells = grid(shape[2], shape[3], GRID)
    strong = given.on(target, Regions((cells[None, None],), int(cells.max()) + 1))
    whole = strong.sum(axis=1)
    told = whole > 0
    shares = strong / np.where(told, whole, 1.0)[:, None]
    index = target.index.cpu().numpy()
    classes = [int(one) for one in np.unique(index[told])]
    width = int(cells[0].max()) + 1
    return GridMass(
        rows=strong.shape[1] // width,
        columns=width,
        shares={one: shares[told & (index == one)].mean(axis=0) for one in classes},
        units={one: int((told & (index == one)).sum()) for one in classes},
    )


_FINEST = 1 << 30


def _divided(part: Floats, whole: Floats) -> Floats:
    """NaN where there is nothing to divide by."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), np.nan)


def _chosen(which: Sequence[int], length: int) -> Tensor:
    """bool [length]: the chosen places.

    Raises:
        ValueError: there is no such place.
    """
    if unknown := [one for one in which if not 0 <= one < length]:
        raise ValueError(f"expected places from 0 to {length - 1}, got {unknown[0]}")
    mask = torch.zeros(length, dtype=torch.bool)
    mask[list(which)] = True
    return mask


def _some(name: str, masks: tuple[Tensor, ...]) -> Area:
    if not any(bool(mask.any()) for mask in masks):
        raise ValueError(f"the area {name!r} is empty")
    return Area(name, masks)


def _shapes(target: Target) -> list[list[int]]:
    return [list(one.shape) for one in target.inputs]
