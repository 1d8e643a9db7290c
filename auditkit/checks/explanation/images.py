"""Where on its images a model looks: mean maps on a grid, and overlays of single images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from auditkit.checks.explanation.explained_classes import parts_of
from auditkit.checks.explanation.pictures import TOWARDS, Pictured
from auditkit.checks.explanation.trust import trust_of
from auditkit.checks.rounding import rounded
from auditkit.measurement import Figure
from auditkit.statistics.elementwise import cell_means

MOST_CELLS = 16
"""Cells of a mean map on a side, at most."""

THUMBNAIL = 32
"""Pixels of the picture of a single image on a side, at most."""

_GREY, _RGB = 1, 3


def drawn(pictured: Pictured) -> Iterator[Figure]:
    """The mean map of each predicted class, and single images where they are asked for."""
    if (means := _means(pictured)) is not None:
        yield means
    if pictured.singles:
        yield _overlays(pictured)


def _means(pictured: Pictured) -> Figure | None:
    parts, left_out = parts_of(pictured.found, pictured.head, pictured.shown)
    if not parts:
        return None
    sizes = pooled(_by_pixel(np.abs(pictured.maps.double().numpy())), MOST_CELLS)
    flat = sizes.reshape(len(sizes), -1)
    trust = trust_of(pictured.found, pictured.found.chosen)
    items = []
    for part in parts:
        found = cell_means(flat[part.rows], pictured.clusters(part.rows))
        grids = [ends.reshape(sizes.shape[1:]) for ends in (found.value, found.low, found.high)]
        known = bool(np.isfinite(found.low).any())
        items.append(
            {
                "title": part.title,
                "n": len(part.rows),
                "trust": trust,
                "signed": False,
                "heat": rounded(grids[0]),
                "image": None,
                "low": rounded(grids[1]) if known else None,
                "high": rounded(grids[2]) if known else None,
            }
        )
    return Figure(
        kind="heat_maps",
        title=f"Where the model looks{pictured.of}, by what it decides",
        caption=(
            f"Mean absolute attribution ({pictured.method}) of a pixel in each cell of a grid. A "
            "hot corner or edge that has nothing to do with the question deserves a look: a map "
            "can show a mark in one place, but nothing that lies over the whole image. "
            f"{left_out}"
        ).strip(),
        check="explanation",
        data={
            "n": int(pictured.shown.sum()),
            "value_label": "mean |attribution| of a pixel",
            "items": items,
        },
    )


def _overlays(pictured: Pictured) -> Figure:
    signed = pooled(_by_pixel(pictured.signed.numpy()), THUMBNAIL)
    images = _thumbnails(pictured)
    items = []
    for unit in pictured.singles:
        shown = bool(pictured.shown[unit])
        items.append(
            {
                "title": pictured.title(unit),
                "n": 1,
                "trust": trust_of(pictured.found, pictured.found.chosen, unit),
                "signed": True,
                "heat": rounded(signed[unit]) if shown else None,
                "image": None if images is None else rounded(images[unit]),
                "low": None,
                "high": None,
            }
        )
    return Figure(
        kind="heat_maps",
        title=f"Single images{pictured.of}",
        caption=(
            f"Attribution ({pictured.method}) of each pixel {TOWARDS}, over a thumbnail of the "
            f"image. {pictured.drawn_at_random}"
        ),
        check="explanation",
        data={"n": len(items), "value_label": "attribution of a pixel", "items": items},
    )


def _by_pixel(values: np.ndarray) -> np.ndarray:
    """[n, height, width]: all channels, and whatever else lies before the last two axes, added."""
    return np.asarray(values.reshape(len(values), -1, *values.shape[-2:]).sum(axis=1))


def pooled(pixels: np.ndarray, most: int) -> np.ndarray:
    """Means over square cells, so large that there are at most so many on a side.

    Args:
        pixels: [n, height, width, …].
        most: cells on a side.

    >>> pooled(np.arange(16.0).reshape(1, 4, 4), 2).tolist()
    [[[2.5, 4.5], [10.5, 12.5]]]
    """
    cell = -(-max(pixels.shape[1:3]) // most)
    if cell == 1:
        return pixels
    rows, columns = (np.arange(0, length, cell) for length in pixels.shape[1:3])
    summed = np.add.reduceat(np.add.reduceat(pixels, rows, axis=1), columns, axis=2)
    high, wide = (
        np.diff(np.append(starts, length))
        for starts, length in zip((rows, columns), pixels.shape[1:3], strict=True)
    )
    area = (high[:, None] * wide).reshape(1, len(rows), len(columns), *[1] * (pixels.ndim - 3))
    return np.asarray(summed / area)


def _thumbnails(pictured: Pictured) -> np.ndarray | None:
    """The single images from 0 to 1, [k, height, width] or, in colour, [k, height, width, 3]."""
    inputs = pictured.inputs()
    if inputs is None:
        return None
    images = inputs[: len(pictured.singles)].double().numpy()
    channels = images.reshape(len(images), -1, *images.shape[-2:])
    if channels.shape[1] == _RGB:
        small = pooled(np.moveaxis(channels, 1, -1), THUMBNAIL)
    else:
        small = pooled(channels.mean(axis=1), THUMBNAIL)
    return _from_0_to_1(small)


def _from_0_to_1(images: np.ndarray) -> np.ndarray:
    """Numbers as they are where they lie in that range, else stretched over it, all alike."""
    low, high = (float(end) for end in (np.nanmin(images), np.nanmax(images)))
    if low >= 0 and high <= 1:
        return images
    return np.asarray((images - low) / (high - low) if high > low else np.zeros_like(images))
