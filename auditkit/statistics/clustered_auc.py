"""Areas under the ROC curve, and their difference, of units that come in clusters.

States are counts `[blocks, cells, (negatives, positives)]`, cells in ascending order of the score.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import estimate
from auditkit.statistics.jackknife import delete_one_block
from auditkit.statistics.weighting import kish_size_of

Floats = NDArray[np.float64]


def clustered_auc(blocks: NDArray[np.int64]) -> Estimate:
    """The area under the curve of clustered units.

    The error is that of the delete-one-block jackknife on the logit scale, on which the bounds lie
    too: on its own scale an area near 1 has bounds that are too high. Its degrees of freedom are
    one less than the effective number of blocks that hold the positives, the negatives, or the
    pairs in the wrong order, whichever are fewest. As in `binned_auc`, the slack says how far the
    cells may have moved the value.

    Args:
        blocks: `[blocks, cells, 2]`.

    Raises:
        ValueError: fewer than two blocks hold units, or one of them holds all of a class.

    Source: Wolter, Introduction to Variance Estimation (2007) chapter 4; the logit scale as Pepe,
    The Statistical Evaluation of Medical Tests (2003) section 5.2.

    Example:
        >>> block = np.array([[3, 0], [2, 1], [1, 3]])
        >>> found = clustered_auc(np.stack([block, block, block[::-1], block]))
        >>> round(found.parameters["value"], 3), round(found.parameters["df"], 1)
        (0.677, 2.3)
    """
    total = blocks.sum(axis=0)
    value = area(total)
    parameters = {"value": value, "se": _error(blocks, value), "slack": _slack(total)}
    if not parameters["se"]:
        # Nothing shows how clusters differ: as if each block of a class were one unit of it.
        negatives, positives = (kish_size_of(blocks[..., place].sum(axis=1)) for place in (0, 1))
        parameters |= {"positives": positives, "negatives": negatives}
    return estimate("delong", **parameters, df=_df(blocks))


def clustered_auc_difference(blocks: NDArray[np.int64]) -> Estimate:
    """The first area minus the second; the units of one cluster may be on both sides.

    Args:
        blocks: `[blocks, 2, cells, 2]`.

    Raises:
        ValueError: as `clustered_auc`.
    """

    def gap(state: NDArray[np.int64]) -> float:
        return area(state[0]) - area(state[1])

    found = delete_one_block(blocks, gap).parameters
    slack = sum(_slack(side) for side in blocks.sum(axis=0))
    df = min(found["df"], *(_df(blocks[:, side]) for side in (0, 1)))
    return estimate("student", value=found["value"], se=found["se"], df=df, slack=slack)


def area(state: NDArray[np.int64]) -> float:
    """The area of counts `[cells, 2]`, ties counted half; NaN without one of the two classes."""
    negatives, positives = state.T
    pairs = float(positives.sum()) * float(negatives.sum())
    below = np.cumsum(negatives) - negatives / 2
    return float(positives @ below / pairs) if pairs else math.nan


def _error(blocks: NDArray[np.int64], value: float) -> float:
    """The standard error; that of the logit, brought back, where every deletion has a logit."""
    if not 0 < value < 1:
        return float(delete_one_block(blocks, area).parameters["se"])
    try:
        of_logit = delete_one_block(blocks, lambda total: _logit(area(total)))
    except ValueError:
        return float(delete_one_block(blocks, area).parameters["se"])
    return float(of_logit.parameters["se"]) * value * (1 - value)


def _logit(share: float) -> float:
    return math.log(share / (1 - share)) if 0 < share < 1 else math.nan


def _slack(total: NDArray[np.int64]) -> float:
    negatives, positives = total.T.astype(np.float64)
    return float(negatives @ positives / (2 * negatives.sum() * positives.sum()))


def _df(blocks: NDArray[np.int64]) -> float:
    negatives, positives = np.moveaxis(blocks, -1, 0).astype(np.float64)
    above = negatives.sum(axis=0)[::-1].cumsum()[::-1] - negatives.sum(axis=0) / 2
    below = positives.sum(axis=0).cumsum() - positives.sum(axis=0) / 2
    wrong = positives @ above + negatives @ below
    sizes = [kish_size_of(part) for part in (negatives.sum(axis=1), positives.sum(axis=1), wrong)]
    return max(min(sizes) - 1, 1.0)
