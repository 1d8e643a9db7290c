"""Shares and means over rows that were kept one by one, with clusters as units where declared."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from auditkit.checks.estimation import too_few
from auditkit.checks.means import mean_of_blocks, mean_of_rows
from auditkit.evidence.basis import Sample
from auditkit.evidence.hashing import BLOCKS
from auditkit.measurement import Estimate
from auditkit.statistics.rates import Rate, rate_estimate


class KeptRows(Protocol):
    """Rows of outputs, with outcomes or without."""

    def __len__(self) -> int: ...

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
        NoEstimateError: fewer than two rows.
        ValueError: clusters are declared, and fewer than two blocks hold rows.
    """
    if len(rows) < 2:
        raise too_few("A mean with an interval needs at least two units.")
    blocks, size = _blocks(rows)
    numbers = np.asarray(values, dtype=np.float64)
    states = np.stack(
        [np.bincount(blocks, each, minlength=size) for each in (None, numbers, numbers**2)], axis=1
    )
    return (mean_of_rows if rows.blocks is None else mean_of_blocks)(states)


def percent(share: float) -> str:
    """A share as reviewers read it.

    >>> percent(0.9), percent(0.0125)
    ('90 %', '1.25 %')
    """
    return f"{100 * share:.4g} %"


def _blocks(rows: KeptRows) -> tuple[np.ndarray, int]:
    blocks = rows.blocks
    return (np.zeros(len(rows), dtype=np.int64), 1) if blocks is None else (blocks, BLOCKS)
