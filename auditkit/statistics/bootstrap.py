"""Bootstrap of a statistic of counts that has no closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import estimate

Floats = NDArray[np.float64]


def bootstrap_counts(
    counts: ArrayLike,
    statistic: Callable[[NDArray[np.int64]], Floats],
    *,
    seed: int,
    repetitions: int = 999,
    essential: ArrayLike | None = None,
    fewest: int = 5,
) -> Estimate:
    """A basic bootstrap interval from cell counts.

    Drawing rows anew and counting them is the same as drawing the counts from a multinomial law,
    whatever the number of rows. Only for independent rows; clusters go to `jackknife`.

    Args:
        counts: counts of any shape.
        statistic: `[repetitions, *shape]` → `[repetitions]`.
        seed: of the random numbers; the same seed gives the same estimate.
        repetitions: number of replicates R; the smallest p-value is 1 / (R + 1).
        essential: booleans of the shape of `counts`: cells that the statistic divides by or rests
            on. All cells unless given.
        fewest: how many units each of these must hold.

    Raises:
        ValueError: an essential cell holds too few units (an empty one stays empty in every
            replicate, and the interval would be certain of it), a replicate is undefined, or all
            replicates agree.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993); Davison and Hinkley,
    Bootstrap Methods and their Application (1997) 5.2 (basic interval).

    Example:
        >>> def odds_ratio(c):
        ...     return c[:, 0, 0] * c[:, 1, 1] / (c[:, 0, 1] * c[:, 1, 0])
        >>> estimate = bootstrap_counts([[30, 70], [60, 40]], odds_ratio, seed=1)
        >>> round(estimate.parameters["value"], 4), len(estimate.parameters["replicates"])
        (0.2857, 999)
    """
    cells = np.asarray(counts)
    _check_cells(cells, essential, fewest)
    total = int(cells.sum())
    draws = np.random.default_rng(seed).multinomial(total, cells.ravel() / total, size=repetitions)
    with np.errstate(all="ignore"):
        value = _one_each(statistic(cells[None].astype(np.int64)), 1)[0]
        replicates = _one_each(statistic(draws.reshape(repetitions, *cells.shape)), repetitions)
    undefined = int((~np.isfinite(replicates)).sum())
    if not np.isfinite(value) or undefined:
        raise ValueError(f"the statistic is {value}; {undefined} of {repetitions} are undefined")
    if replicates.min() == replicates.max():
        raise ValueError("all replicates agree: the counts are too few or too one-sided")
    return estimate("bootstrap", value=value, replicates=np.sort(replicates))


def _check_cells(cells: NDArray[Any], essential: ArrayLike | None, fewest: int) -> None:
    if cells.dtype.kind not in "iu" or not cells.size or cells.min() < 0:
        raise ValueError("the bootstrap needs an array of counts")
    mask = np.ones(cells.shape, bool) if essential is None else np.asarray(essential, bool)
    if mask.shape != cells.shape:
        raise ValueError(f"essential has shape {mask.shape}, the counts {cells.shape}")
    smallest = int(cells[mask].min()) if mask.any() else int(cells.sum())
    if smallest < fewest:
        raise ValueError(f"an essential cell holds {smallest} units, fewer than {fewest}")


def _one_each(numbers: Floats, expected: int) -> Floats:
    result = np.asarray(numbers, dtype=np.float64)
    if result.shape != (expected,):
        raise ValueError(f"the statistic gave shape {result.shape} for {expected} states")
    return result
