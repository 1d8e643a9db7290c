"""Errors by cluster of units, against all others: rates or means, rows or clustered rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditkit.checks.estimation import MIN_KEPT, NoEstimateError, Sample, too_few
from auditkit.checks.means import gap_of_blocks, gap_of_rows, mean_of_blocks, mean_of_rows
from auditkit.data.columns import MISSING
from auditkit.evidence.hashing import BLOCKS
from auditkit.evidence.needs import TARGET, group
from auditkit.evidence.row_log import RowLog
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Estimate
from auditkit.statistics.rates import Rate, difference_estimate, rate_estimate

MIN_ROWS = 20
# What a cluster is mostly of: at least half of it, and so much more than of all rows.
_MOSTLY, _MORE = 0.5, 0.15


@dataclass(frozen=True, eq=False)
class ClusterErrors:
    """Errors of some rows.

    Attributes:
        errors: of each row, shape (rows,).
        places: the cluster (of the embedding) of each row.
        units: hash of the declared cluster of each row; None where rows are independent.
        sampled: whether only part of the split was read.
        rates: whether errors are 0 or 1.
    """

    errors: np.ndarray
    places: np.ndarray
    units: np.ndarray | None
    sampled: bool
    rates: bool

    def size(self, cluster: int) -> int:
        """Number of rows of a cluster."""
        return int((self.places == cluster).sum())

    def sample(self, cluster: int, *, alone: bool) -> Sample:
        """What the error of a cluster, or its comparison with the rest, rests on."""
        inside = self.places == cluster
        chosen = inside if alone else np.ones_like(inside)
        clusters = poorest = None
        if self.units is not None:
            clusters = len(np.unique(self.units[chosen]))
            sides = [len(np.unique(self.units[side])) for side in (inside, ~inside)]
            poorest = sides[0] if alone else min(sides)
        return Sample(int(chosen.sum()), clusters, sampled=self.sampled, poorest=poorest)

    def difference(self, cluster: int) -> Estimate | None:
        """As `compared`; None where there is too little to compare."""
        if self.sample(cluster, alone=False).lack:
            return None
        try:
            return self.compared(cluster)
        except (NoEstimateError, ValueError):
            return None

    def compared(self, cluster: int) -> Estimate:
        """The error of a cluster minus that of all other rows.

        Raises:
            NoEstimateError: too few rows on a side.
            ValueError: without one block of clusters nothing is left on a side.
        """
        inside = self.places == cluster
        self._refuse_few(inside)
        self._refuse_few(~inside)
        if self.rates:
            return difference_estimate(self._rate(inside), self._rate(~inside))
        states = np.stack([self._states(inside), self._states(~inside)], axis=1)
        if self.units is not None:
            return gap_of_blocks(states)
        return gap_of_rows(states[:, 0], states[:, 1])

    def error(self, cluster: int) -> Estimate:
        """The error of a cluster.

        Raises:
            NoEstimateError: too few rows.
        """
        inside = self.places == cluster
        self._refuse_few(inside)
        if self.rates:
            return rate_estimate(self._rate(inside))
        states = self._states(inside)
        if self.units is not None:
            return mean_of_blocks(states)
        return mean_of_rows(states)

    def _refuse_few(self, inside: np.ndarray) -> None:
        rows = int(inside.sum())
        if rows < MIN_ROWS:
            found = f"fewer than {MIN_KEPT}" if rows < MIN_KEPT else rows
            raise too_few(f"There are {found} rows on a side; a comparison needs {MIN_ROWS}.")

    def _rate(self, inside: np.ndarray) -> Rate:
        states = self._states(inside)
        clusters = None if self.units is None else len(np.unique(self.units[inside]))
        return Rate(states[:, 1], states[:, 0], self.units is not None, clusters)

    def _states(self, inside: np.ndarray) -> np.ndarray:
        """Number, sum and sum of squares of errors by block, shape (blocks, 3)."""
        units = self.units
        blocks = np.zeros(inside.sum(), int) if units is None else units[inside] % BLOCKS
        errors, length = self.errors[inside], 1 if units is None else BLOCKS
        weights = (np.ones_like(errors), errors, errors**2)
        return np.stack([np.bincount(blocks, one, length) for one in weights], axis=1)


def described(subject: Subject, view: View, log: RowLog, inside: np.ndarray) -> str:
    """What the rows of a cluster have in common, in a sentence; "" if nothing stands out."""
    found = []
    if view.classifies:
        classes = np.array(view.classes, dtype=object)[log.codes(TARGET)]
        found += _typical("true class", classes.astype(str), inside)
    for declared in subject.columns.groups:
        found += _typical(declared.name, log.labels(group(declared.name)), inside)
    return f"It is mostly {', '.join(found)}." if found else ""


def _typical(attribute: str, labels: np.ndarray, inside: np.ndarray) -> list[str]:
    """The label that most rows inside have, where far more have it than of all."""
    names, counts = np.unique(labels[inside], return_counts=True)
    if not len(names):
        return []
    name, rows = str(names[counts.argmax()]), int(counts.max())
    share, overall = rows / int(inside.sum()), float((labels == name).mean())
    told = rows >= MIN_KEPT and share >= _MOSTLY and share - overall >= _MORE and name != MISSING
    return [f"{attribute} {name} ({_percent(share)}, {_percent(overall)} of all)"] if told else []


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
