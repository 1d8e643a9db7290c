"""Performance metrics as a table: what each needs, and how it is estimated.

A row serves every split, so that performance reads it once and overfitting twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from auditkit.checks.estimation import Rate, UndefinedError, by_blocks, rate, rate_estimate
from auditkit.checks.reading import counts, sums
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.needs import (
    BLOCK,
    CORRECT,
    PREDICTION,
    SCORE_CELL,
    TARGET,
    CountNeed,
    SumNeed,
)
from auditkit.evidence.subject import View
from auditkit.measurement import Direction, Estimate, Metric
from auditkit.models.head import Outputs, Task
from auditkit.statistics import estimates
from auditkit.statistics.auc import binned_auc

Needs = tuple[CountNeed | SumNeed, ...]


@dataclass(frozen=True)
class Score:
    """One performance metric.

    Attributes:
        name: the part of the metric's id after the family.
        metric: its definition.
        unmet: why a view does not have it; "" if it does, None if the question does not arise.
        needs: what it is computed from.
        estimate: from a view, a split's evidence and whether clusters are the units.
    """

    name: str
    metric: Metric
    unmet: Callable[[View], str | None]
    needs: Callable[[View], Needs]
    estimate: Callable[[View, SplitEvidence, bool], Estimate]


def probabilistic(view: View) -> bool:
    """Whether the head's outputs are declared as probabilities or logits."""
    return view.head.outputs in (Outputs.PROBABILITIES, Outputs.LOGITS)


def decides(view: View) -> bool:
    """Whether a predicted class is defined: by argmax, or by a declared threshold."""
    return view.head.task is Task.MULTICLASS or view.head.decision is not None


NO_DECISION = (
    "No decision is declared, so no class is predicted; declare decision: {threshold: …} for it."
)
NO_PROBABILITIES = (
    "The outputs are not declared as probabilities or logits; declare outputs for it."
)


def _classifies(view: View) -> str | None:
    if view.one_vs_rest or view.task not in (Task.BINARY, Task.MULTICLASS):
        return None
    return "" if decides(view) else NO_DECISION


def _gives_probabilities(view: View) -> str | None:
    if view.one_vs_rest or view.task not in (Task.BINARY, Task.MULTICLASS):
        return None
    return "" if probabilistic(view) else NO_PROBABILITIES


def _ranks(view: View) -> str | None:
    return "" if view.task is Task.BINARY else None


def _is_number(view: View) -> str | None:
    return "" if view.task is Task.REGRESSION else None


# -- classes ------------------------------------------------------------------------------------


def _class_needs(view: View) -> Needs:
    if view.task is Task.BINARY:
        return (CountNeed(view.key, (PREDICTION, TARGET)),)
    return (
        CountNeed(view.key, (CORRECT, TARGET, BLOCK)),
        CountNeed(view.key, (CORRECT, PREDICTION, BLOCK)),
    )


def _recognised(view: View, evidence: SplitEvidence, clustered: bool) -> np.ndarray:
    """Units by (block, wrong or right, true class)."""
    if view.task is Task.BINARY:
        table = counts(evidence, CountNeed(view.key, (PREDICTION, TARGET)), clustered=clustered)
        right = np.stack([table[:, 0, 0], table[:, 1, 1]], axis=-1)
        return np.stack([table.sum(axis=1) - right, right], axis=1)
    table = counts(evidence, CountNeed(view.key, (CORRECT, TARGET, BLOCK)), clustered=clustered)
    return table if clustered else table.sum(axis=0, keepdims=True)


def _accuracy(view: View, evidence: SplitEvidence, clustered: bool) -> Estimate:
    table = _recognised(view, evidence, clustered).sum(axis=2)
    return rate_estimate(_rate_with_trials(table[:, 1], table.sum(axis=1), clustered))


def _rate_with_trials(successes: np.ndarray, trials: np.ndarray, clustered: bool) -> Rate:
    measured = rate(successes, trials, clustered=clustered)
    if not measured.n:
        raise UndefinedError("There are no units to measure it on.")
    return measured


def _balanced_accuracy(view: View, evidence: SplitEvidence, clustered: bool) -> Estimate:
    table = _recognised(view, evidence, clustered)
    totals = table.sum(axis=(0, 1))
    if (totals == 0).any():
        absent = [view.classes[index] for index in np.flatnonzero(totals == 0)]
        raise UndefinedError(f"There are no units of the class {', '.join(absent)}.")
    effective = [
        rate(table[:, 1, index], table[:, :, index].sum(axis=1), clustered=clustered).effective()
        for index in range(table.shape[2])
    ]
    return estimates.mean_of_proportions([x for x, _ in effective], [n for _, n in effective])


def _f1(view: View, evidence: SplitEvidence, clustered: bool) -> Estimate:
    if view.task is Task.MULTICLASS:
        return _macro_f1(view, evidence)
    table = counts(evidence, CountNeed(view.key, (PREDICTION, TARGET)), clustered=clustered)
    hits = table[:, 1, 1]
    union = hits + table[:, 0, 1] + table[:, 1, 0]
    if not union.sum():
        raise UndefinedError("There are neither positive units nor positive predictions.")
    x, n = rate(hits, union, clustered=clustered).effective()
    return estimates.f1(x, n - x)


def _macro_f1(view: View, evidence: SplitEvidence) -> Estimate:
    by_target = counts(evidence, CountNeed(view.key, (CORRECT, TARGET, BLOCK)), clustered=True)
    by_guess = counts(evidence, CountNeed(view.key, (CORRECT, PREDICTION, BLOCK)), clustered=True)
    blocks = np.stack([by_target[:, 1], by_target.sum(axis=1), by_guess.sum(axis=1)], axis=1)
    _, true, guessed = blocks.sum(axis=0)
    if ((true + guessed) == 0).any():
        empty = [view.classes[index] for index in np.flatnonzero(true + guessed == 0)]
        raise UndefinedError(f"The class {', '.join(empty)} neither occurs nor is predicted.")
    return by_blocks(_f1_of_totals, blocks)


def _f1_of_totals(totals: np.ndarray) -> float:
    hits, true, guessed = totals
    return float(np.mean(2 * hits / np.maximum(true + guessed, 1)))


# -- scores -------------------------------------------------------------------------------------


def _auc_needs(view: View) -> Needs:
    return (CountNeed(view.key, (SCORE_CELL, TARGET)),)


def _auc(view: View, evidence: SplitEvidence, clustered: bool) -> Estimate:
    table = counts(evidence, CountNeed(view.key, (SCORE_CELL, TARGET)), clustered=clustered)
    negatives, positives = table.sum(axis=(0, 1))
    if not negatives or not positives:
        label = view.classes[1] if negatives else view.classes[0]
        raise UndefinedError(f"There are no units of the class {label}.")
    if clustered:
        return by_blocks(lambda cells: binned_auc(cells[:, 1], cells[:, 0]).value, table)
    return binned_auc(table[0, :, 1], table[0, :, 0]).estimate


def _mean_needs(value: str) -> Callable[[View], Needs]:
    return lambda view: (SumNeed(view.key, value),)


def mean_estimate(evidence: SplitEvidence, need: SumNeed, clustered: bool) -> Estimate:
    """The mean of a value over units."""
    numbers, totals, squares = sums(evidence, need, clustered=clustered)
    if numbers.sum() < 2:
        raise UndefinedError("A mean with an interval needs at least two units.")
    if clustered:
        return by_blocks(lambda s: float(s[1] / s[0]), np.stack([numbers, totals], axis=1))
    return estimates.mean(totals.sum(), squares.sum(), numbers.sum())


def _mean(value: str) -> Callable[[View, SplitEvidence, bool], Estimate]:
    return lambda view, evidence, clustered: mean_estimate(
        evidence, SumNeed(view.key, value), clustered
    )


# -- numbers ------------------------------------------------------------------------------------


def _rmse(view: View, evidence: SplitEvidence, clustered: bool) -> Estimate:
    need = SumNeed(view.key, "squared_error")
    numbers, totals, squares = sums(evidence, need, clustered=clustered)
    if numbers.sum() < 2:
        raise UndefinedError("A mean with an interval needs at least two units.")
    if clustered:
        return by_blocks(lambda s: float(np.sqrt(s[1] / s[0])), np.stack([numbers, totals], axis=1))
    return estimates.root_mean(totals.sum(), squares.sum(), numbers.sum())


def _r2_needs(view: View) -> Needs:
    return tuple(SumNeed(view.key, value, (BLOCK,)) for value in ("squared_error", "target_value"))


def _r2(view: View, evidence: SplitEvidence, clustered: bool) -> Estimate:
    del clustered  # the blocks are of rows where no cluster is declared
    error, target = _r2_needs(view)
    _, errors, _ = sums(evidence, error, clustered=True)  # type: ignore[arg-type]
    numbers, totals, squares = sums(evidence, target, clustered=True)  # type: ignore[arg-type]
    blocks = np.stack([numbers, errors, totals, squares], axis=1)
    if blocks[:, 0].sum() < 2 or _variance(blocks.sum(axis=0)) <= 0:
        raise UndefinedError("The target does not vary.")
    return by_blocks(lambda s: float(1 - s[1] / _variance(s)), blocks)


def _variance(totals: np.ndarray) -> float:
    """Sum of squared deviations of the target from its mean."""
    n, _, total, squares = totals
    return float(squares - total**2 / n)


UNITS = Metric(
    "performance.units",
    "Units",
    "Number of independent units judged: clusters where declared, else rows.",
    "units",
    Direction.NONE,
    low=0,
)
UNIT_METRIC = Metric(
    "performance.unit_metric",
    "Mean of a unit metric",
    "Mean over units of a number that the user's unit_metrics returns.",
    "as the user defines it",
    Direction.NONE,
)

_SHARE = ("share", Direction.HIGHER, 0.0, 1.0)
SCORES = (
    Score(
        "accuracy",
        Metric(
            "performance.accuracy",
            "Accuracy",
            "Share of units whose predicted class is the true one.",
            *_SHARE,
            "interval of Wilson 1927",
        ),
        _classifies,
        _class_needs,
        _accuracy,
    ),
    Score(
        "balanced_accuracy",
        Metric(
            "performance.balanced_accuracy",
            "Balanced accuracy",
            "Mean over the classes of the share of their units that are recognised.",
            *_SHARE,
            "Brodersen et al. 2010; interval by MOVER, Zou and Donner 2008",
        ),
        _classifies,
        _class_needs,
        _balanced_accuracy,
    ),
    Score(
        "auc",
        Metric(
            "performance.auc",
            "AUC",
            "Probability that a random positive unit scores higher than a random negative one, "
            "ties counted half; for several classes, one class against the rest.",
            *_SHARE,
            "Hanley and McNeil 1982; interval of DeLong et al. 1988",
        ),
        _ranks,
        _auc_needs,
        _auc,
    ),
    Score(
        "f1",
        Metric(
            "performance.f1",
            "F1",
            "Harmonic mean of precision and recall of the positive class; for several classes, "
            "its unweighted mean over them.",
            *_SHARE,
            "van Rijsbergen 1979; interval through the Jaccard index",
        ),
        _classifies,
        _class_needs,
        _f1,
    ),
    Score(
        "log_loss",
        Metric(
            "performance.log_loss",
            "Log loss",
            "Mean of −ln of the probability given to the true class (not under 1e-12).",
            "nats",
            Direction.LOWER,
            0.0,
            None,
            "Good 1952",
        ),
        _gives_probabilities,
        _mean_needs("log_loss"),
        _mean("log_loss"),
    ),
    Score(
        "brier",
        Metric(
            "performance.brier",
            "Brier score",
            "Mean squared distance of the probabilities from the truth: of the positive class "
            "for two classes, summed over the classes for more.",
            "squared share",
            Direction.LOWER,
            0.0,
            2.0,
            "Brier 1950",
        ),
        _gives_probabilities,
        _mean_needs("brier"),
        _mean("brier"),
    ),
    Score(
        "mae",
        Metric(
            "performance.mae",
            "Mean absolute error",
            "Mean distance of the predicted from the true number.",
            "units of the target",
            Direction.LOWER,
            0.0,
        ),
        _is_number,
        _mean_needs("absolute_error"),
        _mean("absolute_error"),
    ),
    Score(
        "rmse",
        Metric(
            "performance.rmse",
            "Root mean squared error",
            "Square root of the mean squared distance of the predicted from the true number.",
            "units of the target",
            Direction.LOWER,
            0.0,
        ),
        _is_number,
        _mean_needs("squared_error"),
        _rmse,
    ),
    Score(
        "r2",
        Metric(
            "performance.r2",
            "R²",
            "1 − the mean squared error over the variance of the target.",
            "share",
            Direction.HIGHER,
            None,
            1.0,
            "interval by the delete-one-block jackknife, Efron and Stein 1981",
        ),
        _is_number,
        _r2_needs,
        _r2,
    ),
)
