"""Do targets fall between predicted quantiles as often as these promise?

The state is how many targets fall in each interval between neighbouring quantiles: of k levels k+1
cells, the outer two open. It is the histogram of the probability integral transform (PIT), as far
as quantiles at k levels show it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.critical import critical_value
from auditkit.statistics.estimates import estimate, exact, independent_difference
from auditkit.statistics.proportions import wilson_bounds

Floats = NDArray[np.float64]


def expected_shares(levels: ArrayLike) -> Floats:
    """The share of targets that ascending levels promise for each cell.

    Example:
        >>> expected_shares([0.1, 0.5, 0.9]).round(3).tolist()
        [0.1, 0.4, 0.4, 0.1]
    """
    return np.diff(np.concatenate([[0.0], np.asarray(levels, dtype=np.float64), [1.0]]))


def beyond_promise(share: Estimate, promised: float) -> Estimate:
    """A share less what was promised; its bounds are those of the share, shifted.

    Example:
        >>> from auditkit.statistics.estimates import bounds, proportion
        >>> low, high = bounds(beyond_promise(proportion(80, 100), 0.9), 0.05)
        >>> round(low + 0.9, 4) == round(bounds(proportion(80, 100), 0.05)[0], 4)
        True
    """
    return independent_difference(share, exact(promised))


def pit_error(counts: ArrayLike, levels: ArrayLike) -> Estimate:
    """The debiased squared distance of a PIT histogram from the promised one.

    Σ_j [(s_j − p_j)² − s_j (1 − s_j) / (n − 1)] over the cells, s the observed and p the promised
    shares: on average Σ_j (π_j − p_j)² of the true shares π, so 0 where quantiles hold what they
    promise (and it may be negative). Its root is a distance of shares.

    It is the mean of (e_i − p)·(e_j − p) over pairs of units, e_i having a 1 in the cell of unit i
    and 0 elsewhere: a U-statistic of variance 4 δᵀVδ + 2 tr(V²), δ = π − p, and V the covariance of
    the shares, (diag(π) − ππᵀ) / n. In V stand the shares found, with one unit added that is spread
    as promised: that all of few targets fall in one cell is no proof that the next one will.
    `slope` says how the variance rises with the error, as in `calibration.squared_error`.

    Args:
        counts: `[levels + 1]`, units in each cell.
        levels: of the quantiles, ascending.

    Raises:
        ValueError: fewer than two units, or counts that do not fit the levels.

    Source: Hoeffding, Annals of Mathematical Statistics 19 (1948) 293–325 (variance); the debiasing
    as Bröcker, Quarterly Journal of the Royal Meteorological Society 138 (2012) 1611–1617; PIT
    histograms, Gneiting, Balabdaoui and Raftery, JRSS B 69 (2007) 243–268.

    Example:
        >>> from auditkit.statistics.estimates import value
        >>> round(value(pit_error([40, 40, 20], [0.1, 0.9])), 3)
        0.254
    """
    found, promised = checked_histogram(counts, levels)
    n = float(found.sum())
    if found.ndim != 1 or n < 2:
        raise ValueError("a PIT error needs a row of counts, of at least two units")
    shares, smooth = found / n, (found + promised) / (n + 1)
    chance = float(shares @ (1 - shares)) / (n - 1)
    covariance = (np.diag(smooth) - np.outer(smooth, smooth)) / n
    return squared_distance(shares - promised, chance, covariance)


def squared_distance(gaps: Floats, chance: float, covariance: Floats) -> Estimate:
    """Σ gaps² less what chance adds, with the variance and slope of `pit_error`.

    Args:
        gaps: `[cells]`, shares found less those promised.
        chance: what chance adds to the sum of their squares.
        covariance: of the gaps.
    """
    size, along = float(gaps @ gaps), float(gaps @ covariance @ gaps)
    noise = float((covariance**2).sum())  # the trace of the square of a symmetric matrix
    # Part of the gaps found is chance itself, which would count twice.
    variance = 4 * max(along - noise, 0.0) + 2 * noise
    slope = along / size if size > 0 else float(np.linalg.eigvalsh(covariance)[-1])
    return estimate(
        "squared_error", value=size - chance, sd=math.sqrt(variance), slope=max(slope, 0.0)
    )


def checked_histogram(counts: ArrayLike, levels: ArrayLike) -> tuple[Floats, Floats]:
    """Counts of cells `[…, levels + 1]` and the shares promised to these.

    Raises:
        ValueError: counts that do not fit the levels, or are negative or not finite.
    """
    found, promised = np.asarray(counts, dtype=np.float64), expected_shares(levels)
    if found.ndim < 1 or found.shape[-1] != len(promised):
        raise ValueError(
            f"{len(promised) - 1} levels make {len(promised)} cells, found shape {found.shape}"
        )
    if not np.isfinite(found).all() or (found < 0).any() or (promised <= 0).any():
        raise ValueError("counts must be finite and not negative, levels must rise within (0, 1)")
    return found, promised


@dataclass(frozen=True)
class PitBar:
    """One bar of a PIT histogram; shares are of all targets.

    Attributes:
        low_level, high_level: the levels between which the targets lie; 0 and 1 at the ends.
        observed: share of the targets that fall there.
        low, high: Wilson interval of that share.
        n: number of these targets.
        expected: the share promised, high_level − low_level.
        band_low, band_high: where the share would lie, at the same level, if the promise held.
    """

    low_level: float
    high_level: float
    observed: float
    low: float
    high: float
    n: int
    expected: float
    band_low: float
    band_high: float


def pit_bars(counts: ArrayLike, levels: ArrayLike, *, level: float = 0.90) -> tuple[PitBar, ...]:
    """The PIT histogram, with intervals and the band of a model that holds its promise.

    Args:
        counts: `[levels + 1]`, units in each cell.
        levels: of the quantiles, ascending.
        level: of intervals and band; the band holds for each bar alone.

    Raises:
        ValueError: no units, or counts that do not fit the levels.

    Example:
        >>> bar = pit_bars([10, 70, 20], [0.1, 0.9])[2]
        >>> bar.observed, round(bar.expected, 3), bar.band_low, bar.band_high
        (0.2, 0.1, 0.05, 0.15)
    """
    # Heavy, and needed nowhere else in this module: judging a stored run must not load it.
    from scipy.stats import binom

    found, promised = checked_histogram(counts, levels)
    total = float(found.sum())
    if found.ndim != 1 or not total:
        raise ValueError("a histogram needs a row of counts, with units")
    ends = [0.0, *np.asarray(levels, dtype=np.float64).tolist(), 1.0]
    tail = (1 - level) / 2
    z = critical_value(tail)
    lows, highs = (binom.ppf(q, total, promised) / total for q in (tail, 1 - tail))
    bars = []
    for cell, number in enumerate(found.tolist()):
        low, high = wilson_bounds(number, total, z)
        share, band = number / total, (float(lows[cell]), float(highs[cell]))
        bars.append(
            PitBar(ends[cell], ends[cell + 1], share, low, high, int(number),
                   float(promised[cell]), *band)
        )  # fmt: skip
    return tuple(bars)
