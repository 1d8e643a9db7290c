"""Numbers of a picture, as short as an eye can tell them apart, so that records stay small."""

from __future__ import annotations

from typing import Any

import numpy as np

DIGITS = 3


def rounded(values: np.ndarray | float) -> Any:
    """An array as nested lists of three significant digits, what is not finite as None.

    >>> rounded(np.array([[0.123456, np.nan], [12345.0, -0.0]]))
    [[0.123, None], [12300.0, 0.0]]
    >>> rounded(1 / 3)
    0.333
    """
    return _rounded(np.asarray(values, dtype=np.float64).tolist())


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    if not np.isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}") + 0.0  # no −0.0
