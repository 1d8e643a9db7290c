"""Calibration of units in clusters: debiased, and with its error, by deleting blocks of clusters.

The binomial terms that debias the numbers of independent rows do not know what the units of one
cluster have in common. The jackknife does.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import estimate
from auditkit.statistics.score_cells import (
    BINS,
    Floats,
    checked_cells,
    equal_mass_bins,
    run_starts,
)

Statistic = Callable[[Floats], Floats]
"""States `[states, bins, (wrong, right, sum of scores)]` → one number for each, `[states]`."""


def debiased_jackknife(blocks: Floats, statistic: Statistic) -> Estimate:
    """A statistic less the bias that deleting each block shows, with the error that it shows.

    Args:
        blocks: `[blocks, bins, (wrong, right, sum of scores)]`; blocks without units are left out.
        statistic: a smooth one of sums of blocks.

    Returns:
        `student`, with one degree of freedom fewer than blocks that hold units.

    Raises:
        ValueError: fewer than two blocks with units.

    Source: Quenouille, Biometrika 43 (1956) 353–360; Tukey (1958).
    """
    held = blocks[blocks[..., :2].sum(axis=(1, 2)) > 0]
    count = len(held)
    if count < 2:
        raise ValueError(f"a jackknife needs two blocks with units, found {count}")
    total = held.sum(axis=0)
    value = float(statistic(total[None])[0])
    without = statistic(total - held)
    se = math.sqrt((count - 1) / count * float(((without - without.mean()) ** 2).sum()))
    return estimate(
        "student",
        value=count * value - (count - 1) * float(without.mean()),
        se=se,
        df=count - 1,
    )


def binned_blocks(
    wrong: ArrayLike, right: ArrayLike, score_sums: ArrayLike, *, bins: int = BINS
) -> Floats:
    """Blocks of cells as blocks of bins, of equal mass over all blocks.

    Args:
        wrong, right, score_sums: `[blocks, cells]`.
        bins: number of bins.

    Returns:
        float64 `[blocks, bins, (wrong, right, sum of scores)]`.

    Raises:
        ValueError: arrays of other shapes, fewer than two units a bin, scores outside [0, 1].
    """
    parts = [np.asarray(part) for part in (wrong, right, score_sums)]
    if parts[0].ndim != 2 or not parts[0].shape == parts[1].shape == parts[2].shape:
        raise ValueError("expected three arrays of [blocks, cells]")
    whole = [part.sum(axis=0) for part in parts]
    cells = checked_cells(whole[0], whole[1], whole[2], fewest=2 * bins)
    starts = cells.index[run_starts(equal_mass_bins(cells, bins))]
    starts[0] = 0
    return np.stack([np.add.reduceat(part, starts, axis=1) for part in parts], -1).astype(float)


def plain_squared_error(states: Floats) -> Floats:
    """Σ_b (n_b/N) (share right − mean score)² of each state (see `Statistic`)."""
    n = states[..., 0] + states[..., 1]
    gap = (states[..., 1] - states[..., 2]) / np.maximum(n, 1.0)
    result: Floats = (n * gap**2).sum(axis=1) / n.sum(axis=1)
    return result


def clustered_squared_error(
    wrong: ArrayLike, right: ArrayLike, score_sums: ArrayLike, *, bins: int = BINS
) -> Estimate:
    """The squared calibration error of units in clusters, debiased by the jackknife.

    The plain binned error, less the bias that deleting blocks of whole clusters shows. It counts
    what the units of one cluster have in common, which the binomial term of `squared_error` cannot.

    Args and errors are those of `binned_blocks`.

    Returns:
        `student`, with one degree of freedom fewer than blocks that hold units.
    """
    blocks = binned_blocks(wrong, right, score_sums, bins=bins)
    return debiased_jackknife(blocks, plain_squared_error)
