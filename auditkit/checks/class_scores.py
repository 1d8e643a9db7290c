"""How well classes are predicted and ranked: the estimators behind the performance metrics."""

from __future__ import annotations

import numpy as np

from auditkit.checks.estimation import by_blocks, undefined
from auditkit.checks.reading import Reading
from auditkit.evidence.needs import (
    BLOCK,
    CORRECT,
    PREDICTION,
    RANK_CELL,
    TARGET,
    CountNeed,
)
from auditkit.evidence.subject import View
from auditkit.measurement import Estimate
from auditkit.models.head import Task
from auditkit.statistics import estimates
from auditkit.statistics.auc import binned_auc
from auditkit.statistics.clustered_auc import clustered_auc
from auditkit.statistics.rates import Rate, rate_estimate


def accuracy_needs(view: View) -> tuple[CountNeed, ...]:
    """What accuracy needs."""
    if view.task is Task.BINARY:
        return (CountNeed(view.key, (PREDICTION, TARGET)),)
    return (CountNeed(view.key, (CORRECT, BLOCK)),)


def class_needs(view: View) -> tuple[CountNeed, ...]:
    """What balanced accuracy and F1 need.

    A confusion table of a thousand classes would have a million cells; hits by true and by
    predicted class are enough.
    """
    if view.task is Task.BINARY:
        return (CountNeed(view.key, (PREDICTION, TARGET)),)
    return (
        CountNeed(view.key, (CORRECT, TARGET, BLOCK)),
        CountNeed(view.key, (CORRECT, PREDICTION, BLOCK)),
    )


def recognised(view: View, reading: Reading) -> np.ndarray:
    """Units by (block, wrong or right, true class); one block where units are independent."""
    if view.task is Task.BINARY:
        table = reading.counts(CountNeed(view.key, (PREDICTION, TARGET)))
        right = np.stack([table[:, 0, 0], table[:, 1, 1]], axis=-1)
        return np.stack([table.sum(axis=1) - right, right], axis=1)
    table = reading.counts(CountNeed(view.key, (CORRECT, TARGET, BLOCK)))
    return table if reading.clustered else table.sum(axis=0, keepdims=True)


def accuracy_rate(view: View, reading: Reading) -> Rate:
    """Share of units whose predicted class is the true one.

    Raises:
        NoEstimateError: there are no units.
    """
    if view.task is Task.BINARY:
        table = recognised(view, reading).sum(axis=2)
    else:
        table = reading.counts(CountNeed(view.key, (CORRECT, BLOCK)))
        table = table if reading.clustered else table.sum(axis=0, keepdims=True)
    if not table.sum():
        raise undefined("There are no units to measure it on.")
    return reading.rate(table[:, 1], table.sum(axis=1), reading.sample.clusters)


def accuracy(view: View, reading: Reading) -> Estimate:
    """The estimate of `accuracy_rate` (Wilson)."""
    return rate_estimate(accuracy_rate(view, reading))


def balanced_accuracy(view: View, reading: Reading) -> Estimate:
    """Mean over the classes of the share recognised (MOVER; with clusters the jackknife)."""
    table = recognised(view, reading)
    totals = table.sum(axis=(0, 1))
    if (totals == 0).any():
        absent = [view.classes[index] for index in np.flatnonzero(totals == 0)]
        raise undefined(f"There are no units of the class {', '.join(absent)}.")
    if reading.clustered:
        return by_blocks(mean_recall, table)
    return estimates.mean_of_proportions(table[0, 1].tolist(), totals.tolist())


def mean_recall(total: np.ndarray) -> float:
    """Mean over the classes of the share recognised, of units by (wrong or right, class)."""
    return float(np.mean(total[1] / total.sum(axis=0)))


def f1(view: View, reading: Reading) -> Estimate:
    """F1 of the positive class through the Jaccard index, or its mean over several classes."""
    if view.task is Task.MULTICLASS:
        return _macro_f1(view, reading)
    hits, true, guessed = np.moveaxis(f1_blocks(view, reading)[..., 0], 1, 0)
    union = true + guessed - hits
    if not union.sum():
        raise undefined("There are neither positive units nor positive predictions.")
    x, n = reading.rate(hits, union).effective()
    return estimates.f1(x, n - x)


def f1_blocks(view: View, reading: Reading) -> np.ndarray:
    """Hits, units and predictions of each class, of shape (blocks, 3, classes).

    Of two classes only of the positive one.
    """
    if view.task is Task.BINARY:
        table = reading.counts(CountNeed(view.key, (PREDICTION, TARGET)))
        parts = [table[:, 1, 1], table[:, :, 1].sum(axis=1), table[:, 1].sum(axis=1)]
        return np.stack(parts, axis=1)[..., None]
    by_target = reading.counts(CountNeed(view.key, (CORRECT, TARGET, BLOCK)))
    by_guess = reading.counts(CountNeed(view.key, (CORRECT, PREDICTION, BLOCK)))
    return np.stack([by_target[:, 1], by_target.sum(axis=1), by_guess.sum(axis=1)], axis=1)


def _macro_f1(view: View, reading: Reading) -> Estimate:
    blocks = f1_blocks(view, reading)
    _, true, guessed = blocks.sum(axis=0)
    if ((true + guessed) == 0).any():
        empty = [view.classes[index] for index in np.flatnonzero(true + guessed == 0)]
        raise undefined(f"The class {', '.join(empty)} neither occurs nor is predicted.")
    return by_blocks(f1_of_totals, blocks)


def f1_of_totals(totals: np.ndarray) -> float:
    """The mean F1 over classes, of hits, units and predictions by class."""
    hits, true, guessed = totals
    # A class that is gone without one block has no hits either: its F1 is taken as 0 there.
    return float(np.mean(2 * hits / np.maximum(true + guessed, 1)))


def auc_needs(view: View) -> tuple[CountNeed, ...]:
    """What the AUC needs."""
    return (CountNeed(view.key, (RANK_CELL, TARGET)),)


def auc(view: View, reading: Reading) -> Estimate:
    """Area under the ROC curve (DeLong; with clusters the jackknife, on the same logit scale)."""
    table = reading.counts(*auc_needs(view))
    negatives, positives = table.sum(axis=0).T
    for label, found in zip(view.classes, (negatives, positives), strict=True):
        if not found.sum():
            raise undefined(f"There are no units of the class {label}.")
    if reading.clustered:
        # Cells without units say nothing of the order, and each deletion would go through them.
        return clustered_auc(table[:, table.any(axis=(0, 2))])
    return binned_auc(positives, negatives).estimate
