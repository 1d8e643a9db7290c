"""How closely two attributes go together: Cramér's V without its bias, with an interval.

The plain V of independent attributes is not 0: chance alone lifts it, the more levels there are and
the fewer units. Both its square and its margin of error are corrected for that here; where the
interval of the square goes below 0, that of V begins at 0.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import estimate
from auditkit.statistics.jackknife import delete_one_block

Floats = NDArray[np.float64]


def cramers_v(counts: ArrayLike) -> Estimate:
    """Bias-corrected Cramér's V of two attributes, from 0 (independent) to 1 (one tells the other).

    Args:
        counts: units by level of the one and of the other, shape (r, k); levels without units are
            left out.

    Returns:
        `cramers_v`; its margin of error is that of φ² to first order (every unit's influence on
        it), which is too wide, never too narrow, where there is no association.

    Raises:
        ValueError: fewer than two levels of either hold units, or there are hardly more units than
            levels.

    Source: Bergsma, Journal of the Korean Statistical Society 42 (2013) 323–328; the variance of φ²
    by the delta method, Bishop, Fienberg and Holland, Discrete Multivariate Analysis (1975) 11.3.

    Example:
        >>> found = cramers_v([[40, 10], [10, 40]])
        >>> round(found.parameters["squared"] ** 0.5, 3)
        0.595
    """
    table = _table(counts)
    return _estimate(table, _standard_error(table), float(table.sum()) - 1, 1.0)


def _standard_error(table: Floats) -> float:
    """Of V², of independent units."""
    _, scale, _ = _corrected(table)
    n = float(table.sum())
    shares = table / n
    rows, columns = shares.sum(axis=1, keepdims=True), shares.sum(axis=0, keepdims=True)
    by_row = (shares**2 / columns).sum(axis=1, keepdims=True) / rows**2
    by_column = (shares**2 / rows).sum(axis=0, keepdims=True) / columns**2
    influence = 2 * shares / (rows * columns) - by_row - by_column
    variance = float((shares * influence**2).sum()) / (n - 1)
    # Chance lends to φ² what counts double here: without an association this is twice its variance.
    return math.sqrt(variance) / scale


def _estimate(table: Floats, se: float, df: float, effect: float) -> Estimate:
    """The estimate of a table whose V² has this standard error.

    Args:
        effect: how many times the variance is that of independent units.
    """
    squared, scale, bias = _corrected(table)
    return estimate(
        "cramers_v",
        squared=squared,
        se=se,
        df=df,
        slope=effect / (table.sum() * scale),
        # The correction is that of independent attributes; of those that tell all of each other
        # φ² has no bias, and it takes off too much.
        slack=max(squared, 0.0) * bias / scale,
    )


def clustered_cramers_v(blocks: ArrayLike) -> Estimate:
    """The same of units that come in clusters (delete-one-block jackknife).

    Args:
        blocks: units by block of whole clusters and by level of each attribute, shape
            (blocks, r, k).

    Raises:
        ValueError: as of `cramers_v`, also without one of the blocks; fewer than two blocks.
    """
    states = np.asarray(blocks, dtype=np.float64)
    whole = states.sum(axis=0)
    table = _table(whole)
    # Levels of one block alone must not change what V is of when that block is left out.
    kept = states[:, whole.sum(axis=1) > 0][:, :, whole.sum(axis=0) > 0]
    found = delete_one_block(kept, lambda total: _corrected(total)[0])
    alone = _standard_error(table)
    se = max(found.parameters["se"], alone)
    return _estimate(table, se, found.parameters["df"], (se / alone) ** 2)


def _table(counts: ArrayLike) -> Floats:
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all() or (table < 0).any():
        raise ValueError(f"expected a table of counts, found shape {table.shape}")
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        raise ValueError("an association needs two levels with units on either side")
    return np.asarray(table)


def _corrected(table: Floats) -> tuple[float, float, float]:
    """V² without bias, maybe below 0; what φ² was divided by for it; and the bias of φ²."""
    n = float(table.sum())
    rows, columns = table.sum(axis=1, keepdims=True), table.sum(axis=0, keepdims=True)
    expected = rows * columns / n
    present = expected > 0
    part = np.where(present, table**2 / np.where(present, expected, 1.0), 0.0)
    phi_squared = float(part.sum()) / n - 1
    r, k = int((rows > 0).sum()), int((columns > 0).sum())
    levels = [number - (number - 1) ** 2 / (n - 1) for number in (r, k)]
    scale = min(levels) - 1
    if scale <= 0:
        raise ValueError(f"{n:.0f} units are too few to compare {r} and {k} levels")
    bias = (r - 1) * (k - 1) / (n - 1)
    return (phi_squared - bias) / scale, scale, bias
