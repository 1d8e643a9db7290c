"""What the Brier score is made of: reliability, resolution and uncertainty."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from auditkit.measurement import Estimate
from auditkit.statistics.calibration import squared_error
from auditkit.statistics.calibration_bootstrap import Redraws, redraws
from auditkit.statistics.calibration_jackknife import (
    binned_blocks,
    debiased_jackknife,
    plain_squared_error,
)
from auditkit.statistics.estimates import estimate
from auditkit.statistics.score_cells import (
    BINS,
    Floats,
    checked_cells,
    equal_mass_bins,
    run_starts,
)

RELIABILITY, RESOLUTION, UNCERTAINTY = "reliability", "resolution", "uncertainty"


def brier_parts(
    wrong: ArrayLike,
    right: ArrayLike,
    score_sums: ArrayLike,
    *,
    seed: int = 0,
    bins: int = BINS,
    draws: int = 400,
) -> Mapping[str, Estimate]:
    """The three parts of the Brier score of independent rows, each less the bias of its plain form.

    Over bins of equal mass with shares o_b, mean scores f_b and weights w_b = n_b/N, o the share of
    all, and e = Σ_b w_b o_b (1 − o_b) / (n_b − 1):

    - reliability Σ_b w_b (f_b − o_b)² − e, which is `calibration.squared_error`; 0 is best;
    - resolution Σ_b w_b (o_b − o)² − e + o (1 − o) / (N − 1): how far the scores tell units apart;
    - uncertainty o (1 − o) N / (N − 1): what no model can change.

    Reliability − resolution + uncertainty is the Brier score of scores that are equal within a bin,
    exactly; how scores differ within bins is in none of the three.

    Args:
        wrong, right, score_sums: `[cells]`, as of `calibration.squared_error`.
        seed: of the redraws.
        bins: number of bins.
        draws: number of redraws of the cells, whose standard deviation the intervals have.

    Returns:
        `RELIABILITY` (method `squared_error`), `RESOLUTION` and `UNCERTAINTY` (`normal`).

    Raises:
        ValueError: fewer than two units a bin, scores outside [0, 1], or arrays that do not match.

    Source: Murphy 1973; Bröcker 2012; Ferro and Fricker, Quarterly Journal of the Royal
    Meteorological Society 138 (2012) 1954–1960 (less biased parts).

    Example:
        >>> parts = brier_parts([8, 2], [2, 8], [2.0, 8.0], bins=2)
        >>> [round(parts[name].parameters["value"], 3) for name in sorted(parts)]
        [-0.018, 0.085, 0.263]
    """
    cells = checked_cells(wrong, right, score_sums, fewest=2 * bins)
    binned = cells.summed(run_starts(equal_mass_bins(cells, bins)))
    parts = {
        RELIABILITY: squared_error(wrong, right, score_sums, seed=seed, bins=bins, draws=draws)
    }
    found = Redraws(binned.right[None], binned.n[None], binned.scores[None])
    # Half a right and half a wrong unit a bin, as in `squared_error`: all alike is no certainty.
    drawn = redraws(binned, (binned.right + 0.5) / (binned.n + 1), seed=seed, draws=draws)
    for name, part in ((RESOLUTION, _resolution), (UNCERTAINTY, _uncertainty)):
        spread = float(part(drawn).std(ddof=1))
        parts[name] = estimate("normal", value=float(part(found)[0]), se=spread)
    return parts


def _resolution(state: Redraws) -> Floats:
    units, size = state.n.sum(axis=1), np.maximum(state.n, 1.0)
    share, whole = state.right / size, (state.right.sum(axis=1) / units)[:, None]
    excess = share * (1 - share) / np.maximum(state.n - 1, 1.0)
    terms = state.n * ((share - whole) ** 2 - excess)
    own = whole[:, 0] * (1 - whole[:, 0]) / (units - 1)
    result: Floats = terms.sum(axis=1) / units + own
    return result


def _uncertainty(state: Redraws) -> Floats:
    units = state.n.sum(axis=1)
    share = state.right.sum(axis=1) / units
    result: Floats = share * (1 - share) * units / (units - 1)
    return result


def clustered_brier_parts(
    wrong: ArrayLike, right: ArrayLike, score_sums: ArrayLike, *, bins: int = BINS
) -> Mapping[str, Estimate]:
    """The three parts of units in clusters, each debiased by the jackknife over blocks.

    Args and errors are those of `calibration_jackknife.clustered_squared_error`.

    Returns:
        As `brier_parts`, all of method `student`.
    """
    blocks = binned_blocks(wrong, right, score_sums, bins=bins)
    statistics: Mapping[str, Callable[[Floats], Floats]] = {
        RELIABILITY: plain_squared_error,
        RESOLUTION: _plain_resolution,
        UNCERTAINTY: _plain_uncertainty,
    }
    return {name: debiased_jackknife(blocks, part) for name, part in statistics.items()}


def _plain_resolution(states: Floats) -> Floats:
    n, hits = states[..., 0] + states[..., 1], states[..., 1]
    units = n.sum(axis=1)
    whole = (hits.sum(axis=1) / units)[:, None]
    result: Floats = (n * (hits / np.maximum(n, 1.0) - whole) ** 2).sum(axis=1) / units
    return result


def _plain_uncertainty(states: Floats) -> Floats:
    share = states[..., 1].sum(axis=1) / states[..., :2].sum(axis=(1, 2))
    result: Floats = share * (1 - share)
    return result
