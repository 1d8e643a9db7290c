"""The difference of a score between two splits: of independent units, or of clusters.

Rows of two splits are independent, and so are two estimates of them (MOVER). Clusters may have rows
in both. Their blocks are the same in every split, so both sides of the difference are left without
a block at once (jackknife), and what the two share is in the interval.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from auditkit.checks import class_scores, mean_scores
from auditkit.checks.estimation import by_blocks
from auditkit.checks.means import gap_of_blocks
from auditkit.checks.reading import Reading
from auditkit.checks.scores import Score
from auditkit.evidence.needs import SumNeed
from auditkit.evidence.subject import View
from auditkit.measurement import Direction, Estimate
from auditkit.statistics import estimates
from auditkit.statistics.clustered_auc import clustered_auc_difference
from auditkit.statistics.rates import difference_estimate

Blocks = Callable[[View, Reading], np.ndarray]
Gap = Callable[[View, Reading, Reading], Estimate]


def score_gap(view: View, score: Score, seen: Reading, unseen: Reading) -> Estimate:
    """How much better a score is on training data than on evaluation data.

    Where neither end is better, the first minus the second.

    Args:
        view: the output.
        score: one that the view has.
        seen, unseen: of the training and of the evaluation split, or of a part of both.

    Raises:
        NoEstimateError, ValueError: one side has no score, or there is too little for an interval.
    """
    sides = (unseen, seen) if score.metric.direction is Direction.LOWER else (seen, unseen)
    # Each side in its own words first, where it has none.
    first, second = (score.estimate(view, side) for side in sides)
    if not seen.clustered:
        return estimates.independent_difference(first, second)
    of_clusters = _CLUSTERED.get(score.name) or _mean(_value_of(view, score))
    return of_clusters(view, *sides)


def _accuracy(view: View, one: Reading, other: Reading) -> Estimate:
    first, second = (class_scores.accuracy_rate(view, side) for side in (one, other))
    return difference_estimate(first, second)


def _auc(view: View, one: Reading, other: Reading) -> Estimate:
    tables = [side.counts(*class_scores.auc_needs(view)) for side in (one, other)]
    states = np.stack(tables, axis=1)
    # Cells without units say nothing of the order, and each deletion would go through them.
    return clustered_auc_difference(states[:, :, states.any(axis=(0, 1, 3))])


def _mean(value: str) -> Gap:
    """The gap of the mean of a value."""

    def gap(view: View, one: Reading, other: Reading) -> Estimate:
        sums = [mean_scores.sums_of(view, side, value)[:2] for side in (one, other)]
        return gap_of_blocks(np.stack([np.stack(side, axis=1) for side in sums], axis=1))

    return gap


def _smooth(blocks: Blocks, statistic: Callable[[np.ndarray], float]) -> Gap:
    """The gap of a smooth number of summed blocks."""

    def gap(view: View, one: Reading, other: Reading) -> Estimate:
        states = np.stack([blocks(view, side) for side in (one, other)], axis=1)
        return by_blocks(lambda total: statistic(total[0]) - statistic(total[1]), states)

    return gap


def _errors(view: View, reading: Reading) -> np.ndarray:
    return np.stack(mean_scores.sums_of(view, reading, "squared_error")[:2], axis=1)


def _root_mean(total: np.ndarray) -> float:
    return float(np.sqrt(total[1] / total[0]))


_CLUSTERED: Mapping[str, Gap] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _smooth(class_scores.recognised, class_scores.mean_recall),
    "auc": _auc,
    "f1": _smooth(class_scores.f1_blocks, class_scores.f1_of_totals),
    "rmse": _smooth(_errors, _root_mean),
    "r2": _smooth(mean_scores.r2_blocks, mean_scores.r2_of_totals),
}


def _value_of(view: View, score: Score) -> str:
    """The value that a score is the mean of: the one sum that it needs."""
    (need,) = score.needs(view)
    assert isinstance(need, SumNeed)  # all other scores are in the table
    return need.value
