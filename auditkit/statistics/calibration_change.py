"""What recalibration gains: two scores of the same units against the same outcomes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.statistics.score_cells import BINS

Floats = NDArray[np.float64]


def squared_error_gains(
    before: ArrayLike, after: ArrayLike, outcome: ArrayLike, *, bins: int = BINS
) -> Floats:
    """What each unit adds to the fall of the squared calibration error; their mean is that fall.

    Each error is the debiased one of `calibration.squared_error`, over bins of equal mass by its
    own score. Where both scores rank the units alike the bins are the same, and what chance adds to
    the two errors cancels: the outcomes enter (o − s)² − (o − t)² = (t − s)(2 o − s − t) linearly,
    with o the share right and s and t the mean scores of a bin.

    A unit adds the fall in its bins, and what it changes there itself (its influence), so that the
    spread of these numbers is the uncertainty of the fall. The new scores must come from a fit to
    other units.

    Args:
        before: `[n]`, scores in [0, 1].
        after: `[n]`, other scores of the same units.
        outcome: `[n]`, 1 or True where it came true.
        bins: number of bins.

    Raises:
        ValueError: arrays that do not match, fewer than two units a bin, or scores outside [0, 1].

    Example:
        >>> gains = squared_error_gains([0.9] * 10, [0.7] * 10, [1] * 7 + [0] * 3, bins=1)
        >>> round(float(gains.mean()), 9)
        0.04
    """
    s, t, y = (np.asarray(part, dtype=np.float64) for part in (before, after, outcome))
    if s.ndim != 1 or not s.shape == t.shape == y.shape:
        raise ValueError(f"expected rows of one length, found {s.shape}, {t.shape} and {y.shape}")
    if len(s) < 2 * bins:
        raise ValueError(f"calibration needs at least {2 * bins} units, found {len(s)}")
    if not all(((part >= 0) & (part <= 1)).all() for part in (s, t, y)):
        raise ValueError("scores and outcomes must lie in [0, 1]")
    gains: Floats = _parts(s, t, y, bins) - _parts(t, s, y, bins)
    return gains


def _parts(score: Floats, other: Floats, outcome: Floats, bins: int) -> Floats:
    """What each unit adds to the debiased squared error of a score; the other one splits ties."""
    n = len(score)
    place = np.empty(n, dtype=np.intp)
    place[np.lexsort([other, score])] = np.arange(n)
    of_bin = place * bins // n
    size = np.bincount(of_bin)
    means = ((np.bincount(of_bin, weights=part) / size)[of_bin] for part in (score, outcome))
    level, share = means
    excess = share * (1 - share) / (size[of_bin] - 1)
    gap = share - level
    result: Floats = gap**2 - excess + 2 * gap * ((outcome - share) - (score - level))
    return result
