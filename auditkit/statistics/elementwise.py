"""Means of many numbers of the same units at once, each with its interval: the cells of a map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auditkit.statistics.absence import MIN_CLUSTERS
from auditkit.statistics.critical import critical_value, student_value

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CellMeans:
    """The mean of each cell.

    Attributes:
        value: of shape (cells,).
        low, high: ends of the interval, likewise; NaN where nothing shows how far other units would
            differ: the units agree, are a single one, or lie in too few clusters.
    """

    value: Floats
    low: Floats
    high: Floats


def cell_means(
    values: Floats, clusters: NDArray[np.generic] | None = None, *, level: float = 0.90
) -> CellMeans:
    """The mean over units of each cell, with Student's interval of the delete-one jackknife.

    Without clusters that is the usual interval of a mean, σ/√n. No correction is made for the
    number of cells: of a hundred intervals at 90 %, about ten miss.

    Args:
        values: float of shape (units, cells), finite.
        clusters: of each unit, shape (units,); None where units are independent.
        level: of the intervals.

    Raises:
        ValueError: no unit, or a number that is not finite.

    Source: as of `auditkit.statistics.jackknife.delete_one_block`, with each cluster as a block.

    Example:
        >>> found = cell_means(np.array([[1.0, 2.0], [3.0, 2.0]]))
        >>> found.value.tolist(), np.isnan(found.high).tolist()
        ([2.0, 2.0], [False, True])
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or not len(table):
        raise ValueError(f"expected values of shape (units, cells), found {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError("the mean of numbers that are not finite is not defined")
    mean = table.mean(axis=0)
    sizes, sums = _by_cluster(table, clusters)
    blocks = len(sizes)
    unknown = np.full_like(mean, np.nan)
    if blocks < (2 if clusters is None else MIN_CLUSTERS):
        return CellMeans(mean, unknown, unknown)
    without = (sums.sum(axis=0) - sums) / (len(table) - sizes)[:, None]
    spread = ((without - without.mean(axis=0)) ** 2).sum(axis=0)
    reach = student_value(critical_value((1 - level) / 2), blocks - 1) * np.sqrt(
        (blocks - 1) / blocks * spread
    )
    # Means that differ by rounding alone are no variation, and none seen is no certainty.
    noise = blocks * (1e-13 * np.abs(table).max(axis=0)) ** 2
    reach = np.where(spread > noise, reach, np.nan)
    return CellMeans(mean, mean - reach, mean + reach)


def _by_cluster(table: Floats, clusters: NDArray[np.generic] | None) -> tuple[Floats, Floats]:
    """Number of units and sums of their values by cluster, (clusters,) and (clusters, cells)."""
    if clusters is None:
        return np.ones(len(table)), table
    _, places = np.unique(clusters, return_inverse=True)
    sizes = np.bincount(places).astype(np.float64)
    sums = np.zeros((len(sizes), table.shape[1]))
    np.add.at(sums, places, table)
    return sizes, sums
