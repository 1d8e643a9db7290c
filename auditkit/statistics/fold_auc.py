"""The area under the ROC curve of scores that several models gave, one for each fold.

Scores of different models are not on one scale, so that pairs of units are compared within folds
alone. That also spares the bias of a pooled curve: a fold with more positives than the rest was
scored by a model that saw fewer of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.critical import critical_value, student_value
from auditkit.statistics.estimates import estimate

Floats = NDArray[np.float64]
_ALPHA = 0.05
_FEWEST = 2


@dataclass(frozen=True)
class FoldAuc:
    """The share of pairs within folds in which the positive scores higher, ties counted half.

    Attributes:
        value: the share.
        influence: what each unit adds to it, of shape (units,): sums to zero.
        variance: DeLong's, units taken as independent.
        positives, negatives: units in the folds that count: those with at least two of each.
    """

    value: float
    influence: Floats
    variance: float
    positives: int
    negatives: int

    def estimate(self, blocks: NDArray[np.int64] | None = None, fitting: float = 0.0) -> Estimate:
        """What a judge reads.

        Args:
            blocks: of each unit, by a hash of its cluster; None where units are independent.
            fitting: variance that comes from fitting the models, to be added.

        Raises:
            ValueError: fewer than two blocks hold units.

        Source: DeLong, DeLong and Clarke-Pearson 1988; with clusters Obuchowski, Biometrics 53
        (1997) 567–578, on blocks of them.
        """
        if blocks is None:
            return estimate(
                "delong",
                value=self.value,
                se=math.sqrt(self.variance + fitting),
                slack=0.0,
                positives=self.positives,
                negatives=self.negatives,
            )
        _, places = np.unique(blocks, return_inverse=True)
        sums = np.bincount(places, self.influence)
        count = len(sums)
        if count < 2:
            raise ValueError(f"an interval needs two blocks with units, found {count}")
        z = critical_value(_ALPHA)
        # Student's critical value of these few blocks over the normal one that the method uses.
        wider = student_value(z, count - 1) / z
        variance = count / (count - 1) * float((sums**2).sum()) + fitting
        return estimate("delong", value=self.value, se=wider * math.sqrt(variance), slack=0.0)


def fold_auc(scores: Floats, positive: NDArray[np.bool_], folds: NDArray[np.int64]) -> FoldAuc:
    """The AUC within folds, each weighted by its number of pairs.

    Args:
        scores: `[units]`, higher meaning more positive.
        positive: `[units]`.
        folds: `[units]`.

    Raises:
        ValueError: no fold holds two positives and two negatives, or a score is no number.

    Example:
        >>> scores, truth = np.array([1.0, 2, 3, 4, 9, 8, 7, 6]), np.arange(8) % 2 == 1
        >>> fold_auc(scores, truth, np.arange(8) // 4).value
        0.5
    """
    if not np.isfinite(scores).all():
        raise ValueError("some scores are not finite numbers")
    influence = np.zeros(len(scores))
    value = variance = pairs = 0.0
    sides = np.zeros(2, dtype=np.int64)
    for fold in np.unique(folds):
        inside = np.flatnonzero(folds == fold)
        yes, no = inside[positive[inside]], inside[~positive[inside]]
        if min(len(yes), len(no)) < _FEWEST:
            continue
        weight = float(len(yes) * len(no))
        beaten, beating = _placements(scores[yes], scores[no])
        value += weight * float(beaten.mean())
        influence[yes] = weight * (beaten - beaten.mean()) / len(yes)
        influence[no] = weight * (beating - beating.mean()) / len(no)
        spread = beaten.var(ddof=1) / len(yes) + beating.var(ddof=1) / len(no)
        variance += weight**2 * float(spread)
        pairs += weight
        sides += len(yes), len(no)
    if not pairs:
        raise ValueError("no fold holds two units of the group and two others")
    return FoldAuc(value / pairs, influence / pairs, variance / pairs**2, *map(int, sides))


def _placements(yes: Floats, no: Floats) -> tuple[Floats, Floats]:
    """What share of the negatives each positive beats, and of the positives beat each negative."""
    beaten = _ranks_among(yes, np.sort(no)) / len(no)
    beating = 1 - _ranks_among(no, np.sort(yes)) / len(yes)
    return beaten, beating


def _ranks_among(values: Floats, ordered: Floats) -> Floats:
    """How many of the ordered are smaller, those that are equal counted half."""
    below = np.searchsorted(ordered, values, side="left")
    return np.asarray(below + np.searchsorted(ordered, values, side="right"), np.float64) / 2


def fold_auc_values(
    scores: Floats, positive: NDArray[np.bool_], folds: NDArray[np.int64]
) -> Floats:
    """As `fold_auc`, of many labellings at once, without their errors; NaN where undefined.

    Args:
        scores: `[units, labellings]`.
        positive: `[units, labellings]`.
        folds: `[units]`.

    Returns:
        `[labellings]`.
    """
    from scipy.stats import rankdata  # slow to load, and few audits need it

    values, pairs = np.zeros(scores.shape[1]), np.zeros(scores.shape[1])
    for fold in np.unique(folds):
        inside = folds == fold
        ranks, chosen = rankdata(scores[inside], axis=0), positive[inside]
        yes = chosen.sum(axis=0)
        no = len(chosen) - yes
        counts = np.minimum(yes, no) >= _FEWEST
        won = (ranks * chosen).sum(axis=0) - yes * (yes + 1) / 2
        values += np.where(counts, won, 0.0)
        pairs += np.where(counts, yes * no, 0.0)
    result: Floats = np.divide(values, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)
    return result
