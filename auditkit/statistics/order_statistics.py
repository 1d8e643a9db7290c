"""Quantiles of values that were measured one after the other, with bounds that assume no law."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import estimate
from auditkit.statistics.serial import effective_number

_KEPT = 7.0
"""Order statistics so many standard deviations of their rank away are kept; what lies beyond bounds
nothing. A policy would have to ask for an error of 1e-12 to miss them."""


def quantile(values: Sequence[float] | np.ndarray, share: float) -> Estimate:
    """The value that a share of a series does not exceed (the ⌈n·share⌉-th smallest).

    Values that follow each other closely in time tend to be alike, so the bounds are those of as
    many independent values as the series is worth: its effective number for the question whether a
    value exceeds the quantile.

    Args:
        values: in the order in which they were measured; at least one.
        share: in (0, 1).

    Raises:
        ValueError: no values, one that is not finite, or a share outside its range.

    Example:
        >>> from auditkit.statistics.estimates import bounds, value
        >>> one = quantile(np.random.default_rng(0).permutation(200) + 1.0, 0.5)
        >>> value(one), bounds(one, 0.05)
        (100.0, (88.0, 113.0))
    """
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1 or not series.size or not np.isfinite(series).all():
        raise ValueError("a quantile is of at least one value, all of them finite")
    if not 0 < share < 1:
        raise ValueError(f"share must lie in (0, 1), found {share}")
    count = len(series)
    ordered = np.sort(series)
    value = float(ordered[math.ceil(count * share - 1e-9) - 1])
    n = effective_number((series > value).astype(np.float64))
    reach = _KEPT * math.sqrt(share * (1 - share) / n) * count + 2
    first = max(math.floor(count * share - reach), 0)
    last = min(math.ceil(count * share + reach), count)
    return estimate(
        "quantile",
        value=value,
        values=ordered[first:last],
        before=first,
        count=count,
        n=n,
        share=share,
    )
