"""Many tests at once: adjusted p-values, each to be compared with the level as if alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def holm(p_values: ArrayLike) -> Floats:
    """Adjusted p-values that bound the chance of any false rejection, under any dependence.

    Args:
        p_values: `[tests]`, each in [0, 1].

    Returns:
        `[tests]`, in the order given; empty for none.

    Raises:
        ValueError: a value outside [0, 1] or NaN: a test without a p-value must be left out by
            whoever knows why.

    Source: Holm, Scandinavian Journal of Statistics 6 (1979) 65–70.

    Example:
        >>> holm([0.01, 0.04, 0.03]).tolist()
        [0.03, 0.06, 0.06]
    """
    p, order = _sorted(p_values)
    stepped = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    return _restored(stepped, order)


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Adjusted p-values that bound the expected share of false ones among the rejections.

    Valid for independent or positively dependent tests. Arguments as of `holm`.

    Source: Benjamini and Hochberg, Journal of the Royal Statistical Society B 57 (1995) 289–300.

    Example:
        >>> benjamini_hochberg([0.01, 0.04, 0.03]).tolist()
        [0.03, 0.04, 0.04]
    """
    p, order = _sorted(p_values)
    scaled = p[order] * p.size / np.arange(1, p.size + 1)
    stepped = np.minimum.accumulate(scaled[::-1])[::-1]
    return _restored(stepped, order)


def _sorted(p_values: ArrayLike) -> tuple[Floats, NDArray[np.intp]]:
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1:
        raise ValueError(f"p-values must be one row of numbers, found shape {p.shape}")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p-values must lie in [0, 1], found {p[~((p >= 0) & (p <= 1))][0]}")
    return p, np.argsort(p, kind="stable")


def _restored(stepped: Floats, order: NDArray[np.intp]) -> Floats:
    result = np.empty_like(stepped)
    result[order] = np.minimum(stepped, 1.0)
    return result
