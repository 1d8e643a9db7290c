"""Which features matter, how sure that is, and whether another sample would say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from auditkit.measurement import Estimate, Interval
from auditkit.statistics.estimates import interval, student


@dataclass(frozen=True)
class RankedFeature:
    """One feature's mean absolute attribution.

    Attributes:
        name: of the feature.
        value: mean over the units.
        estimate: what intervals at other levels are computed from; None with a single unit.
        interval: Student's, over the units; None with a single unit.
        rank: 1 for the largest value; the mean rank of those that are equal.
    """

    name: str
    value: float
    estimate: Estimate | None
    interval: Interval | None
    rank: float


@dataclass(frozen=True)
class Ranking:
    """Features by importance.

    Attributes:
        features: the most important first.
        units: how many units are behind it.
        stability: mean Spearman correlation of the rankings of two random halves of the units, from
            −1 to 1; NaN with fewer than four units or two features, or if all values are equal.
        top_stability: share of random halves in which the first feature is first; NaN likewise.
    """

    features: tuple[RankedFeature, ...]
    units: int
    stability: float
    top_stability: float


def rank_features(
    values: np.ndarray,
    names: Sequence[str],
    *,
    level: float = 0.90,
    splits: int = 100,
    seed: int = 0,
) -> Ranking:
    """Features ranked by their mean absolute attribution.

    Args:
        values: [n, d] attributions or their magnitudes; their absolute values are taken.
        names: of the d features.
        level: of the intervals.
        splits: how often the units are split into halves.
        seed: of these splits.

    Raises:
        ValueError: no units or features, a value that is not finite, or other names than features.

    >>> found = rank_features(np.array([[0.1, -2.0], [0.3, 1.0]]), ["age", "hours"])
    >>> [(feature.name, feature.value) for feature in found.features]
    [('hours', 1.5), ('age', 0.2)]
    """
    sizes = np.abs(np.asarray(values, dtype=np.float64))
    if sizes.ndim != 2 or 0 in sizes.shape or sizes.shape[1] != len(names):
        raise ValueError(f"expected [n, {len(names)}] values, n at least 1, got {sizes.shape}")
    finite = np.isfinite(sizes).all(axis=1)
    if not finite.all():
        raise ValueError(f"{int((~finite).sum())} of {len(sizes)} units have no finite values")
    means = sizes.mean(axis=0)
    ranks = rankdata(-means)
    features = [
        _feature(name, column, float(rank), level)
        for name, column, rank in zip(names, sizes.T, ranks, strict=True)
    ]
    features.sort(key=lambda feature: (feature.rank, feature.name))
    stability, top = _stability(sizes, int(means.argmax()), splits, seed)
    return Ranking(tuple(features), len(sizes), stability, top)


def _feature(name: str, column: np.ndarray, rank: float, level: float) -> RankedFeature:
    n, value = len(column), float(column.mean())
    if n < 2:
        return RankedFeature(name, value, None, None, rank)
    estimate = student(value, float(column.std(ddof=1) / np.sqrt(n)), n - 1)
    return RankedFeature(name, value, estimate, interval(estimate, level), rank)


def _stability(sizes: np.ndarray, top: int, splits: int, seed: int) -> tuple[float, float]:
    """Agreement of random halves (split-half reliability; Spearman 1910, Brown 1910)."""
    n, features = sizes.shape
    if n < 4 or features < 2 or np.ptp(sizes.mean(axis=0)) == 0:
        return float("nan"), float("nan")
    generator = np.random.default_rng(seed)
    agreements, firsts = [], []
    for _ in range(splits):
        order = generator.permutation(n)
        halves = [sizes[part].mean(axis=0) for part in (order[: n // 2], order[n // 2 :])]
        agreements.append(_spearman(*halves))
        firsts += [half.argmax() == top for half in halves]
    return float(np.mean(agreements)), float(np.mean(firsts))


def _spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's correlation of mean ranks; NaN if one side is all equal."""
    a, b = (rankdata(half) - (len(half) + 1) / 2 for half in (first, second))
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size else float("nan")
