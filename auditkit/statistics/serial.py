"""How many independent values a series is worth whose neighbours are alike."""

from __future__ import annotations

import numpy as np


def effective_number(series: np.ndarray) -> float:
    """The number of independent values whose mean would vary as that of the series does.

    n / (1 + 2 Σ ρ_k), the autocorrelations summed in pairs as long as a pair is positive (the
    initial positive sequence). Never more than n, and never less than one: a series whose values
    avoid their neighbours is not worth more than one of independent values.

    Args:
        series: values in the order of time, float64 of shape (n,).

    Returns:
        A number in [1, n]; n for a series that does not vary.

    Source: Geyer, Statistical Science 7 (1992) 473–483, section 3.3.

    Example:
        >>> steps = np.repeat(np.random.default_rng(0).normal(size=500), 8)
        >>> len(steps), round(effective_number(steps), -2)
        (4000, 500.0)
    """
    n = len(series)
    spread = series - series.mean()
    power = float(spread @ spread)
    if n < 4 or power <= 0:
        return float(n)
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(spread, size)
    autocorrelation = np.fft.irfft(spectrum * spectrum.conj(), size)[: n // 2] / power
    even = len(autocorrelation) // 2 * 2
    pairs = autocorrelation[:even].reshape(-1, 2).sum(axis=1)
    ended = np.flatnonzero(pairs <= 0)
    positive = pairs[: ended[0]] if ended.size else pairs
    # The first pair holds ρ₀ = 1, which counts once.
    inflation = 2 * float(positive.sum()) - 1
    return float(n / min(max(inflation, 1.0), n))
