"""How far two samples over the same bins lie apart, as functions of two count vectors.

Total variation and Kolmogorov–Smirnov come as estimates that a gate can read. Jensen–Shannon and
PSI are shown only: the plain values rise with few rows, and no simple honest bound is known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, rel_entr

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import estimate

Floats = NDArray[np.float64]
Sizes = tuple[float, float]

# E sup |F_n − F| ≤ ∫ min(1, 2 exp(−2 n t²)) dt = _SUPREMUM / √n, by Massart's bound.
_SUPREMUM = math.sqrt(math.log(2) / 2) + math.sqrt(math.pi / 2) * math.erfc(math.sqrt(math.log(2)))


def total_variation(first: ArrayLike, second: ArrayLike, sizes: Sizes | None = None) -> Estimate:
    """Half the sum of the absolute differences of shares, from 0 (same) to 1 (disjoint).

    The plain value is too large by chance alone, by at most Σ √(p(1−p)/n + q(1−q)/m) / 2; the
    lower bound takes that off. Either bound then holds for any distributions and sizes (but for p
    and q in that term being estimated): it errs on the wide side.

    Args:
        first: `[bins]`, counts of the one sample.
        second: `[bins]`, of the other, over the same bins.
        sizes: effective numbers of units, where rows depend on each other; else the totals.

    Raises:
        ValueError: other than two rows of counts of one length, or an empty sample.

    Source: McDiarmid, Surveys in Combinatorics (1989) 148–188 (bounded differences).

    Example:
        >>> round(total_variation([50, 30, 20], [40, 30, 30]).parameters["value"], 12)
        0.1
    """
    p, q, (n, m) = _shares(first, second, sizes)
    value = float(np.abs(p - q).sum()) / 2
    bias = float(np.sqrt(p * (1 - p) / n + q * (1 - q) / m).sum()) / 2
    return _distance(value, bias, n, m)


def kolmogorov_smirnov(first: ArrayLike, second: ArrayLike, sizes: Sizes | None = None) -> Estimate:
    """The largest difference of the cumulative shares over ordered bins, from 0 to 1.

    Bounds as of `total_variation`; here the excess by chance is at most .889 (1/√n + 1/√m), and
    never more than that of the total variation. The value is that of the binned variable; that of
    the variable itself lies at most `binning_bound` above.

    Source: Massart, Annals of Probability 18 (1990) 1269–1283; McDiarmid (1989).
    """
    p, q, (n, m) = _shares(first, second, sizes)
    value = float(np.abs(np.cumsum(p - q)).max())
    pointwise = float(np.sqrt(p * (1 - p) / n + q * (1 - q) / m).sum()) / 2
    bias = min(_SUPREMUM * (1 / math.sqrt(n) + 1 / math.sqrt(m)), pointwise)
    return _distance(value, bias, n, m)


def _distance(value: float, bias: float, n: float, m: float) -> Estimate:
    scale = math.sqrt(1 / n + 1 / m)
    return estimate("bounded_differences", value=min(value, 1.0), bias=bias, scale=scale)


def binning_bound(first: ArrayLike, second: ArrayLike) -> float:
    """By how much the Kolmogorov–Smirnov distance without bins can be larger: max min(p, q).

    Example:
        >>> binning_bound([50, 50], [25, 75])
        0.5
    """
    p, q, _ = _shares(first, second, None)
    return float(np.minimum(p, q).max())


def jensen_shannon(first: ArrayLike, second: ArrayLike) -> float:
    """The Jensen–Shannon divergence in bits, from 0 to 1 (its square root is the distance).

    Source: Lin, IEEE Transactions on Information Theory 37 (1991) 145–151.

    Example:
        >>> jensen_shannon([1, 0], [0, 1])
        1.0
    """
    p, q, _ = _shares(first, second, None)
    middle = (p + q) / 2
    nats = float(rel_entr(p, middle).sum() + rel_entr(q, middle).sum()) / 2
    return min(max(nats / math.log(2), 0.0), 1.0)


def population_stability_index(
    first: ArrayLike, second: ArrayLike, pseudocount: float = 0.5
) -> float:
    """PSI = Σ (q − p) ln(q / p) in nats, at least 0, without upper limit.

    Args:
        first: `[bins]`, counts of the expected (reference) sample.
        second: `[bins]`, of the actual one.
        pseudocount: added to every bin of both, since an empty bin would make PSI infinite; with 0
            it does.

    Source: Siddiqi, Credit Risk Scorecards (2006); that .1 and .25 mean anything is convention.
    """
    p, q, _ = _shares(first, second, None, pseudocount)
    return float(rel_entr(p, q).sum() + rel_entr(q, p).sum())


@dataclass(frozen=True)
class ChiSquare:
    """A two-sample chi-square test.

    Attributes:
        statistic: Σ (observed − expected)² / expected.
        df: degrees of freedom.
        p_value: of the hypothesis that both samples come from one distribution.
        pooled: how many bins were too rare and were counted as one.
    """

    statistic: float
    df: int
    p_value: float
    pooled: int


def chi_square(first: ArrayLike, second: ArrayLike, fewest: float = 5.0) -> ChiSquare:
    """Tests whether two samples share one distribution; both are taken as samples.

    Bins empty in both are dropped. Bins whose smaller expected count is under `fewest` are pooled,
    the rarest first, until what they make up together is not: sparse bins reject too often.

    Raises:
        ValueError: as of `total_variation`, or fewer than two bins are left, so that there is
            nothing to compare.

    Source: Pearson's statistic of the 2 × k table; Cochran, Biometrics 10 (1954) 417–451 (pooling).

    Example:
        >>> test = chi_square([50, 30, 20, 1], [40, 30, 30, 0])
        >>> round(test.statistic, 4), test.df, test.pooled
        (2.6944, 2, 2)
    """
    table = np.stack([_counted(first), _counted(second)])
    totals = table.sum(axis=0)
    table = table[:, totals > 0][:, np.argsort(totals[totals > 0], kind="stable")]
    share = float(table.sum(axis=1).min() / table.sum())
    expected = table.sum(axis=0) * share
    # Bins are in ascending order: pool a first few, so many that their sum is large enough.
    rare = int((expected < fewest).sum())
    if rare and expected[:rare].sum() < fewest:
        rare += 1
    if rare > 1:
        table = np.concatenate([table[:, :rare].sum(axis=1, keepdims=True), table[:, rare:]], 1)
    if table.shape[1] < 2:
        raise ValueError("fewer than two bins hold enough units: there is nothing to compare")
    expectation = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    statistic = float(((table - expectation) ** 2 / expectation).sum())
    df = table.shape[1] - 1
    return ChiSquare(statistic, df, float(chdtrc(df, statistic)), rare if rare > 1 else 0)


def _shares(
    first: ArrayLike, second: ArrayLike, sizes: Sizes | None, pseudocount: float = 0.0
) -> tuple[Floats, Floats, Sizes]:
    x, y = _counted(first), _counted(second)
    if x.shape != y.shape:
        raise ValueError(f"the samples have different bins: {x.size} and {y.size}")
    n, m = sizes if sizes is not None else (float(x.sum()), float(y.sum()))
    if not (0 < n <= x.sum() and 0 < m <= y.sum()):
        raise ValueError(f"effective sizes {n} and {m} do not lie in (0, the number of rows]")
    x, y = x + pseudocount, y + pseudocount
    return x / x.sum(), y / y.sum(), (n, m)


def _counted(values: ArrayLike) -> Floats:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iu" or not array.size or array.min() < 0:
        raise ValueError(f"expected one row of counts, found {array.dtype}{array.shape}")
    if array.sum() == 0:
        raise ValueError("one of the samples is empty")
    return array.astype(np.float64)
