"""What calibration looks like: the reliability curve, and the plain calibration errors.

All are for the eye. A plain error is above zero even for a perfect model, so it comes with what
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
    Cells,
    Floats,
    checked_cells,
    equal_mass_bins,
    equal_width_starts,
    run_starts,
)


@dataclass(frozen=True)
class ExpectedCalibrationError:
    """A plain calibration error, for the eye.

    Attributes:
        value: Σ_b (n_b/N) |share right − mean score| over bins, or what a smooth or class-wise
            error has in its place.
        perfect: what a perfectly calibrated model would score on average, with these bins and n.
        limit: what such a model would exceed in one sample of twenty; None where that is not known.
    """

    value: float
    perfect: float
    limit: float | None = None


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
    binned = cells.summed(equal_width_starts(cells, len(np.asarray(wrong)), bins))
    value = float(np.abs(binned.right - binned.scores).sum() / binned.n.sum())
    deviation = mean_deviation(binned.n, binned.scores / binned.n)
    return ExpectedCalibrationError(value, float(deviation.sum() / binned.n.sum()))


def adaptive_calibration_error(
    wrong: ArrayLike,
    right: ArrayLike,
    score_sums: ArrayLike,
    *,
    seed: int = 0,
    bins: int = BINS,
    draws: int = 200,
) -> ExpectedCalibrationError:
    """The plain error with bins of equal mass, beside what a perfect model of this n would show.

    Args:
        wrong, right, score_sums: `[cells]`.
        seed: of the outcomes drawn for a perfect model.
        bins: number of bins.
        draws: how many samples of a perfect model are drawn.

    Raises:
        ValueError: fewer than two units, scores outside [0, 1], or arrays that do not match.

    Source: Nguyen and O'Connor, EMNLP 2015 (equal mass).

    Example:
        >>> ace = adaptive_calibration_error([4, 2, 1], [2, 2, 5], [1.0, 2.0, 5.0], bins=3)
        >>> round(ace.value, 4)
        0.0625
    """
    cells = checked_cells(wrong, right, score_sums, fewest=2)
    starts = run_starts(equal_mass_bins(cells, bins))
    units = cells.n.sum()

    def error(hits: Floats) -> Floats:
        gaps = np.add.reduceat(hits - cells.scores, starts, axis=-1)
        result: Floats = np.abs(gaps).sum(axis=-1) / units
        return result

    perfect = error(perfect_hits(cells, seed=seed, draws=draws))
    return beside_perfect(float(error(cells.right)), perfect)


def perfect_hits(cells: Cells, *, seed: int, draws: int) -> Floats:
    """How many units would be right if the model were calibrated, drawn: `[draws, cells]`."""
    shares = np.clip(cells.scores / cells.n, 0.0, 1.0)
    drawn = np.random.default_rng(seed).binomial(
        cells.n.astype(np.int64), shares, (draws, len(shares))
    )
    return drawn.astype(np.float64)


def beside_perfect(value: float, perfect: Floats) -> ExpectedCalibrationError:
    """A plain error with mean and 95 % quantile of those of drawn perfect models, `[draws]`."""
    return ExpectedCalibrationError(value, float(perfect.mean()), float(np.quantile(perfect, 0.95)))


def mean_deviation(n: Floats, p: Floats) -> Floats:
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
