"""What calibration looks like: the reliability curve, and the plain calibration error.

Both are for the eye. The plain error is above zero even for a perfect model, so it comes with what
such a model would score on as many units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, xlog1py, xlogy

from auditkit.statistics.critical import critical_value
from auditkit.statistics.proportions import wilson_bounds
from auditkit.statistics.score_cells import (
    BINS,
    Floats,
    checked_cells,
    equal_mass_bins,
    run_starts,
)


@dataclass(frozen=True)
class ExpectedCalibrationError:
    """A plain calibration error, for the eye.

    Attributes:
        value: Σ_b (n_b/N) |share right − mean score| over bins of equal width.
        perfect: what a perfectly calibrated model would score on average, with these bins and n.
    """

    value: float
    perfect: float


def expected_calibration_error(
    wrong: ArrayLike, right: ArrayLike, score_sums: ArrayLike, *, bins: int = BINS
) -> ExpectedCalibrationError:
    """The plain error with equal-width bins, beside what a perfect model of this n would show.

    Args:
        wrong, right, score_sums: `[cells]`; the number of cells must be a multiple of `bins`.
        bins: number of bins.

    Source: Naeini, Cooper and Hauskrecht, AAAI 2015 (definition); the mean absolute deviation of a
    binomial in closed form: De Moivre, see Diaconis and Zabell, Statistical Science 6 (1991)
    284–302.

    Example:
        >>> ece = expected_calibration_error([4, 2, 1], [2, 2, 5], [1.0, 2.0, 5.0], bins=3)
        >>> round(ece.value, 4), round(ece.perfect, 4)
        (0.0625, 0.1306)
    """
    cells = checked_cells(wrong, right, score_sums, fewest=1)
    count = len(np.asarray(wrong))
    if count % bins:
        raise ValueError(f"{count} cells do not make up {bins} bins of equal width")
    binned = cells.summed(run_starts(cells.index * bins // count))
    score = binned.scores / binned.n
    value = float(np.abs(binned.right - binned.scores).sum() / binned.n.sum())
    perfect = float((_mean_deviation(binned.n, score)).sum() / binned.n.sum())
    return ExpectedCalibrationError(value, perfect)


def _mean_deviation(n: Floats, p: Floats) -> Floats:
    """E|X − np| of a binomial X: 2 ν C(n, ν) p^ν (1−p)^(n−ν+1), ν = ⌊np⌋ + 1."""
    p = np.clip(p, 0.0, 1.0)
    v = np.minimum(np.floor(n * p) + 1, n)
    # ν C(n, ν) = 1 / B(ν, n − ν + 1)
    log = xlogy(v, p) + xlog1py(n - v + 1, -p) - betaln(v, n - v + 1)
    result: Floats = 2 * np.exp(log)
    return result


@dataclass(frozen=True)
class ReliabilityBin:
    """One point of a reliability curve.

    Attributes:
        score: mean score of its units.
        observed: share of them that were right.
        low, high: Wilson interval of that share.
        n: number of units.
        band_low, band_high: where the share would lie, at the same level, if the model were
            calibrated.
    """

    score: float
    observed: float
    low: float
    high: float
    n: int
    band_low: float
    band_high: float


def reliability(
    wrong: ArrayLike,
    right: ArrayLike,
    score_sums: ArrayLike,
    *,
    bins: int = BINS,
    level: float = 0.90,
) -> tuple[ReliabilityBin, ...]:
    """The reliability curve over bins of equal mass, with intervals and the consistency band.

    Source: Bröcker and Smith, Weather and Forecasting 22 (2007) 651–661 (consistency bars), here
    by binomial quantiles.

    Example:
        >>> (point,) = reliability([20], [80], [90.0], bins=1)
        >>> point.observed, round(point.low, 3), round(point.band_low, 3)
        (0.8, 0.727, 0.85)
    """
    # Heavy, and needed nowhere else in this package: judging a stored run must not load it.
    from scipy.stats import binom

    cells = checked_cells(wrong, right, score_sums, fewest=2)
    binned = cells.summed(run_starts(equal_mass_bins(cells, bins)))
    tail = (1 - level) / 2
    z = critical_value(tail)
    score = np.clip(binned.scores / binned.n, 0.0, 1.0)
    lows, highs = (binom.ppf(q, binned.n, score) / binned.n for q in (tail, 1 - tail))
    points = []
    for n, hits, mean_score, low, high in zip(
        binned.n, binned.right, score, lows, highs, strict=True
    ):
        ends = wilson_bounds(float(hits), float(n), z)
        points.append(
            ReliabilityBin(
                float(mean_score), float(hits / n), *ends, int(n), float(low), float(high)
            )
        )
    return tuple(points)
