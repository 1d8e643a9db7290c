"""Shares of rows that something is true of: counted where all were compared, else estimated.

Which number a judge should read: a bound on leaked rows is about *these* evaluation data, whose
scores the audit reports, and not about a population that they were drawn from. Where every
evaluation row was compared with every training row, the share is therefore a count, exact and
without an interval: one leaked row in a thousand is one leaked row, and "at most 0" can pass.

Where a sample stands for the rows there is an interval. Of evaluation rows drawn at random it is
that of a share (Wilson; by clusters where these are declared). Of training rows drawn at random
only some copies are met, a share f of the rows that have one copy. The estimate then scales the
share met by 1 / f, which is what is expected if every leaked row has one copy; rows with several
are met more often, so that the lower limit is that of the share as it was met.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditkit.evidence.basis import Sample
from auditkit.evidence.fingerprints import Fingerprints
from auditkit.evidence.hashing import blocks_of
from auditkit.evidence.row_estimates import rate_of, share_of
from auditkit.measurement import Estimate
from auditkit.statistics import estimates
from auditkit.statistics.absence import too_few

COUNTED = "It is a count of these data, and has no interval."


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a split that numbers are about.

    Attributes:
        size: how many there are here.
        clusters: hash of each row's cluster, uint64 of shape (n,); None where none is declared.
        drawn: a sentence on which rows these are; "" if they are all.
        limited: whether only part of the split was read.
    """

    size: int
    clusters: np.ndarray | None
    drawn: str = ""
    limited: bool = False

    @classmethod
    def of(cls, prints: Fingerprints, *, limited: bool) -> Rows:
        """The rows whose content is known."""
        return cls(len(prints), prints.clusters, prints.drawn, limited)

    def __len__(self) -> int:
        return self.size

    @property
    def sample(self) -> Sample:
        """What a number about them rests on."""
        return Sample.kept(self.size, self.clusters, sampled=self.limited)

    @property
    def blocks(self) -> np.ndarray | None:
        """The block of clusters of each row; None where rows are independent."""
        return None if self.clusters is None else blocks_of(self.clusters)

    def part(self, chosen: np.ndarray) -> Rows:
        """Some of the rows, by a mask or by their positions."""
        clusters = None if self.clusters is None else self.clusters[chosen]
        size = int(chosen.sum()) if chosen.dtype == np.bool_ else len(chosen)
        return Rows(size, clusters, self.drawn, self.limited)


def reach(other: Fingerprints) -> float:
    """The share of a split's rows that others were compared with; 1 if with all.

    >>> from auditkit.evidence.fingerprints import nothing_seen
    >>> reach(nothing_seen(10))
    1.0
    """
    return len(other) / other.seen if other.sampled else 1.0


def share(flags: np.ndarray, rows: Rows, met: float = 1.0) -> Estimate:
    """The share of rows that something is true of.

    Args:
        flags: of which of them, bool of shape (n,).
        rows: all of them.
        met: the share of the others that they were compared with.

    Returns:
        `exact` where all rows were compared with all others; `wilson` of a sample of rows;
        `wilson_between` where they were compared with a sample of the others.

    Raises:
        NoEstimateError: no rows, or a few clusters hold most of them.
        ValueError: of a sample, clusters are declared and fewer than two blocks hold rows.

    Example:
        >>> flags = np.arange(1000) < 20
        >>> share(flags, Rows(1000, None)).parameters
        {'value': 0.02}
        >>> half = share(flags, Rows(1000, None), met=0.5)
        >>> low, high = estimates.bounds(half, 0.05)
        >>> estimates.value(half), round(low, 3), round(high, 3)
        (0.04, 0.012, 0.057)
    """
    if not len(rows):
        raise too_few("There is no row to look at.")
    if not rows.drawn and met >= 1:
        return estimates.exact(float(flags.mean()))
    if met >= 1:
        return share_of(flags, rows)
    hits, size = rate_of(flags, rows).effective()
    raised = max(size * met, hits)
    return estimates.estimate(
        "wilson_between",
        successes=hits,
        n=raised,
        below=hits / raised - hits / size,
        above=0.0,
    )


def counted(flags: np.ndarray, rows: Rows, what: str, *others: str) -> str:
    """How many rows a share is of, in words, and which these are.

    >>> counted(np.array([True, False]), Rows(2, None), "are copies")
    'Of 2 rows 1 are copies. It is a count of these data, and has no interval.'
    """
    drawn = " ".join(part for part in (rows.drawn, *others) if part)
    return f"Of {len(rows):,} rows {int(flags.sum()):,} {what}. {drawn or COUNTED}"
