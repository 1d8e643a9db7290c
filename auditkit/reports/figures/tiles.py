"""Arrays as drawings: cells made fewer, coloured, and joined into one shape for each colour.

A page can hold no bitmap, since nothing but drawn shapes passes into it. Runs of equal colour
become one rectangle, and all rectangles of a colour one path, which keeps a picture of a thousand
cells to some ten kilobytes.
"""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from auditkit.reports.figures import style
from auditkit.reports.figures.heat import Heat, cells, hexed
from auditkit.reports.figures.sheet import LINE, Sheet, Type, tiled

Array = NDArray[np.float64]
PALE = 160.0
"""What becomes of black under a map."""
_OVERLAP = 0.4  # pixels by which a tile reaches under its neighbours: else hairlines show


def pooled(values: Array, most: int | tuple[int, int]) -> Array:
    """At most so many cells a side, or so many rows and columns, each the mean of what it is for.

    Example:
        >>> pooled(np.array([[0.0, 2.0, 4.0, 6.0]]), 2)
        array([[1., 5.]])
    """
    for axis, limit in enumerate((most, most) if isinstance(most, int) else most):
        length = values.shape[axis]
        if length > limit:
            starts = np.linspace(0, length, limit, endpoint=False).astype(int)
            known = np.isfinite(values)
            sums = np.add.reduceat(np.where(known, values, 0.0), starts, axis=axis)
            counts = np.add.reduceat(known.astype(float), starts, axis=axis)
            values = np.where(counts > 0, sums / np.maximum(counts, 1.0), np.nan)
    return values


def stretched(values: Array, shape: tuple[int, int]) -> Array:
    """The same map on a grid of another shape, each cell the nearest one."""
    rows, columns = (
        np.minimum(np.arange(new) * old // new, old - 1)
        for new, old in zip(shape, values.shape, strict=False)
    )
    return np.asarray(values[rows][:, columns])


def photograph(image: Any, most: int) -> Array:
    """A thumbnail as red, green and blue from 0 to 255: one number a pixel is grey, three a colour.

    Raises:
        TypeError: it is no list of rows.
        ValueError: it is empty, ragged, or has neither one number a pixel nor three.
    """
    if not isinstance(image, list | tuple) or not image or not image[0]:
        raise ValueError("expected a thumbnail of at least one pixel")
    if isinstance(image[0][0], list | tuple):
        values = np.stack([cells(row) for row in image])
    else:
        values = np.repeat(cells(image)[:, :, None], 3, axis=2)
    if values.shape[2] != 3:
        raise ValueError(f"expected three colours a pixel, but found {values.shape[2]}")
    return np.asarray(np.nan_to_num(np.clip(pooled(values, most), 0.0, 1.0)) * 255.0)


def overlaid(image: Array, colours: Array, strength: Array) -> Array:
    """Heat over a pale grey copy of a thumbnail, the more opaque the stronger.

    Args:
        image: (rows, columns, 3), from 0 to 255.
        colours: of the heat, alike.
        strength: (rows, columns), from 0 to 1.
    """
    grey = image.mean(axis=2, keepdims=True)
    pale = PALE + grey * (255.0 - PALE) / 255.0
    opacity = np.sqrt(np.nan_to_num(strength))[:, :, None]
    return np.asarray(pale * (1.0 - opacity) + colours * opacity)


def lay(sheet: Sheet, place: tuple[float, float, float, float], colours: Array) -> None:
    """The coloured cells on a sheet, filling left, top, width and height."""
    left, top, width, height = place
    for colour, outline in outlines(colours, width, height).items():
        sheet.tile(left, top, colour, outline)


def panel(colours: Array, width: float, height: float) -> alt.Chart:
    """The coloured cells as a layer that fills a panel with axes of its own."""
    shapes = outlines(colours, width, height).items()
    rows = [{"colour": colour, "outline": outline} for colour, outline in shapes]
    return tiled(rows).encode(x=alt.value(0), y=alt.value(0))


def legend(sheet: Sheet, place: tuple[float, float], width: float, heat: Heat) -> float:
    """The colours of a scale, and under them what their ends mean; returns where it ends."""
    x, y = place
    lay(sheet, (x, y, width, 7), heat.colours(heat.steps())[None])
    lines = [heat.ends(), *([("against", "towards")] if heat.signed else [])]
    for number, ends in enumerate(lines):
        for text, left, align in zip(ends, (x, x + width), ("left", "right"), strict=True):
            middle = y + 8 + LINE * (number + 0.5)
            sheet.write(left, middle, text, Type(10.5, style.QUIET, align))
    return y + 8 + LINE * len(lines)


def outlines(colours: Array, width: float, height: float) -> dict[str, str]:
    """For each colour an SVG path around all cells that have it, in pixels."""
    rows, columns = colours.shape[:2]
    down, across = height / rows, width / columns
    paths: dict[str, list[str]] = {}
    for row in range(rows):
        names = [hexed(colour) for colour in colours[row]]
        top, bottom = row * down, min((row + 1) * down + _OVERLAP, height)
        start = 0
        for column in range(1, columns + 1):
            if column < columns and names[column] == names[start]:
                continue
            left, right = start * across, min(column * across + _OVERLAP, width)
            piece = f"M{left:.5g},{top:.5g}h{right - left:.5g}v{bottom - top:.5g}H{left:.5g}Z"
            paths.setdefault(names[start], []).append(piece)
            start = column
    return {name: "".join(pieces) for name, pieces in paths.items()}
