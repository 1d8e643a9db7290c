"""Linear probes: can an attribute be read from vectors by a line, on units not used to fit it?

A ridge regression of the attribute's indicator, fitted on all folds but one and scored on that one.
It is linear in the labels, so that hundreds of permuted labellings are fitted in one product.

Source: Alain and Bengio 2016 (linear probes); Hewitt and Liang 2019 (controls for them).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.fold_auc import FoldAuc, fold_auc, fold_auc_values

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

RIDGE = 0.01
"""The penalty on standardised features, relative to the number of units fitted on."""

BLOCKS = 64
_AT_ONCE = 64


@dataclass(frozen=True)
class _Fold:
    """One fold: standardised features to fit on and to score, which rows these are, the penalty."""

    fitted: Floats
    others: Floats
    held: NDArray[np.bool_]

    @property
    def penalty(self) -> Floats:
        return np.asarray(RIDGE * len(self.fitted) * np.eye(self.fitted.shape[1]))


def _folds(vectors: Floats, folds: Codes) -> Iterator[_Fold]:
    for fold in np.unique(folds):
        held = folds == fold
        mean, spread = vectors[~held].mean(axis=0), vectors[~held].std(axis=0)
        # A spread of rounding errors would blow noise up to the size of the other features.
        known = spread > 1e-6 * (np.abs(mean) + spread.max(initial=0.0))
        scale = np.where(known, 1 / np.where(known, spread, 1.0), 0.0)
        yield _Fold((vectors[~held] - mean) * scale, (vectors[held] - mean) * scale, held)


def probe_scores(vectors: Floats, labels: Floats, folds: Codes) -> Floats:
    """What a probe that was fitted on the other folds says of each unit.

    Features are standardised by the units fitted on; a feature that does not vary says nothing.

    Args:
        vectors: `[units, d]`, finite.
        labels: `[units, labellings]`, 0 or 1.
        folds: `[units]`.

    Returns:
        `[units, labellings]`; comparable within a fold only.

    Example:
        >>> vectors, folds = np.array([[0.0], [1], [2], [3]]), np.array([0, 0, 1, 1])
        >>> scores = probe_scores(vectors, np.array([[0.0], [1], [0], [1]]), folds)
        >>> bool(scores[1] > scores[0]), bool(scores[3] > scores[2])
        (True, True)
    """
    scores = np.zeros(labels.shape)
    for fold in _folds(vectors, folds):
        centred = labels[~fold.held] - labels[~fold.held].mean(axis=0)
        gram = fold.fitted.T @ fold.fitted + fold.penalty
        scores[fold.held] = fold.others @ np.linalg.solve(gram, fold.fitted.T @ centred)
    return scores


def scores_without_blocks(vectors: Floats, labels: Floats, folds: Codes, blocks: Codes) -> Floats:
    """As `probe_scores` of one labelling, each probe fitted without one block in turn.

    Args:
        labels: `[units]`.
        blocks: `[units]`, each unit's block.

    Returns:
        `[units, blocks]`.
    """
    names, places = np.unique(blocks, return_inverse=True)
    scores = np.zeros((len(vectors), len(names)))
    for fold in _folds(vectors, folds):
        centred = labels[~fold.held] - labels[~fold.held].mean()
        whole, target = fold.fitted.T @ fold.fitted + fold.penalty, fold.fitted.T @ centred
        of_fitted = places[~fold.held]
        for block in range(len(names)):
            left, theirs = fold.fitted[of_fitted == block], centred[of_fitted == block]
            weights = np.linalg.solve(whole - left.T @ left, target - left.T @ theirs)
            scores[fold.held, block] = fold.others @ weights
    return scores


def permuted(labels: Codes, units: Codes, times: int, seed: int) -> Codes:
    """Labels dealt anew among units, each unit's rows getting the labels of another one's.

    Where a unit holds several rows, they get the other unit's labels in turn, again from the first
    if that one has fewer. Labels that are the same within each unit stay so.

    Args:
        labels: `[rows]`.
        units: `[rows]`, any numbers.
        times: how often.
        seed: of the permutations.

    Returns:
        `[rows, times]`.

    Example:
        >>> dealt = permuted(np.array([1, 1, 0, 0]), np.array([5, 5, 9, 9]), 100, seed=0)
        >>> sorted({tuple(column.tolist()) for column in dealt.T})
        [(0, 0, 1, 1), (1, 1, 0, 0)]
    """
    generator = np.random.default_rng(seed)
    order = np.argsort(units, kind="stable")
    _, starts, places, sizes = np.unique(
        units[order], return_index=True, return_inverse=True, return_counts=True
    )
    within = np.arange(len(units)) - starts[places]
    ordered, result = labels[order], np.empty((len(labels), times), dtype=labels.dtype)
    for time in range(times):
        giver = generator.permutation(len(starts))[places]
        result[order, time] = ordered[starts[giver] + within % sizes[giver]]
    return result


@dataclass(frozen=True)
class Probed:
    """What a probe reads, and what it would read if there were nothing to be read.

    Attributes:
        auc: of the labels as they are.
        null: AUCs of permuted labels, ascending.
        fitting: variance of the AUC that comes from fitting the probe, by deleting blocks from
            what it is fitted on. DeLong's variance takes the probe as given: where there is
            nothing to read, the two are equal, and his interval alone would cover 84 %, not 95 %.
    """

    auc: FoldAuc
    null: Floats
    fitting: float

    def estimate(self, blocks: Codes | None = None) -> Estimate:
        """The AUC as a judge reads it; `blocks` where units come in clusters."""
        return self.auc.estimate(blocks, self.fitting)

    @property
    def p_value(self) -> float:
        """Chance of so large an AUC without anything to read: (1 + as large) / (1 + permutations).

        Source: Phipson and Smyth 2010.
        """
        as_large = int((self.null >= self.auc.value).sum())
        return (1 + as_large) / (1 + len(self.null))

    def null_quantile(self, share: float) -> float:
        """The AUC under which this share of the permutations lies."""
        return float(np.quantile(self.null, share, method="higher"))


# Six arguments: the rows by three partitions, and the permutations.
def probed(
    vectors: Floats,
    positive: NDArray[np.bool_],
    folds: Codes,
    units: Codes,
    times: int,
    seed: int,
) -> Probed:
    """A cross-fitted linear probe, and the same of permuted labels.

    Args:
        vectors: `[rows, d]`, finite.
        positive: `[rows]`, what is to be read.
        folds: `[rows]`; rows of one unit lie in one.
        units: `[rows]`, the independent units, any whole numbers.
        times: number of permutations.
        seed: of these.

    Raises:
        ValueError: no fold holds two of each.
    """
    truth = positive.astype(np.float64)
    auc = fold_auc(probe_scores(vectors, truth[:, None], folds)[:, 0], positive, folds)
    without = scores_without_blocks(vectors, truth, folds, units % BLOCKS)
    dealt = permuted(positive.astype(np.int64), units, times, seed)
    parts = [dealt[:, start : start + _AT_ONCE] for start in range(0, times, _AT_ONCE)]
    null = [
        fold_auc_values(probe_scores(vectors, part.astype(np.float64), folds), part == 1, folds)
        for part in parts
    ]
    values = np.concatenate(null)
    return Probed(
        auc,
        np.sort(values[np.isfinite(values)]),
        _variance(
            fold_auc_values(without, np.broadcast_to(positive[:, None], without.shape), folds)
        ),
    )


def _variance(without: Floats) -> float:
    """The jackknife's variance, from a statistic without each block."""
    count = len(without)
    return (count - 1) / count * float(((without - without.mean()) ** 2).sum())
