"""Calibration from counts in cells of the score: does a score of .8 come true four times in five?

The state is three arrays over `CELLS` equal-width cells of a score in [0, 1]: how many units were
wrong (or negative), how many right (or positive), and the sum of their scores. The score is the
confidence in the predicted class, or the probability of the positive class.

A gate reads `squared_error` (or, with clusters, `clustered_squared_error`) and `confidence_gap`.
What is shown beside them, and never judged, is in `reliability`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.bounded_means import PSEUDO_UNITS
from auditkit.statistics.calibration_bootstrap import Redraws, debiased, redraws
from auditkit.statistics.calibration_jackknife import clustered_squared_error
from auditkit.statistics.estimates import estimate, mean
from auditkit.statistics.reliability import (
    ExpectedCalibrationError,
    ReliabilityBin,
    adaptive_calibration_error,
    expected_calibration_error,
    reliability,
)
from auditkit.statistics.score_cells import (
    BINS,
    CELLS,
    Cells,
    checked_cells,
    equal_mass_bins,
    run_starts,
)

__all__ = [
    "BINS",
    "CELLS",
    "ExpectedCalibrationError",
    "ReliabilityBin",
    "adaptive_calibration_error",
    "clustered_squared_error",
    "confidence_gap",
    "debiased_squared_error",
    "expected_calibration_error",
    "of_the_likelier",
    "reliability",
    "spread_estimate",
    "squared_error",
]

_UNTIL = 16  # units that are wrong (or right), from which on no more are needed to tell the spread
FEWEST = 2 * BINS
"""Units that a calibration error needs: two for each bin."""

_PARTS = 32  # the bootstrap resamples at most this many groups of cells in each bin
_SKEWED = 2 / 3  # see `spread_estimate`


def squared_error(
    wrong: ArrayLike,
    right: ArrayLike,
    score_sums: ArrayLike,
    *,
    seed: int = 0,
    bins: int = BINS,
    draws: int = 400,
) -> Estimate:
    """The debiased squared calibration error, and its standard deviation by bootstrap.

    Σ_b (n_b/N) [(share right − mean score)² − share right (1 − share right) / (n_b − 1)] over bins
    of equal mass. It is 0 on average for a calibrated model (and may be negative), and the square
    of a tolerated gap is its threshold: .0025 for .05.

    The standard deviation is that of `draws` multinomial redraws of the cells; `spread_estimate`
    says from which shares, and what the parameter `slope` is. Only for independent rows;
    `clustered_squared_error` for clusters.

    Args:
        wrong: `[cells]`, units whose prediction was wrong (or whose label is negative).
        right: `[cells]`, units whose prediction was right (or whose label is positive).
        score_sums: `[cells]`, the sum of their scores.
        seed: of the redraws.
        bins: number of bins.
        draws: number of redraws.

    Raises:
        ValueError: fewer than two units a bin, scores outside [0, 1], or arrays that do not match.

    Source: Bröcker, Quarterly Journal of the Royal Meteorological Society 138 (2012) 1611–1617, and
    Kumar, Liang and Ma, Verified Uncertainty Calibration, NeurIPS 2019 (debiased estimator).
    """
    cells = checked_cells(wrong, right, score_sums, fewest=2 * bins)
    groups = equal_mass_bins(cells, bins)
    parts = run_starts(groups * bins * _PARTS + equal_mass_bins(cells, bins * _PARTS))
    return spread_estimate(cells.summed(parts), groups[parts], seed=seed, draws=draws)


def debiased_squared_error(
    wrong: ArrayLike, right: ArrayLike, score_sums: ArrayLike, *, bins: int = BINS
) -> float:
    """The value of `squared_error` without its interval; arguments and errors are the same.

    Example:
        >>> round(debiased_squared_error([9, 1], [1, 9], [1.0, 9.0], bins=2), 9)
        -0.01
    """
    cells = checked_cells(wrong, right, score_sums, fewest=2 * bins)
    return _debiased_value(cells.summed(run_starts(equal_mass_bins(cells, bins))))


def spread_estimate(
    cells: Cells, of_bin: NDArray[np.intp], *, seed: int = 0, draws: int = 400
) -> Estimate:
    """The debiased squared error of any bins, with what its bounds need.

    Redrawn as observed, a sample would have the errors of its own noise on top of the model's, and
    spread up to √3 times too much. So the gaps of its bins are drawn together, by one factor for
    all, until the squared error of what is drawn from is the estimated one. A share has half a
    right and half a wrong unit added: that all units of a bin are right is no proof that the next
    one will be.

    The variance is Σ w² (4 gap² σ² + 2 σ⁴), σ² = share (1 − share) / n in each bin of weight w, so
    that it rises with the error. `slope` is two thirds of that rise over 4. A squared error is
    skewed to the right, and with two thirds the normal bounds miss about as often below as above
    (`benchmarks/calibration_gates.py` and `benchmarks/coverage.py` hold both rates).

    Args:
        cells: occupied cells, consecutive ones making up a bin.
        of_bin: `[cells]`, number of the bin of each.
        seed: of the redraws.
        draws: number of redraws.

    Returns:
        `squared_error`.
    """
    starts = run_starts(of_bin)
    binned = cells.summed(starts)
    value = _debiased_value(binned)
    gaps = (binned.right + 0.5) / (binned.n + 1) - binned.scores / binned.n
    plain = float(binned.n @ gaps**2 / binned.n.sum())
    factor = math.sqrt(min(max(value, 0.0) / plain, 1.0)) if plain > 0 else 0.0
    least = (0.5 / (binned.n + 1))[of_bin]
    shares = np.clip(cells.scores / cells.n + factor * gaps[of_bin], least, 1 - least)
    drawn = redraws(cells, shares, seed=seed, draws=draws)
    sd = float(debiased(drawn.summed(starts)).std(ddof=1))
    return estimate("squared_error", value=value, sd=sd, slope=_SKEWED * _rise(binned))


def _debiased_value(binned: Cells) -> float:
    state = Redraws(binned.right[None], binned.n[None], binned.scores[None])
    return float(debiased(state)[0])


def _rise(binned: Cells) -> float:
    """By how much the variance of the error rises with the error, divided by 4.

    The part 4 Σ w² gap² σ² over the error Σ w gap², the gaps being the plain ones. Where by chance
    few are wrong, the spread looks too small as well, so it is taken one standard error further up.
    """
    n, weight = binned.n, binned.n / binned.n.sum()
    share = (binned.right + 1) / (n + 2)
    errors = weight * (binned.right / n - binned.scores / n) ** 2
    spread = share * (1 - share)
    spread += np.abs(1 - 2 * share) * np.sqrt(spread / n)
    mean_spread = errors @ spread / errors.sum() if errors.sum() > 0 else weight @ spread
    return float(mean_spread / n.sum())


def confidence_gap(wrong: ArrayLike, right: ArrayLike, score_sums: ArrayLike) -> Estimate:
    """Mean score minus share right: above zero is over-confident (Student interval).

    Scores within a cell are taken as equal, which moves the standard error by less than a
    thousandth. Some right and some wrong units widen it: four of each where all agree, since a
    sample without an error is no proof of a model without any, down to a half of each where
    fourteen do not. A gap just above a margin of .05 then passes for less in at most 7 % of samples
    of any size; with half a unit it was in up to 19 %.

    Raises:
        ValueError: fewer than two units, or as of `squared_error`.

    Example:
        >>> gap = confidence_gap([20], [80], [90.0])
        >>> round(gap.parameters["value"], 12), round(gap.parameters["se"], 4)
        (0.1, 0.0407)
        >>> round(confidence_gap([0], [80], [76.0]).parameters["se"], 4)
        0.0239
    """
    cells = checked_cells(wrong, right, score_sums, fewest=2)
    score = cells.scores / cells.n
    total = float(cells.scores.sum() - cells.right.sum())
    average = float(cells.scores.sum() / cells.n.sum())
    squares = float(cells.wrong @ score**2 + cells.right @ (score - 1) ** 2)
    astray = min(cells.wrong.sum(), cells.right.sum())
    pseudo = max(PSEUDO_UNITS * (1 - float(astray) / _UNTIL), 0.5)
    squares += pseudo * (average**2 + (1 - average) ** 2)
    return mean(total, squares, float(cells.n.sum()))


def of_the_likelier(
    negatives: NDArray[Any], positives: NDArray[Any], score_sums: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Cells of the probability of the positive class as cells of that of the likelier class.

    Args:
        negatives, positives, score_sums: `[…, cells]`, an even number of cells over [0, 1].

    Returns:
        Units whose class is not the likelier one, units whose class it is, and the sums of its
        probability: `[…, cells / 2]`, cells of [.5, 1] in ascending order.

    Example:
        >>> cells = np.array([[3, 1, 0, 0], [0, 1, 0, 4], [0.25, 0.75, 0.0, 4.0]])
        >>> wrong, right, scores = of_the_likelier(*cells)
        >>> wrong.tolist(), right.tolist(), scores.tolist()
        ([1.0, 0.0], [1.0, 7.0], [1.25, 6.75])
    """
    half = negatives.shape[-1] // 2
    below, above = np.s_[..., half - 1 :: -1], np.s_[..., half:]
    units = negatives + positives
    return (
        positives[below] + negatives[above],
        negatives[below] + positives[above],
        (units - score_sums)[below] + score_sums[above],
    )
