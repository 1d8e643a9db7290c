"""Labels that a model contradicts with more confidence than it usually has.

A unit confidently belongs to a class if its probability of it is at least the mean probability of
that class among the units labelled as it; of several classes, to the most probable. The label of a
unit that confidently belongs to another class is contradicted: the unit lies off the diagonal of
the confident joint. A class that the model is never sure of takes less to be contradicted for.

Source: Northcutt, Jiang and Chuang, Confident Learning, Journal of Artificial Intelligence Research
70 (2021) 1373–1411, eq. 1. Where several classes are possible, cleanlab takes the most probable of
all classes, which need not be one of them; the two differ in few units, and not at all with two
classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.measurement import Estimate
from auditkit.statistics import estimates
from auditkit.statistics.absence import undefined

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_ROUNDING = 1e-6
"""By how much less than the mean a probability may be, so that a mean of equal ones is reached."""


def self_confidence(probabilities: ArrayLike, given: ArrayLike) -> Floats:
    """Mean probability of each class among the units labelled as it; NaN of a class without any.

    Args:
        probabilities: `[n, classes]`.
        given: `[n]`, codes of the labels.

    Raises:
        ValueError: shapes that do not match, or a code that is no class.

    Example:
        >>> self_confidence([[0.9, 0.1], [0.7, 0.3], [0.4, 0.6]], [0, 0, 1]).tolist()
        [0.8, 0.6]
    """
    scores, codes = _checked(probabilities, given)
    sums, units = _by_block(scores, codes, np.zeros_like(codes))
    return _means(sums.sum(axis=0), units.sum(axis=0))


def confident_classes(probabilities: ArrayLike, given: ArrayLike) -> Codes:
    """The class that each unit confidently belongs to, int64 `[n]`; −1 where it is none.

    Args and errors are those of `self_confidence`.

    Example:
        >>> scores = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.45, 0.55], [0.1, 0.9]]
        >>> confident_classes(scores, [0, 0, 0, 1, 1]).tolist()
        [0, 0, 1, -1, 1]
    """
    scores, codes = _checked(probabilities, given)
    limits = self_confidence(scores, codes)
    return _Candidates.reaching(scores, limits).chosen(limits)


@dataclass(frozen=True, eq=False)
class ContradictedLabels:
    """How many labels are contradicted, of all units and without one block of them at a time.

    The means that a contradiction is measured against come from the same units. So the share varies
    more than that of a trait which units have for themselves: its standard error is up to 1.7 times
    as large.

    Attributes:
        confident: int64 `[n]`, the class that each unit confidently belongs to; −1 for none.
        contradicted: bool `[n]`, whether that is another class than the label.
        hits: int64 `[1 + blocks, classes]`, contradicted labels of each class: of all units, and
            without each of the blocks that hold any.
        units: int64, of the same shape: the units with each label.
    """

    confident: Codes
    contradicted: NDArray[np.bool_]
    hits: Codes
    units: Codes

    @classmethod
    def among(
        cls, probabilities: ArrayLike, given: ArrayLike, blocks: ArrayLike
    ) -> ContradictedLabels:
        """Look at some units.

        Args:
            probabilities: `[n, classes]`.
            given: `[n]`, codes of the labels.
            blocks: `[n]`, whole numbers: the part that each unit, or its whole cluster, is in.

        Raises:
            ValueError: shapes that do not match, or a code that is no class.
            NoEstimateError: fewer than two classes are given, so that none can be contradicted.

        Example:
            >>> scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9], [0.4, 0.6]] * 5)
            >>> labels = np.array([0, 1, 0, 0] * 5)
            >>> found = ContradictedLabels.among(scores, labels, np.arange(20))
            >>> found.contradicted[:4].tolist(), round(estimates.value(found.share()), 3)
            ([False, False, True, False], 0.25)
        """
        scores, codes = _checked(probabilities, given)
        if len(np.unique(codes)) < 2:
            raise undefined("All labels are of one class, so that no other is known.")
        _, places = np.unique(np.asarray(blocks), return_inverse=True)
        sums, units = (_without_each(part) for part in _by_block(scores, codes, places))
        limits = _means(sums, units)
        candidates = _Candidates.reaching(scores, np.nan_to_num(limits, nan=np.inf).min(axis=0))
        hits = np.zeros(units.shape, dtype=np.int64)
        for place, limit in enumerate(limits):
            chosen = candidates.chosen(limit)
            off = (chosen >= 0) & (chosen != codes) & (places != place - 1)
            hits[place] = np.bincount(codes[off], minlength=scores.shape[1])
        confident = candidates.chosen(limits[0])
        contradicted = (confident >= 0) & (confident != codes)
        return cls(confident, contradicted, hits, units.astype(np.int64))

    def share(self, label: int | None = None, clusters: int | None = None) -> Estimate:
        """The share of contradicted labels.

        Wilson's interval of the effective number of units, which is less than theirs by the
        variance that the jackknife finds, means and all, over that of a binomial share.

        Args:
            label: code of the class whose labels are looked at; None for all.
            clusters: number of independent clusters among the units; None if each is independent.

        Raises:
            NoEstimateError: no unit has the label.
            ValueError: all units with it are in one block.
        """
        chosen = slice(None) if label is None else slice(label, label + 1)
        hits, units = (part[:, chosen].sum(axis=1) for part in (self.hits, self.units))
        if not units[0]:
            raise undefined("No unit has the label.")
        without = units[1:] < units[0]
        blocks = int(without.sum())
        if blocks < 2:
            raise ValueError("all units with the label are in one block")
        rates = hits[1:][without] / units[1:][without]
        independent = units[0] if clusters is None else min(units[0], clusters)
        effect = _design_effect(hits[0] / units[0], rates, int(units[0]), int(independent))
        return estimates.proportion(hits[0] / effect, units[0] / effect, blocks - 1)


def _design_effect(rate: float, without: Floats, units: int, independent: int) -> float:
    """How many times the variance of a binomial share there is, at least one time.

    Args:
        rate: of all units.
        without: of all units but those of each block.
        units: their number.
        independent: number of independent units.
    """
    if rate in (0.0, 1.0):
        # Nothing shows how alike the units of a cluster are: it counts as one.
        return units / independent
    count = len(without)
    variance = (count - 1) / count * float(((without - without.mean()) ** 2).sum())
    return max(variance / (rate * (1 - rate) / units), 1.0)


@dataclass(frozen=True, eq=False)
class _Candidates:
    """Classes that units may confidently belong to, the most probable of each unit first."""

    units: int
    rows: Codes
    columns: Codes
    values: Floats

    @classmethod
    def reaching(cls, scores: Floats, limits: Floats) -> _Candidates:
        """Those whose probability reaches the limit of the class, which may be infinite or NaN."""
        rows, columns = np.nonzero(scores >= limits - _ROUNDING)
        values = scores[rows, columns]
        order = np.lexsort((columns, -values, rows))
        return cls(len(scores), rows[order], columns[order], values[order])

    def chosen(self, limits: Floats) -> Codes:
        """The first class of each unit that reaches other limits, none of them lower; −1."""
        reached = np.flatnonzero(self.values >= limits[self.columns] - _ROUNDING)
        rows, first = np.unique(self.rows[reached], return_index=True)
        found = np.full(self.units, -1, dtype=np.int64)
        found[rows] = self.columns[reached[first]]
        return found


def _by_block(scores: Floats, codes: Codes, blocks: Codes) -> tuple[Floats, Floats]:
    """Sums of the labels' own probabilities, and units, both `[blocks, classes]`."""
    count, classes = int(blocks.max(initial=-1)) + 1, scores.shape[1]
    cells = blocks * classes + codes
    of_label = scores[np.arange(len(codes)), codes]
    sums = np.bincount(cells, of_label, minlength=count * classes).reshape(count, classes)
    units = np.bincount(cells, minlength=count * classes).reshape(count, classes)
    return sums.astype(np.float64), units.astype(np.float64)


def _without_each(blocks: Floats) -> Floats:
    """The sum of all blocks, then that of all but each of them."""
    whole = blocks.sum(axis=0)
    return np.vstack([whole[None], whole - blocks])


def _means(sums: Floats, units: Floats) -> Floats:
    means: Floats = np.divide(sums, units, out=np.full(sums.shape, np.nan), where=units > 0)
    return means


def _checked(probabilities: ArrayLike, given: ArrayLike) -> tuple[Floats, Codes]:
    scores, codes = np.asarray(probabilities, dtype=np.float64), np.asarray(given)
    if scores.ndim != 2 or codes.shape != scores.shape[:1]:
        raise ValueError(f"probabilities of {scores.shape} do not fit labels of {codes.shape}")
    if codes.size and (codes.dtype.kind not in "iu" or codes.min() < 0):
        raise ValueError("labels must be codes of classes, from 0 on")
    if codes.size and codes.max() >= scores.shape[1]:
        raise ValueError(f"a label is {codes.max()}, and there are {scores.shape[1]} classes")
    return scores, codes.astype(np.int64)
