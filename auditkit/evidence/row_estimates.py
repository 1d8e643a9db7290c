"""Shares and means over rows that were kept one by one, with clusters as units where declared."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from auditkit.evidence.basis import Sample
from auditkit.evidence.hashing import BLOCKS
from auditkit.measurement import Estimate
from auditkit.statistics import estimates
from auditkit.statistics.absence import too_few
from auditkit.statistics.bounded_means import bounded_mean
from auditkit.statistics.clustered_means import clustered_mean
from auditkit.statistics.rates import Rate, rate_estimate
from auditkit.statistics.weighting import kish_size_of


class KeptRows(Protocol):
    """Rows of outputs, with outcomes or without."""

    def __len__(self) -> int: ...

    @property
    def clusters(self) -> np.ndarray | None:
        """The cluster of each row; None where rows are independent."""
        ...

    @property
    def blocks(self) -> np.ndarray | None:
        """The block of clusters that each row lies in; None where rows are independent."""
        ...

    @property
    def sample(self) -> Sample:
        """What a number about all of the rows rests on."""
        ...


def rate_of(flags: np.ndarray, rows: KeptRows) -> Rate:
    """The share of rows that something is true of, as a rate that can be compared with others.

    Args:
        flags: of which it is, bool of shape (n,).
        rows: all of them; where they come in clusters, these are the independent units.

    Raises:
        NoEstimateError: there are no rows.
    """
    if not len(rows):
        raise too_few("There is no unit to measure on.")
    blocks, size = _blocks(rows)
    successes, trials = (np.bincount(blocks, each, minlength=size) for each in (flags, None))
    return Rate(successes, trials, rows.blocks is not None, rows.sample.clusters)


def share_of(flags: np.ndarray, rows: KeptRows) -> Estimate:
    """The share of rows that something is true of; see `rate_of`.

    Raises:
        NoEstimateError: no rows, or a few clusters hold most of them.
        ValueError: clusters are declared, and fewer than two blocks hold rows.
    """
    return rate_estimate(rate_of(flags, rows))


def mean_of(values: np.ndarray, rows: KeptRows) -> Estimate:
    """The mean of one number of each row (Student; with clusters the jackknife).

    Raises:
        NoEstimateError: fewer than two rows, or a few clusters hold most of them.
        ValueError: clusters are declared, and fewer than two blocks hold rows.
    """
    if len(rows) < 2:
        raise too_few("A mean with an interval needs at least two units.")
    numbers = np.asarray(values, dtype=np.float64)
    if rows.blocks is None:
        return estimates.mean(float(numbers.sum()), float((numbers**2).sum()), len(numbers))
    blocks, size = _blocks(rows)
    trials, totals = (np.bincount(blocks, each, minlength=size) for each in (None, numbers))
    return clustered_mean(trials, totals)


def bounded_mean_of(values: np.ndarray, rows: KeptRows, low: float, high: float) -> Estimate:
    """The mean of one number of each row that lies in a range; see `bounded_mean`.

    Where all rows agree, it still has an interval.

    Args:
        values: float64 of shape (n,).
        rows: all of them; where they come in clusters, these are the independent units.
        low, high: the ends of the range.

    Raises:
        NoEstimateError, ValueError: as `mean_of`.
    """
    return bounded_mean(mean_of(values, rows), _independent_units(rows), low, high)


def _independent_units(rows: KeptRows) -> float:
    """How many there are; of clusters, how many of equal size weigh as precisely."""
    if rows.clusters is None:
        return len(rows)
    return kish_size_of(np.unique(rows.clusters, return_counts=True)[1])


def _blocks(rows: KeptRows) -> tuple[np.ndarray, int]:
    blocks = rows.blocks
    return (np.zeros(len(rows), dtype=np.int64), 1) if blocks is None else (blocks, BLOCKS)
