"""Numbers of a picture, as short as an eye can tell them apart, so that records stay small."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

DIGITS = 3


def rounded(data: Any) -> Any:
    """JSON-able data, and arrays in it as lists, with numbers of three significant digits.

    What is not finite becomes None; whole numbers, words and the like stay as they are.

    >>> rounded(np.array([[0.123456, np.nan], [12345.0, -0.0]]))
    [[0.123, None], [12300.0, 0.0]]
    >>> rounded({"name": "map", "n": 1234, "share": 1 / 3})
    {'name': 'map', 'n': 1234, 'share': 0.333}
    """
    if isinstance(data, np.ndarray | np.generic):
        return rounded(data.tolist())
    if isinstance(data, Mapping):
        return {name: rounded(part) for name, part in data.items()}
    if isinstance(data, list | tuple):
        return [rounded(part) for part in data]
    if not isinstance(data, float):
        return data
    return float(f"{data:.{DIGITS}g}") + 0.0 if math.isfinite(data) else None  # no −0.0
