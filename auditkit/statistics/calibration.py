"""Calibration from counts in cells of the score: does a score of .8 come true four times in five?

The state is three arrays over `CELLS` equal-width cells of a score in [0, 1]: how many units were
wrong (or negative), how many right (or positive), and the sum of their scores. The score is the
confidence in the predicted class, or the probability of the positive class.

A gate reads `squared_error` (or, with clusters, `clustered_squared_error`) and `confidence_gap`.
What is shown beside them, and never judged, is in `reliability`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import estimate, mean
from auditkit.statistics.reliability import (
    ExpectedCalibrationError,
    ReliabilityBin,
    expected_calibration_error,
    reliability,
)
from auditkit.statistics.score_cells import (
    BINS,
    CELLS,
    Cells,
    Floats,
    checked_cells,
    equal_mass_bins,
    run_starts,
)

__all__ = [
    "BINS",
    "CELLS",
    "ExpectedCalibrationError",
    "ReliabilityBin",
    "clustered_squared_error",
    "confidence_gap",
    "expected_calibration_error",
    "reliability",
    "squared_error",
]

FEWEST = 2 * BINS
"""Units that a calibration error needs: two for each bin."""

_PARTS = 32  # the bootstrap resamples at most this many groups of cells in each bin


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

    The standard deviation is that of `draws` multinomial redraws of the cells, with half a right
    and half a wrong unit added to each bin: a bin in which all units are right is no proof that
    the next one will be. The parameter `slope` says how the variance rises with the error, which
    the bounds take into account. Only for independent rows; `clustered_squared_error` for clusters.

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
    fine, of_bin = cells.summed(parts), groups[parts]
    value = _debiased_value(fine, of_bin)
    sd = float(_redrawn(fine, of_bin, seed, draws).std(ddof=1))
    slope = _slope(fine.summed(run_starts(of_bin)))
    return estimate("squared_error", value=value, sd=sd, slope=slope)


def debiased_squared_error(
    wrong: ArrayLike, right: ArrayLike, score_sums: ArrayLike, *, bins: int = BINS
) -> float:
    """The value of `squared_error` without its interval; arguments and errors are the same.

    Example:
        >>> round(debiased_squared_error([9, 1], [1, 9], [1.0, 9.0], bins=2), 9)
        -0.01
    """
    cells = checked_cells(wrong, right, score_sums, fewest=2 * bins)
    return _debiased_value(cells, equal_mass_bins(cells, bins))


def _debiased_value(cells: Cells, of_bin: NDArray[np.intp]) -> float:
    starts = run_starts(of_bin)
    return float(_debiased(cells.right[None], cells.n[None], cells.scores[None], starts)[0])


def _slope(binned: Cells) -> float:
    """By how much the variance of the error rises with the error, divided by 4.

    That variance is Σ w² (4 gap² σ² + 2 σ⁴), σ² = share (1 − share) / n in each bin of weight w:
    its first part over the error Σ w gap², the gaps being the plain ones.
    """
    n, weight = binned.n, binned.n / binned.n.sum()
    share = (binned.right + 0.5) / (n + 1)
    errors = weight * (binned.right / n - binned.scores / n) ** 2
    spread = share * (1 - share)
    mean_spread = errors @ spread / errors.sum() if errors.sum() > 0 else weight @ spread
    return float(mean_spread / n.sum())


def _redrawn(cells: Cells, of_bin: NDArray[np.intp], seed: int, draws: int) -> Floats:
    """The error of `draws` multinomial redraws: `[draws]`."""
    sizes = np.bincount(of_bin, weights=cells.n)
    extra = 0.5 * cells.n / sizes[of_bin]
    weights = np.concatenate([cells.right + extra, cells.wrong + extra])
    units = round(float(cells.n.sum()))
    drawn = np.random.default_rng(seed).multinomial(units, weights / weights.sum(), size=draws)
    right, wrong = (part.astype(np.float64) for part in np.split(drawn, 2, axis=1))
    n = right + wrong
    return _debiased(right, n, n * (cells.scores / cells.n), run_starts(of_bin))


def _debiased(right: Floats, n: Floats, scores: Floats, starts: NDArray[np.intp]) -> Floats:
    """The error of each row of `[rows, cells]`; cells are consecutive, bins begin at `starts`."""
    right, n, scores = (np.add.reduceat(part, starts, axis=1) for part in (right, n, scores))
    size = np.maximum(n, 1.0)  # an empty bin of a redraw has weight zero
    share = right / size
    excess = share * (1 - share) / np.maximum(n - 1, 1.0)
    terms = n * ((share - scores / size) ** 2 - excess)
    result: Floats = terms.sum(axis=1) / n.sum(axis=1)
    return result


def clustered_squared_error(
    wrong: ArrayLike, right: ArrayLike, score_sums: ArrayLike, *, bins: int = BINS
) -> Estimate:
    """The squared calibration error of units in clusters, debiased by the jackknife.

    The plain binned error, less the bias that deleting blocks of whole clusters shows. It counts
    what the units of one cluster have in common, which the binomial term of `squared_error` cannot.

    Args:
        wrong: `[blocks, cells]`.
        right: `[blocks, cells]`.
        score_sums: `[blocks, cells]`.
        bins: number of bins, of equal mass over all blocks.

    Returns:
        `student`, with one degree of freedom fewer than blocks that hold units.

    Source: Quenouille, Biometrika 43 (1956) 353–360; Tukey (1958).
    """
    misses, hits, sums = np.asarray(wrong), np.asarray(right), np.asarray(score_sums)
    if misses.ndim != 2 or not misses.shape == hits.shape == sums.shape:
        raise ValueError("expected three arrays of [blocks, cells]")
    cells = checked_cells(misses.sum(axis=0), hits.sum(axis=0), sums.sum(axis=0), fewest=2 * bins)
    starts = cells.index[run_starts(equal_mass_bins(cells, bins))]
    starts[0] = 0
    state = np.stack([np.add.reduceat(part, starts, axis=1) for part in (misses, hits, sums)], -1)
    blocks = state[state[..., :2].sum(axis=(1, 2)) > 0]
    count = len(blocks)
    if count < 2:
        raise ValueError(f"a jackknife needs two blocks with units, found {count}")
    value = float(_plain_error(blocks.sum(axis=0)[None])[0])
    without = _plain_error(blocks.sum(axis=0) - blocks)
    se = math.sqrt((count - 1) / count * float(((without - without.mean()) ** 2).sum()))
    debiased = count * value - (count - 1) * float(without.mean())
    return estimate("student", value=debiased, se=se, df=count - 1)


def _plain_error(state: Floats) -> Floats:
    """Σ_b (n_b/N) (share right − mean score)², `[rows, bins, (wrong, right, sum)]` → `[rows]`."""
    n = state[..., 0] + state[..., 1]
    gap = (state[..., 1] - state[..., 2]) / np.maximum(n, 1.0)
    result: Floats = (n * gap**2).sum(axis=1) / n.sum(axis=1)
    return result


def confidence_gap(wrong: ArrayLike, right: ArrayLike, score_sums: ArrayLike) -> Estimate:
    """Mean score minus share right: above zero is over-confident (Student interval).

    Scores within a cell are taken as equal, which moves the standard error by less than a
    thousandth. Half a right and half a wrong unit widen it, as in `squared_error`.

    Raises:
        ValueError: fewer than two units, or as of `squared_error`.

    Example:
        >>> gap = confidence_gap([20], [80], [90.0])
        >>> round(gap.parameters["value"], 12), round(gap.parameters["se"], 4)
        (0.1, 0.0407)
    """
    cells = checked_cells(wrong, right, score_sums, fewest=2)
    score = cells.scores / cells.n
    total = float(cells.scores.sum() - cells.right.sum())
    average = float(cells.scores.sum() / cells.n.sum())
    squares = float(cells.wrong @ score**2 + cells.right @ (score - 1) ** 2)
    squares += (average**2 + (1 - average) ** 2) / 2
    return mean(total, squares, float(cells.n.sum()))
