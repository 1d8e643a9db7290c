"""Rows of a model and of trainings on permuted labels, as sums by block of units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from auditkit.checks.mean_scores import r2_of_totals
from auditkit.evidence.basis import Sample
from auditkit.evidence.hashing import BLOCKS, blocks_of
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.evidence.tried import TriedRows
from auditkit.measurement import Estimate
from auditkit.models.head import Task
from auditkit.statistics import estimates
from auditkit.statistics.rates import Rate, rate_estimate

ACCURACY, R2 = "accuracy", "r2"


@dataclass(frozen=True, eq=False)
class Memorised:
    """What was answered, in sums by block: the same hash has the same block on all sides.

    Attributes:
        kind: `accuracy` (states hold hits and units) or `r2` (squared errors, then units, sum and
            sum of squares of the target).
        own, other: of the model on the units that were taught, and on evaluation units, float64 of
            shape (64, 2) or (64, 4).
        permuted: of the trainings on permuted labels, on the units that they were taught with
            these; the mean over them.
        chance: the score that needs no learning: the share of the most common class; 0 of R².
        sample, other_sample: what numbers of the taught and of the evaluation units rest on.
        draws: how many trainings.
    """

    kind: str
    own: np.ndarray
    other: np.ndarray
    permuted: np.ndarray
    chance: float
    sample: Sample
    other_sample: Sample
    draws: int

    @property
    def units(self) -> int:
        """Number of taught rows."""
        return self.sample.rows

    def score(self, total: np.ndarray) -> float:
        """Accuracy or R² of summed states; NaN where there is none."""
        if self.kind == R2:
            return r2_of_totals(total)
        return float(total[0] / total[1]) if total[1] else float("nan")

    @cached_property
    def rate(self) -> Estimate:
        """The accuracy on permuted labels."""
        return self._rate(self.permuted, self.sample)

    def _rate(self, state: np.ndarray, sample: Sample) -> Estimate:
        clustered = sample.clusters is not None
        blocks = state if clustered else state.sum(axis=0, keepdims=True)
        return rate_estimate(Rate(blocks[:, 0], blocks[:, 1], clustered, sample.clusters))

    def rates(self) -> Iterator[tuple[str, Estimate, int]]:
        """Name, estimate and number of rows of each accuracy."""
        yield "training", self._rate(self.own, self.sample), self.sample.rows
        yield "evaluation", self._rate(self.other, self.other_sample), self.other_sample.rows
        yield "permuted labels", self.rate, self.sample.rows
        yield "chance", estimates.exact(self.chance), self.sample.rows


def memorised(trials: Sequence[TriedRows], others: TriedRows) -> Memorised:
    """The sums of trainings on permuted labels.

    Args:
        trials: each on the training units; all were taught the same units.
        others: the evaluation units of one of them; what the model answered for them counts.
    """
    first = trials[0]
    rows = first.model.part(first.taught)
    regression = rows.view.task is Task.REGRESSION
    of = _squares if regression else _hits
    permuted = np.mean(
        [of(one.learner.part(one.taught), one.told[one.taught]) for one in trials], axis=0
    )
    told = first.told[first.taught]
    return Memorised(
        R2 if regression else ACCURACY,
        of(rows, rows.target),
        of(others.model, others.model.target),
        permuted,
        0.0 if regression else _most_common(told),
        rows.sample,
        others.model.sample,
        len(trials),
    )


def _most_common(codes: np.ndarray) -> float:
    return float(np.unique(codes, return_counts=True)[1].max() / len(codes)) if len(codes) else 1.0


def _hits(rows: OutcomeRows, target: np.ndarray) -> np.ndarray:
    """Hits and units by block."""
    assert rows.prediction is not None  # an output without decision is not asked
    return _summed(rows, rows.prediction == target, np.ones(len(rows)))


def _squares(rows: OutcomeRows, target: np.ndarray) -> np.ndarray:
    """Squared errors, units, sum and sum of squares of the target by block."""
    errors = rows.outputs[:, 0] - target
    return _summed(rows, errors**2, np.ones(len(rows)), target, target**2)


def _summed(rows: OutcomeRows, *values: np.ndarray) -> np.ndarray:
    """Sums by block of clusters, or of rows where these are independent."""
    blocks = blocks_of(rows.keys) if rows.blocks is None else rows.blocks
    sums = [np.bincount(blocks, value.astype(np.float64), minlength=BLOCKS) for value in values]
    return np.stack(sums, axis=1)
