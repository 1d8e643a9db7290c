"""The colours of heat: how much a part of the input moved the output, and which way.

For signed heat two colours that differ in hue and in lightness, blue against and orange towards,
with white at nothing; for magnitudes one, from white to dark brown. Both are told apart with every
common kind of colour vision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale

_SIGNED = ((10, 66, 104), (120, 172, 204), (255, 255, 255), (243, 178, 98), (168, 78, 6))
_SIZES = ((255, 255, 255), (250, 222, 180), (240, 172, 90), (192, 98, 20), (98, 40, 0))
_ABSENT = (201, 206, 212)
STEPS = 20
_TAILED = 400
"""From so many cells on, the colour is full at the 98th percentile: a few pixels of a map are often
many times as hot as all others, and would leave the rest white."""


@dataclass(frozen=True)
class Heat:
    """The scale of one picture.

    Attributes:
        most: the size at which the colour is full; 0 where nothing has any heat.
        signed: with two directions.
        capped: true where some of the picture is hotter than `most`.
    """

    most: float
    signed: bool
    capped: bool = False

    @classmethod
    def of(cls, values: NDArray[np.float64], signed: bool) -> Heat:
        """The scale that shows these values; negative ones make it signed whatever was said."""
        known = np.abs(values[np.isfinite(values)])
        most = float(known.max(initial=0.0))
        tail = float(np.quantile(known, 0.98)) if known.size > _TAILED else most
        capped = 0 < tail < most
        negative = bool((values[np.isfinite(values)] < 0).any())
        return cls(tail if capped else most, signed or negative, capped)

    def shares(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where the values lie on the scale, from -1 or 0 to 1, in steps of a twentieth.

        An eye tells no finer steps apart on a map, and cells of one colour can be drawn together.
        NaN stays.
        """
        shares = np.clip(values / self.most if self.most else values * 0.0, -1.0, 1.0)
        return np.round(shares * STEPS) / STEPS

    def colours(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Red, green and blue of each value, from 0 to 255; grey where there is none."""
        stops = np.array(_SIGNED if self.signed else _SIZES, dtype=float)
        at = np.linspace(-1.0 if self.signed else 0.0, 1.0, len(stops))
        shares = self.shares(values)
        colours = np.stack([np.interp(shares, at, stops[:, i]) for i in range(3)], axis=-1)
        colours[~np.isfinite(shares)] = _ABSENT
        return colours

    def hexes(self, values: Sequence[float | None]) -> list[str]:
        """The colours of a row of values, as Vega writes them."""
        return [hexed(colour) for colour in self.colours(numbers(values))]

    def ends(self) -> tuple[str, str]:
        """The numbers at the two ends of the scale."""
        size = Scale({}).value(float(f"{self.most:.2g}"))
        low = f"−{size}" if self.signed and self.most else "0"
        return low, f"{size} or more" if self.capped else size

    def steps(self) -> NDArray[np.float64]:
        """The values of a legend, from the lowest to the highest."""
        return np.linspace(-self.most if self.signed else 0.0, self.most, STEPS + 1)


def numbers(values: Any) -> NDArray[np.float64]:
    """A list of numbers as an array, NaN where one is absent.

    Raises:
        TypeError: this is no list.
        ValueError: the list is empty.
    """
    if not isinstance(values, list | tuple):
        raise TypeError("expected a list of numbers")
    known = [style.finite(value) for value in values]
    if not known:
        raise ValueError("expected at least one number")
    return np.array([np.nan if value is None else value for value in known], dtype=float)


def cells(values: Any) -> NDArray[np.float64]:
    """Rows of numbers as an array of two dimensions, NaN where one is absent.

    Raises:
        TypeError: these are no rows.
        ValueError: there are none, or they differ in length.
    """
    if not isinstance(values, list | tuple):
        raise TypeError("expected rows of numbers")
    return np.stack([numbers(row) for row in values])


def hexed(colour: NDArray[np.float64]) -> str:
    """Red, green and blue as Vega writes them, in steps of eight.

    >>> hexed(np.array([255.0, 128.0, 3.0]))
    '#ff8000'
    """
    parts = (min(round(float(part) / 8) * 8, 255) for part in colour)
    return "#" + "".join(f"{part:02x}" for part in parts)
