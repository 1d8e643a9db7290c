"""Bootstrap of statistics of counts that have no closed form.

Drawing rows anew and counting them is the same as drawing the counts from a multinomial law,
whatever the number of rows. One draw serves every statistic of the same counts. Only for
independent rows without weights: clusters go to `jackknife`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import estimate
from auditkit.statistics.resampled import median_bias

Floats = NDArray[np.float64]
Statistic = Callable[[NDArray[np.int64]], Floats]
"""Counts `[states, *shape]` → one number for each state, `[states]`."""

_AT_ONCE = 2**22
"""Cells of the states that are held at once, while drawing or while single units are left out."""


def draws_in_parts(
    counts: NDArray[Any], *, seed: int, repetitions: int
) -> Iterator[NDArray[np.int64]]:
    """Multinomial draws of counts, some replicates at a time where the counts are many.

    Args:
        counts: of any shape, with at least one unit; only occupied cells are drawn.
        seed: of the random numbers.
        repetitions: number of replicates.

    Yields:
        int64, `[some replicates, *shape]`.
    """
    random = np.random.default_rng(seed)
    flat = np.asarray(counts).ravel()
    occupied = np.flatnonzero(flat)
    total = int(flat.sum())
    at_once = max(1, _AT_ONCE // flat.size)
    for start in range(0, repetitions, at_once):
        several = min(at_once, repetitions - start)
        drawn = np.zeros((several, flat.size), dtype=np.int64)
        drawn[:, occupied] = random.multinomial(total, flat[occupied] / total, size=several)
        yield drawn.reshape(several, *counts.shape)


@dataclass(frozen=True, eq=False)
class CubeReplicates:
    """Counts, and replicates of them that many statistics share.

    Attributes:
        counts: int64, of any shape.
        draws: int64, `[repetitions, *shape]`.
        fixed: how many of the first axes have their margins fixed (0: only the total is).

    Example:
        >>> selected = np.array([[70, 30], [40, 60]])  # by group and outcome
        >>> replicates = CubeReplicates.drawn(selected, seed=1)
        >>> shares = lambda c: c[..., 1] / c.sum(axis=-1)
        >>> gap = replicates.basic(lambda c: shares(c)[:, 0] - shares(c)[:, 1])
        >>> largest = replicates.bca(lambda c: shares(c).max(axis=1))
        >>> round(gap.parameters["value"], 3), round(largest.parameters["value"], 3)
        (-0.3, 0.6)
    """

    counts: NDArray[np.int64]
    draws: NDArray[np.int64]
    fixed: int = 0

    @classmethod
    def drawn(
        cls, counts: ArrayLike, *, seed: int, repetitions: int = 999, fixed: int = 0
    ) -> CubeReplicates:
        """Draw the replicates.

        Args:
            counts: counts of any shape.
            seed: of the random numbers; the same seed gives the same replicates.
            repetitions: number of replicates R; the smallest p-value is 1 / (R + 1).
            fixed: number of leading axes whose margins stay as they are. Resampling rows leaves
                only the total (0); with the groups first, 1 resamples within each group.

        Raises:
            ValueError: no counts, or an axis to fix that is not there.
        """
        cells = np.asarray(counts)
        if cells.dtype.kind not in "iu" or not cells.size or cells.min() < 0:
            raise ValueError("the bootstrap needs an array of counts")
        if not 0 <= fixed < max(cells.ndim, 1):
            raise ValueError(f"{fixed} of {cells.ndim} axes cannot be fixed")
        strata = _by_stratum(cells.astype(np.int64), fixed)
        sizes = strata.sum(axis=1)
        if not sizes.any():
            raise ValueError("there are no units to draw from")
        # A stratum without units has no shares, and none of them is needed.
        shares = strata / np.maximum(sizes, 1)[:, None]
        draws = np.random.default_rng(seed).multinomial(
            sizes, shares, size=(repetitions, len(sizes))
        )
        return cls(cells.astype(np.int64), draws.reshape(repetitions, *cells.shape), fixed)

    def basic(
        self, statistic: Statistic, *, essential: ArrayLike | None = None, fewest: int = 5
    ) -> Estimate:
        """The basic interval of a statistic.

        Args:
            statistic: `[states, *shape]` → `[states]`.
            essential: booleans of the shape of the counts: cells that the statistic divides by or
                rests on. All cells unless given.
            fewest: how many units each of these must hold.

        Raises:
            ValueError: an essential cell holds too few units (an empty one stays empty in every
                replicate, and the interval would be certain of it), a replicate is undefined, or
                all replicates agree.
        """
        value, replicates = self._computed(statistic, essential, fewest)
        return estimate("bootstrap", value=value, replicates=replicates)

    def bca(
        self, statistic: Statistic, *, essential: ArrayLike | None = None, fewest: int = 5
    ) -> Estimate:
        """The bias-corrected and accelerated interval; arguments and errors as of `basic`.

        Raises:
            ValueError: besides, the statistic is undefined without one of the units, or all
                replicates lie on one side of it.

        Source: Efron (1987); the acceleration from leaving out one unit of each cell.
        """
        value, replicates = self._computed(statistic, essential, fewest)
        if math.isinf(median_bias(value, replicates.tolist())):
            raise ValueError(f"all replicates lie on one side of the statistic, {value}")
        acceleration = _acceleration(self._influence(statistic))
        return estimate("bca", value=value, replicates=replicates, acceleration=acceleration)

    def _computed(
        self, statistic: Statistic, essential: ArrayLike | None, fewest: int
    ) -> tuple[float, Floats]:
        _check_cells(self.counts, essential, fewest)
        value = float(_evaluated(statistic, self.counts[None])[0])
        replicates = _evaluated(statistic, self.draws)
        undefined = int((~np.isfinite(replicates)).sum())
        if not np.isfinite(value) or undefined:
            repetitions = len(replicates)
            raise ValueError(
                f"the statistic is {value}; {undefined} of {repetitions} are undefined"
            )
        if replicates.min() == replicates.max():
            raise ValueError("all replicates agree: the counts are too few or too one-sided")
        return value, np.sort(replicates)

    def _influence(self, statistic: Statistic) -> tuple[Floats, NDArray[np.int64]]:
        """By cell with units: how much one of its units moves the statistic, and their number."""
        places = np.flatnonzero(self.counts)
        without = np.concatenate(
            [
                _evaluated(statistic, self._without(some))
                for some in np.array_split(places, -(-places.size * self.counts.size // _AT_ONCE))
            ]
        )
        if not np.isfinite(without).all():
            raise ValueError("the statistic is undefined without one of the units")
        units = self.counts.ravel()[places]
        strata = _by_stratum(self.counts, self.fixed)
        stratum = places // strata.shape[1]
        size = strata.sum(axis=1)
        centre = np.bincount(stratum, without * units, len(size)) / np.maximum(size, 1)
        return (centre[stratum] - without) * (1 - 1 / size[stratum]), units

    def _without(self, places: NDArray[np.intp]) -> NDArray[np.int64]:
        states = np.repeat(self.counts.reshape(1, -1), len(places), axis=0)
        states[np.arange(len(places)), places] -= 1
        return states.reshape(len(places), *self.counts.shape)


def bootstrap_counts(
    counts: ArrayLike,
    statistic: Statistic,
    *,
    seed: int,
    repetitions: int = 999,
    essential: ArrayLike | None = None,
    fewest: int = 5,
) -> Estimate:
    """A basic bootstrap interval of one statistic; for several, draw `CubeReplicates` once.

    Args and errors are those of `CubeReplicates.drawn` and `CubeReplicates.basic`.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993); Davison and Hinkley,
    Bootstrap Methods and their Application (1997) 5.2 (basic interval).

    Example:
        >>> def odds_ratio(c):
        ...     return c[:, 0, 0] * c[:, 1, 1] / (c[:, 0, 1] * c[:, 1, 0])
        >>> estimate = bootstrap_counts([[30, 70], [60, 40]], odds_ratio, seed=1)
        >>> round(estimate.parameters["value"], 4), len(estimate.parameters["replicates"])
        (0.2857, 999)
    """
    _check_cells(np.asarray(counts), essential, fewest)
    replicates = CubeReplicates.drawn(counts, seed=seed, repetitions=repetitions)
    return replicates.basic(statistic, essential=essential, fewest=fewest)


def _by_stratum(cells: NDArray[np.int64], fixed: int) -> NDArray[np.int64]:
    """Counts `[strata, cells of one stratum]`."""
    return cells.reshape(math.prod(cells.shape[:fixed]), -1)


def _acceleration(influence: tuple[Floats, NDArray[np.int64]]) -> float:
    """The skewness of the influences over six; 0 where no unit moves the statistic."""
    moved, units = influence
    largest = float(np.abs(moved).max())
    if largest == 0:
        return 0.0
    scaled = moved / largest
    return float((units * scaled**3).sum() / (6 * (units * scaled**2).sum() ** 1.5))


def _check_cells(cells: NDArray[Any], essential: ArrayLike | None, fewest: int) -> None:
    if cells.dtype.kind not in "iu" or not cells.size or cells.min() < 0:
        raise ValueError("the bootstrap needs an array of counts")
    mask = np.ones(cells.shape, bool) if essential is None else np.asarray(essential, bool)
    if mask.shape != cells.shape:
        raise ValueError(f"essential has shape {mask.shape}, the counts {cells.shape}")
    smallest = int(cells[mask].min()) if mask.any() else int(cells.sum())
    if smallest < fewest:
        raise ValueError(f"an essential cell holds {smallest} units, fewer than {fewest}")


def _evaluated(statistic: Statistic, states: NDArray[np.int64]) -> Floats:
    with np.errstate(all="ignore"):
        result = np.asarray(statistic(states), dtype=np.float64)
    if result.shape != (len(states),):
        raise ValueError(f"the statistic gave shape {result.shape} for {len(states)} states")
    return result
