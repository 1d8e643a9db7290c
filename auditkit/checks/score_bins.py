"""Two sets of scores in bins of equal width, for a picture that tells nobody apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditkit.statistics.absence import MIN_KEPT

_BINS = 30
_SHOWN = 0.995


def score_bins(one: np.ndarray, other: np.ndarray) -> list[dict[str, Any]]:
    """Shares of both sides in each bin, as the figure kind `separation` takes them.

    What lies far out is in the bins at the ends; a bin that holds some, but fewer than five, has
    None.

    Args:
        one: finite scores inside.
        other: those outside.

    Example:
        >>> found = score_bins(np.zeros(8), np.ones(8))
        >>> found[0]["inside"], found[-1]["outside"], len(found)
        (1.0, 1.0, 30)
    """
    every = np.concatenate([one, other])
    low, high = np.quantile(every, [1 - _SHOWN, _SHOWN]).tolist()
    if not high - low > 1e-9 * max(abs(low), abs(high)):
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, _BINS + 1)
    inside, outside = (_shares(scores.clip(low, high), edges) for scores in (one, other))
    return [
        {"low": float(a), "high": float(b), "inside": x, "outside": y}
        for a, b, x, y in zip(edges, edges[1:], inside, outside, strict=False)
    ]


def _shares(scores: np.ndarray, edges: np.ndarray) -> list[float | None]:
    counts = np.histogram(scores, edges)[0].tolist()
    return [None if 0 < count < MIN_KEPT else count / len(scores) for count in counts]


__all__ = ["score_bins"]
