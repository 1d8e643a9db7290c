"""Calibration of every class's probability, from the bins of `class_bins.ClassBins`.

Top-label calibration looks at the predicted class alone; here p_c is set beside the share of class
c, for every class c and every unit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.calibration import FEWEST, spread_estimate
from auditkit.statistics.calibration_jackknife import debiased_jackknife, plain_squared_error
from auditkit.statistics.class_bins import ClassBins
from auditkit.statistics.estimates import mean
from auditkit.statistics.jackknife import delete_one_block
from auditkit.statistics.reliability import ExpectedCalibrationError, mean_deviation
from auditkit.statistics.score_cells import Cells, Floats, run_starts

SMALLEST = 20
"""Units that a bin of a class's squared error holds at least."""


def classwise_calibration_error(state: ClassBins) -> ExpectedCalibrationError:
    """The plain error of each class's probability, averaged over the classes.

    (1/C) Σ_c Σ_b (n_cb/N) |share of c − mean p_c| over 15 bins of equal width, beside what a
    perfectly calibrated model of this n would show on average.

    Raises:
        ValueError: no units.

    Source: Kull et al., Beyond temperature scaling, NeurIPS 2019 (definition).

    Example:
        >>> counts, true = np.zeros((1, 2, 15), dtype=int), np.zeros((1, 2, 15), dtype=int)
        >>> counts[0, 0, 12] = counts[0, 1, 3] = 10  # ten units with probabilities .8 and .2
        >>> true[0, 0, 12], true[0, 1, 3] = 7, 3  # seven of them of the first class
        >>> sums = counts * np.array([[[0.8], [0.2]]])
        >>> state = ClassBins(("a", "b"), counts, true, sums, [[6.4, 0.4]], [[5.6, 0.6]])
        >>> error = classwise_calibration_error(state)
        >>> round(error.value, 4), round(error.perfect, 4)
        (0.1, 0.0966)
    """
    n = state.counts.sum(axis=0).astype(np.float64)
    hits, scores = state.positives.sum(axis=0), state.scores.sum(axis=0)
    if not n.sum():
        raise ValueError("calibration needs at least one unit, found 0")
    # The bins of one class hold all units once, so that those of all hold them once a class.
    held = n > 0
    deviation = mean_deviation(n[held], scores[held] / n[held])
    return ExpectedCalibrationError(
        float(np.abs(hits - scores).sum() / n.sum()), float(deviation.sum() / n.sum())
    )


def class_gap(state: ClassBins, place: int) -> Estimate:
    """Mean p_c minus the share of class c: above zero, the class is promised too often.

    Where rows are independent, Student's interval from exact squares, with one unit of the class
    and one of the others added half each, as in `calibration.confidence_gap`. With several blocks
    of clusters, the jackknife.

    Args:
        state: bins of all classes.
        place: which class.

    Raises:
        ValueError: fewer than two units, or fewer than two blocks with units.
    """
    if state.blocks > 1:
        parts = [_of(state.scores, place), _of(state.positives, place), state.block_units]
        return delete_one_block(
            np.stack([np.asarray(part, dtype=np.float64) for part in parts], axis=1), _gap
        )
    scores, hits = float(state.scores[0, place].sum()), float(state.positives[0, place].sum())
    average = scores / max(state.units, 1)
    squares = float(state.squares[0, place] - 2 * state.truth_scores[0, place]) + hits
    squares += (average**2 + (1 - average) ** 2) / 2
    return mean(scores - hits, squares, state.units)


def class_squared_error(
    state: ClassBins, place: int, *, seed: int = 0, draws: int = 400
) -> Estimate:
    """The debiased squared calibration error of p_c, over bins of equal width.

    As `calibration.squared_error`, with the 15 bins of the state. Of a rare class most bins hold a
    few units, whose errors are so skewed that a gate would fail calibrated models: from the top,
    bins are joined until they hold `SMALLEST` units. With several blocks of clusters, debiased by
    the jackknife.

    Args:
        state: bins of all classes.
        place: which class.
        seed: of the redraws.
        draws: number of redraws.

    Raises:
        ValueError: fewer than 30 units, or fewer than two blocks with units.
    """
    if state.units < FEWEST:
        raise ValueError(f"calibration needs at least {FEWEST} units, found {state.units}")
    hits, n = state.positives[:, place], state.counts[:, place]
    total = n.sum(axis=0)
    index = np.flatnonzero(total)
    wrong, right, scores = (
        np.asarray(part, dtype=np.float64)[:, index]
        for part in (n - hits, hits, state.scores[:, place])
    )
    of_bin = _joined(total[index])
    if state.blocks > 1:
        starts = run_starts(of_bin)
        binned = (np.add.reduceat(part, starts, axis=1) for part in (wrong, right, scores))
        return debiased_jackknife(np.stack(list(binned), axis=-1), plain_squared_error)
    cells = Cells(index, wrong[0], right[0], scores[0])
    return spread_estimate(cells, of_bin, seed=seed, draws=draws)


def _joined(n: NDArray[np.int64]) -> NDArray[np.intp]:
    """Number of the bin of each, ascending, once they are joined from the top; none is too small.

    Example:
        >>> _joined(np.array([900, 30, 2, 15, 4, 1])).tolist()
        [0, 1, 1, 2, 2, 2]
        >>> _joined(np.array([3, 30, 25])).tolist()
        [0, 0, 1]
    """
    starts, held = [0], 0
    for place in range(n.size - 1, -1, -1):
        held += int(n[place])
        if held >= SMALLEST:
            starts.append(place)
            held = 0
    if held:
        starts.pop()  # what is left over joins the bin above it
    return np.searchsorted(np.unique(starts), np.arange(n.size), side="right") - 1


def _of(parts: NDArray[np.int64] | Floats, place: int) -> NDArray[np.int64] | Floats:
    """What each block holds of one class, over its bins."""
    return np.asarray(parts[:, place].sum(axis=1))


def _gap(total: Floats) -> float:
    scores, hits, units = total
    return float((scores - hits) / units)
