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
from auditkit.statistics.rates import rate_estimate


def class_needs(view: View) -> tuple[CountNeed, ...]:
    """What accuracy, balanced accuracy and F1 need.

    A confusion table of a thousand classes would have a million cells; hits by true and by
    predicted class are enough.
    """
    if view.task is Task.BINARY:
        return (CountNeed(view.key, (PREDICTION, TARGET)),)
    return (
        CountNeed(view.key, (CORRECT, TARGET, BLOCK)),
        CountNeed(view.key, (CORRECT, PREDICTION, BLOCK)),
    )


def _recognised(view: View, reading: Reading) -> np.ndarray:
    """Units by (block, wrong or right, true class); one block where units are independent."""
    if view.task is Task.BINARY:
        table = reading.counts(CountNeed(view.key, (PREDICTION, TARGET)))
        right = np.stack([table[:, 0, 0], table[:, 1, 1]], axis=-1)
        return np.stack([table.sum(axis=1) - right, right], axis=1)
    table = reading.counts(CountNeed(view.key, (CORRECT, TARGET, BLOCK)))
    return table if reading.clustered else table.sum(axis=0, keepdims=True)


def accuracy(view: View, reading: Reading) -> Estimate:
    """Share of units whose predicted class is the true one (Wilson)."""
    table = _recognised(view, reading).sum(axis=2)
    if not table.sum():
        raise undefined("There are no units to measure it on.")
    measured = reading.rate(table[:, 1], table.sum(axis=1), reading.sample.clusters)
    return rate_estimate(measured)


def balanced_accuracy(view: View, reading: Reading) -> Estimate:
    """Mean over the classes of the share recognised (MOVER; with clusters the jackknife)."""
    table = _recognised(view, reading)
    totals = table.sum(axis=(0, 1))
    if (totals == 0).any():
        absent = [view.classes[index] for index in np.flatnonzero(totals == 0)]
        raise undefined(f"There are no units of the class {', '.join(absent)}.")
    if reading.clustered:
        return by_blocks(lambda total: float(np.mean(total[1] / total.sum(axis=0))), table)
    return estimates.mean_of_proportions(table[0, 1].tolist(), totals.tolist())


def f1(view: View, reading: Reading) -> Estimate:
    """F1 of the positive class through the Jaccard index, or its mean over several classes."""
    if view.task is Task.MULTICLASS:
        return _macro_f1(view, reading)
    table = reading.counts(CountNeed(view.key, (PREDICTION, TARGET)))
    hits = table[:, 1, 1]
    union = hits + table[:, 0, 1] + table[:, 1, 0]
    if not union.sum():
        raise undefined("There are neither positive units nor positive predictions.")
    x, n = reading.rate(hits, union).effective()
    return estimates.f1(x, n - x)


def _macro_f1(view: View, reading: Reading) -> Estimate:
    by_target = reading.counts(CountNeed(view.key, (CORRECT, TARGET, BLOCK)))
    by_guess = reading.counts(CountNeed(view.key, (CORRECT, PREDICTION, BLOCK)))
    blocks = np.stack([by_target[:, 1], by_target.sum(axis=1), by_guess.sum(axis=1)], axis=1)
    _, true, guessed = blocks.sum(axis=0)
    if ((true + guessed) == 0).any():
        empty = [view.classes[index] for index in np.flatnonzero(true + guessed == 0)]
        raise undefined(f"The class {', '.join(empty)} neither occurs nor is predicted.")
    return by_blocks(_f1_of_totals, blocks)


def _f1_of_totals(totals: np.ndarray) -> float:
    hits, true, guessed = totals
    # A class that is gone without one block has no hits either: its F1 is taken as 0 there.
    return float(np.mean(2 * hits / np.maximum(true + guessed, 1)))


def auc_needs(view: View) -> tuple[CountNeed, ...]:
    """What the AUC needs."""
    return (CountNeed(view.key, (RANK_CELL, TARGET)),)


def auc(view: View, reading: Reading) -> Estimate:
    """Area under the ROC curve (DeLong; with clusters the jackknife, on the same logit scale)."""
    table = reading.counts(CountNeed(view.key, (RANK_CELL, TARGET)))
    negatives, positives = table.sum(axis=0).T
    for label, found in zip(view.classes, (negatives, positives), strict=True):
        if not found.sum():
            raise undefined(f"There are no units of the class {label}.")
    if reading.clustered:
        return clustered_auc(table)
    return binned_auc(positives, negatives).estimate
