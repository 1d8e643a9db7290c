"""Nuisances in a region of an image: a patch, and a border."""

from __future__ import annotations

import torch
from torch import Tensor

from auditkit.errors import ConfigurationError
from auditkit.variants.nuisances.nuisance import Nuisance
from auditkit.variants.nuisances.scale import Case


def region_of(nuisance: Nuisance, height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns of a patch in images of this size.

    Raises:
        ConfigurationError: it lies outside the image, or covers it.

    >>> mark = Nuisance.of({"kind": "patch", "rows": [0, 4], "columns": [0.5, 1.0], "value": 1})
    >>> region_of(mark, 8, 8)
    (slice(0, 4, None), slice(4, 8, None))
    """
    rows, columns = (
        _pixels(nuisance[name], side) for name, side in (("rows", height), ("columns", width))
    )
    outside = rows.stop > height or columns.stop > width
    if outside or (rows == slice(0, height) and columns == slice(0, width)):
        raise ConfigurationError(
            f"The nuisance {nuisance} has rows {rows.start} to {rows.stop} and columns "
            f"{columns.start} to {columns.stop}, and the images have {height} × {width} pixels.",
            mend="Give a region inside the images, smaller than they are.",
        )
    return rows, columns


def _pixels(span: tuple[float, float], side: int) -> slice:
    if all(isinstance(end, int) for end in span):
        return slice(int(span[0]), int(span[1]))
    first = min(round(span[0] * side), side - 1)
    return slice(first, max(first + 1, round(span[1] * side)))


def patched(case: Case) -> Tensor:
    """The region has the value."""
    rows, columns = region_of(case.nuisance, *case.inputs.shape[-2:])
    changed = case.inputs.clone()
    changed[..., rows, columns] = case.value("value")
    return changed


def unpatched(case: Case) -> Tensor:
    """The region of each channel has the mean of the pixels around it, a ring of one."""
    rows, columns = region_of(case.nuisance, *case.inputs.shape[-2:])
    height, width = case.inputs.shape[-2:]
    ring = torch.zeros(height, width, dtype=case.inputs.dtype, device=case.inputs.device)
    ring[max(0, rows.start - 1) : rows.stop + 1, max(0, columns.start - 1) : columns.stop + 1] = 1
    ring[rows, columns] = 0
    around = (case.inputs * ring).sum(dim=(-2, -1), keepdim=True) / ring.sum()
    changed = case.inputs.clone()
    changed[..., rows, columns] = around
    return changed


def _margin(images: Tensor, nuisance: Nuisance) -> int:
    """How wide a border is, in pixels.

    Raises:
        ConfigurationError: it covers the image.
    """
    side, width = min(images.shape[-2:]), nuisance["width"]
    pixels = width if isinstance(width, int) else max(1, round(width * side))
    if 2 * pixels >= side:
        raise ConfigurationError(
            f"The nuisance {nuisance} is {pixels} pixels wide, and the shorter side of the images "
            f"has {side}.",
            mend="Give a border that leaves something of the images.",
        )
    return int(pixels)


def bordered(case: Case) -> Tensor:
    """The outermost pixels have the value."""
    width = _margin(case.inputs, case.nuisance)
    inner = torch.zeros_like(case.inputs[:1, :1], dtype=torch.bool)
    inner[..., width:-width, width:-width] = True
    return torch.where(inner, case.inputs, case.value("value"))


def unbordered(case: Case) -> Tensor:
    """The outermost pixels repeat what lies next to them."""
    width, changed = _margin(case.inputs, case.nuisance), case.inputs
    for axis in (-2, -1):
        side = changed.shape[axis]
        places = torch.arange(side, device=changed.device).clamp(width, side - 1 - width)
        changed = changed.index_select(axis, places)
    return changed
