"""The explained units of one head, and numbers about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import (
    MIN_KEPT,
    Sample,
    by_blocks,
    estimated,
    telling,
    undefined,
)
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.sample_needs import AttributionNeed
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Slice
from auditkit.statistics import estimates
from auditkit.statistics.rates import Rate, rate_estimate


@dataclass(frozen=True)
class ExplainedUnits:
    """Rows of a sample, or clusters of such rows.

    Attributes:
        head: name of the output.
        sample: what measurements rest on.
        clusters: hash of each row's cluster, shape (n,); None where no cluster is declared.
        groups: group attribute → the level of each row, text of shape (n,).
    """

    head: str
    sample: Sample
    clusters: np.ndarray | None
    groups: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, need: AttributionNeed, rows: int, evidence: SplitEvidence) -> ExplainedUnits:
        """The first so many rows of a split's sample."""
        drawn = evidence.sample
        clusters = None if drawn is None or drawn.clusters is None else drawn.clusters[:rows]
        distinct = None if clusters is None else len(np.unique(clusters))
        groups = {} if drawn is None else {k: v[:rows] for k, v in drawn.facts.groups.items()}
        return cls(need.head, Sample(rows, distinct, sampled=evidence.sampled), clusters, groups)

    def key(self, name: str, label: str = "", where: Slice | None = None) -> MeasurementKey:
        """Of one number of the check `explanation`."""
        return MeasurementKey(
            f"explanation.{name}",
            Slice() if where is None else where,
            split=EVALUATION,
            head=self.head,
            label=label,
        )

    def part(self, rows: np.ndarray) -> ExplainedUnits:
        """Some of the rows, by a mask or by their places."""
        clusters = None if self.clusters is None else self.clusters[rows]
        number = len(np.arange(self.sample.rows)[rows])
        distinct = None if clusters is None else len(np.unique(clusters))
        groups = {name: levels[rows] for name, levels in self.groups.items()}
        sample = Sample(number, distinct, sampled=self.sample.sampled)
        return ExplainedUnits(self.head, sample, clusters, groups)

    def share(self, yes: np.ndarray) -> Estimate:
        """The share of units for which something holds, bool of shape (n,)."""
        trials, hits = self._by_cluster(yes.astype(np.float64)).T
        return rate_estimate(Rate(hits, trials, self.clusters is not None, self.sample.clusters))

    def averaged(self, key: MeasurementKey, values: np.ndarray, reason: str = "") -> Measurement:
        """The mean of a value over the units that have one, which is all that it rests on.

        Args:
            key: of the measurement.
            values: shape (n,); NaN of units that have none.
            reason: what else to say of it.
        """
        known = np.isfinite(values)
        some = self.part(known)

        def estimate() -> Estimate:
            if 0 < some.sample.rows < MIN_KEPT:
                raise telling("Too few of the units explained have a value")
            return some.mean(values[known])

        return estimated(key, estimate, some.sample if known.any() else self.sample, reason)

    def mean(self, values: np.ndarray) -> Estimate:
        """The mean of a value, shape (n,), over the units that have one (are not NaN)."""
        known = values[np.isfinite(values)]
        if len(known) < 2:
            raise undefined("Fewer than two units have a value.")
        if self.clusters is not None:
            return by_blocks(lambda s: float(s[1] / s[0]), self._by_cluster(values))
        return estimates.mean(float(known.sum()), float((known**2).sum()), len(known))

    def _by_cluster(self, values: np.ndarray) -> np.ndarray:
        """Number and sum of rows' values by cluster (all of them rows), shape (clusters, 2)."""
        known = np.isfinite(values)
        rows = np.arange(len(values)) if self.clusters is None else self.clusters
        _, places = np.unique(rows, return_inverse=True)
        numbers = np.bincount(places, weights=known)
        return np.stack([numbers, np.bincount(places, np.where(known, values, 0.0))], axis=1)
