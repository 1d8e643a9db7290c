"""How well one feature by itself tells classes apart: learnt on some units, judged on others.

A feature that nearly decides the outcome is often the outcome in disguise: a column that was filled
in after the fact, or was copied from the label. Its levels are scored by how often each class is
among the units of the level, and the scores are judged on units that they were not learnt from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.absence import MIN_KEPT, too_few, undefined
from auditkit.statistics.estimates import estimate
from auditkit.statistics.weighting import kish_size_of

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Levelled:
    """Units by the level of one feature and by their class.

    Attributes:
        levels: code of the feature's level, int64 of shape (n,).
        classes: code of the class, int64 of shape (n,).
        clusters: of each unit, shape (n,); None where units are independent.
    """

    levels: Codes
    classes: Codes
    clusters: NDArray[np.uint64] | None = None

    def __len__(self) -> int:
        return len(self.levels)

    def table(self, shape: tuple[int, int]) -> Floats:
        """How many units there are of each level and class, float64 of shape (levels, classes)."""
        flat = np.bincount(self.levels * shape[1] + self.classes, minlength=shape[0] * shape[1])
        return flat.reshape(shape).astype(np.float64)

    def part(self, chosen: NDArray[np.bool_]) -> Levelled:
        """Some of the units."""
        clusters = None if self.clusters is None else self.clusters[chosen]
        return Levelled(self.levels[chosen], self.classes[chosen], clusters)


def learnt_shares(table: Floats) -> Floats:
    """The share of each class at each level, drawn towards that of all by one unit.

    Args:
        table: units by level and class, of shape (levels, classes).

    Returns:
        Of shape (levels, classes); a level without units has the shares of all units.

    Example:
        >>> learnt_shares(np.array([[3.0, 0.0], [0.0, 1.0], [0.0, 0.0]])).round(4).tolist()
        [[0.9375, 0.0625], [0.375, 0.625], [0.75, 0.25]]
    """
    whole = table.sum(axis=0)
    shares = whole / max(float(whole.sum()), 1.0)
    drawn: Floats = (table + shares) / (table.sum(axis=1, keepdims=True) + 1.0)
    return drawn


def lone_auc(units: Levelled, learning: NDArray[np.bool_], classes: int) -> Estimate:
    """The AUC of one feature alone, of two classes, or the mean over classes of each against all.

    The shares of the classes at each level are learnt on some units; the others are ranked by them,
    those of one level tied. Classes of which fewer than five units are judged are left out of the
    mean. The bounds are those of `auditkit.statistics.cautious_auc`, as many units on the side that
    has fewer as the classes have in the harmonic mean: the variance of a mean of areas is at most
    the mean of their variances.

    Args:
        units: all of them.
        learning: which of them are learnt from, bool of shape (n,); no cluster may be cut.
        classes: how many there are.

    Raises:
        NoEstimateError: too few units on either side, or one class alone.

    Sources: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837–845, and Obuchowski,
    Biometrics 53 (1997) 567–578, by the influence of each unit; Newcombe, Statistics in Medicine 25
    (2006) 559–573.

    Example:
        >>> truth = np.arange(400) % 2
        >>> copied = Levelled(np.where(np.arange(400) % 10, truth, 1 - truth), truth)
        >>> round(lone_auc(copied, np.arange(400) < 200, 2).parameters["value"], 2)
        0.9
    """
    taught, judged = units.part(learning), units.part(~learning)
    if min(len(taught), len(judged)) < MIN_KEPT:
        raise too_few("A feature alone is judged on units that it was not learnt from: too few.")
    shape = (int(units.levels.max()) + 1, classes)
    shares, table = learnt_shares(taught.table(shape)), judged.table(shape)
    totals = table.sum(axis=0)
    kept = [k for k in range(classes) if MIN_KEPT <= totals[k] <= len(judged) - MIN_KEPT]
    if not kept:
        raise undefined("There is one class alone, or too few units of any other.")
    areas = [_area(shares[:, k], table, k) for k in (kept if classes > 2 else kept[-1:])]
    value = float(np.mean([area for area, _ in areas]))
    influence = np.mean([moved for _, moved in areas], axis=0)
    sizes = [_smaller_side(judged, k) for k in kept]
    fewer = len(sizes) / sum(1 / size for size in sizes)
    return estimate(
        "delong_outer",
        value=min(max(value, 0.0), 1.0),
        se=math.sqrt(_variance(judged, table, influence) * fewer / max(fewer - 1, 1.0)),
        positives=fewer,
        negatives=max(_worth(judged) - fewer, fewer),
        df=max(fewer - 1, 1.0),
    )


def _area(scores: Floats, table: Floats, place: int) -> tuple[float, Floats]:
    """The area of one class against all others, and what a unit of each level and class adds."""
    _, ranks = np.unique(scores, return_inverse=True)
    yes = table[:, place]
    no = table.sum(axis=1) - yes
    of_yes, of_no = np.bincount(ranks, yes), np.bincount(ranks, no)
    beaten = ((np.cumsum(of_no) - of_no / 2) / no.sum())[ranks]
    beating = (1 - (np.cumsum(of_yes) - of_yes / 2) / yes.sum())[ranks]
    value = float(yes @ beaten / yes.sum())
    influence = np.repeat(((beating - value) / no.sum())[:, None], table.shape[1], axis=1)
    influence[:, place] = (beaten - value) / yes.sum()
    return value, influence


def _variance(units: Levelled, table: Floats, influence: Floats) -> float:
    if units.clusters is None:
        return float((table * influence**2).sum())
    _, clusters = np.unique(units.clusters, return_inverse=True)
    sums = np.bincount(clusters, influence[units.levels, units.classes])
    return float((sums**2).sum())


def _smaller_side(units: Levelled, place: int) -> float:
    """Independent units of a class, or of all others where these are fewer."""
    mine = units.classes == place
    return min(_worth(units.part(mine)), _worth(units.part(~mine)))


def _worth(units: Levelled) -> float:
    if units.clusters is None:
        return float(len(units))
    return kish_size_of(np.unique(units.clusters, return_counts=True)[1])
