"""Area under the ROC curve, from scores or from counts of them in cells."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import estimate


@dataclass(frozen=True)
class Auc:
    """An area under the ROC curve.

    Attributes:
        value: P(a positive scores above a negative), a tie counting half.
        se: DeLong's standard error of it.
        slack: how far cells may have moved it from the value of the scores themselves.
        positives: number of positives.
        negatives: number of negatives.

    Unpacks as (value, se, slack).
    """

    value: float
    se: float
    slack: float
    positives: int
    negatives: int

    def __iter__(self) -> Iterator[float]:
        return iter((self.value, self.se, self.slack))

    @property
    def estimate(self) -> Estimate:
        """What a judge reads."""
        return estimate(
            "delong",
            value=self.value,
            se=self.se,
            slack=self.slack,
            positives=self.positives,
            negatives=self.negatives,
        )


def binned_auc(positives: ArrayLike, negatives: ArrayLike) -> Auc:
    """The AUC of scores that were counted in ordered cells.

    Within a cell all pairs count as ties; the slack Σ pos·neg / (2 P N) is the most that this can
    have changed. It is a bound, not an estimate: with real ties (a model with few distinct scores)
    the value is right, and the slack still says what the cells cannot exclude.

    Args:
        positives: `[cells]`, how many positives scored in each cell, cells in ascending order.
        negatives: `[cells]`, how many negatives.

    Raises:
        ValueError: fewer than two positives or two negatives, or arrays that are no counts.

    Source: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837–845, on placement values.

    Example:
        >>> auc = binned_auc([0, 1, 3], [2, 1, 1])
        >>> auc.value, auc.slack
        (0.8125, 0.125)
    """
    auc = _from_counts(_counts("positives", positives), _counts("negatives", negatives))
    pairs = np.asarray(positives, dtype=np.float64) * np.asarray(negatives, dtype=np.float64)
    slack = float(pairs.sum()) / (2.0 * auc.positives * auc.negatives)
    return Auc(auc.value, auc.se, slack, auc.positives, auc.negatives)


def delong(positive_scores: ArrayLike, negative_scores: ArrayLike) -> Auc:
    """The AUC of scores, exact: the slack is zero, ties are real ties.

    Args:
        positive_scores: `[positives]`, higher meaning more positive; no NaN.
        negative_scores: `[negatives]`.

    Raises:
        ValueError: fewer than two of either, or a score that is not a number.

    Example:
        >>> round(delong([0.9, 0.8, 0.4], [0.5, 0.3, 0.2, 0.1]).value, 4)
        0.9167
    """
    first = np.asarray(positive_scores, dtype=np.float64).ravel()
    second = np.asarray(negative_scores, dtype=np.float64).ravel()
    scores = np.concatenate([first, second])
    if np.isnan(scores).any():
        raise ValueError(f"{int(np.isnan(scores).sum())} scores are not numbers")
    levels, cells = np.unique(scores, return_inverse=True)
    counts = [np.bincount(part, minlength=levels.size) for part in np.split(cells, [first.size])]
    return _from_counts(*counts)


def _from_counts(positives: NDArray[np.int64], negatives: NDArray[np.int64]) -> Auc:
    if positives.shape != negatives.shape:
        raise ValueError(
            f"{positives.shape[0]} cells of positives, but {negatives.shape[0]} of negatives"
        )
    p, n = int(positives.sum()), int(negatives.sum())
    if p < 2 or n < 2:
        raise ValueError(f"an AUC needs two positives and two negatives, found {p} and {n}")
    # Placement values: the share of the other class that a unit of this cell beats.
    beaten = (np.cumsum(negatives) - negatives / 2) / n
    beating = (np.cumsum(positives) - positives / 2) / p
    value = float(positives @ beaten) / p
    spread = float(positives @ (beaten - value) ** 2) / (p - 1) / p
    spread += float(negatives @ (beating - (1 - value)) ** 2) / (n - 1) / n
    return Auc(min(max(value, 0.0), 1.0), math.sqrt(spread), 0.0, p, n)


def _counts(name: str, values: ArrayLike) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iu" or (array.size and array.min() < 0):
        raise ValueError(f"{name} must be one row of counts, found {array.dtype}{array.shape}")
    return array.astype(np.int64)
