"""Units that come in clusters: what their dependence costs, by leaving out one block at a time.

Blocks are disjoint sets of whole clusters, for example the 64 values of a hash of the cluster's id.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.clustered import ClusteredRate
from auditkit.statistics.critical import critical_value, student_value
from auditkit.statistics.estimates import estimate
from auditkit.statistics.weighting import kish_size

__all__ = ["delete_one_block", "design_effect", "effective_counts", "kish_size"]

Statistic = Callable[[NDArray[Any]], float]


def delete_one_block(
    blocks: ArrayLike, statistic: Statistic, scale: Literal["plain", "log"] = "plain"
) -> Estimate:
    """An estimate of any smooth statistic of sums, its error from deleting each block in turn.

    Args:
        blocks: `[blocks, …]`, the additive state of each block (counts, sums). Blocks that are
            zero throughout hold no units and are left out.
        statistic: the state summed over blocks, of shape `[…]`, → a number.
        scale: `log` for ratios, whose interval is then multiplicative.

    Returns:
        `student` (or `log_student`) with one degree of freedom fewer than blocks. If no deletion
        changes the statistic its bounds are infinite: no variation seen is no certainty.

    Raises:
        ValueError: fewer than two blocks with units, or a statistic that is undefined on all units
            or without some block (then it rests on that block alone).

    Source: Wolter, Introduction to Variance Estimation (2007) chapter 4; Kott, Journal of Official
    Statistics 17 (2001) 521–526 (delete-a-group jackknife and its degrees of freedom).

    Example:
        >>> rights_and_rows = [[8, 10], [9, 10], [7, 10], [8, 10]]
        >>> estimate = delete_one_block(rights_and_rows, lambda total: total[0] / total[1])
        >>> estimate.parameters["value"], round(estimate.parameters["se"], 4)
        (0.8, 0.0408)
    """
    occupied = _occupied(blocks)
    total = occupied.sum(axis=0)
    transform = math.log if scale == "log" else float
    value = _defined(statistic, total, "on all units", transform)
    without = np.array(
        [_defined(statistic, total - block, "without one block", transform) for block in occupied]
    )
    count = len(occupied)
    spread = float(((without - without.mean()) ** 2).sum())
    # Deletions that differ by rounding alone are no variation.
    noise = count * (1e-13 * max(abs(value), float(np.abs(without).max()))) ** 2
    se = 0.0 if spread <= noise else math.sqrt((count - 1) / count * spread)
    if scale == "log":
        return estimate("log_student", value=math.exp(value), se_log=se, df=count - 1)
    return estimate("student", value=value, se=se, df=count - 1)


def _occupied(blocks: ArrayLike) -> NDArray[Any]:
    array = np.asarray(blocks)
    if array.ndim < 1 or array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise ValueError("blocks must be an array of finite numbers, the first dimension blocks")
    occupied: NDArray[Any] = array[(array.reshape(len(array), -1) != 0).any(axis=1)]
    if len(occupied) < 2:
        raise ValueError(f"a jackknife needs two blocks with units, found {len(occupied)}")
    return occupied


def _defined(
    statistic: Statistic, state: NDArray[Any], when: str, transform: Callable[[float], float]
) -> float:
    with np.errstate(all="ignore"):
        number = float(statistic(state))
    if not math.isfinite(number):
        raise ValueError(f"the statistic is undefined {when} (it came out as {number})")
    if transform is math.log and number <= 0:
        raise ValueError(f"the statistic is {number} {when}, so it has no logarithm")
    return transform(number)


def design_effect(successes: ArrayLike, n: ArrayLike, clusters: int | None = None) -> float:
    """How many times larger the variance of a proportion is than that of independent units.

    Args:
        successes: `[blocks]`, successes in each block.
        n: `[blocks]`, units in each block.
        clusters: number of independent clusters, where known.

    Returns:
        At least 1 (chance alone can make blocks look more alike than they are). If all units agree
        nothing shows how they depend on each other: then n / clusters, as if each cluster were one
        observation, or without their number n over Kish's number of blocks.

    Raises:
        ValueError: more successes than units, or fewer than two blocks with units.

    Source: Rao and Scott, Biometrics 48 (1992) 577–585.
    """
    x, size = _checked_blocks(successes, n)
    total, rate = float(size.sum()), float(x.sum() / size.sum())
    if rate in (0.0, 1.0):
        independent = clusters if clusters is not None else kish_size(total, float((size**2).sum()))
        return max(total / independent, 1.0)
    count = len(size)
    clustered = count / (count - 1) * float(((x - rate * size) ** 2).sum()) / total**2
    return max(clustered / (rate * (1 - rate) / total), 1.0)


def effective_counts(
    successes: ArrayLike, n: ArrayLike, clusters: int | None = None
) -> tuple[float, float]:
    """Successes and units of as much information as the dependent units hold.

    For an interval that knows no degrees of freedom, in place of the counts: reduced by the design
    effect, and because that is itself estimated from few blocks, once more by the squared ratio of
    normal and Student critical values at a one-sided error of .025. Rates themselves, ratios and
    differences have better ones in `clustered`.

    Args and errors are those of `design_effect`.

    Example:
        >>> x, n = effective_counts([9, 1, 8, 2], [10, 10, 10, 10])
        >>> round(x / n, 3), n < 10
        (0.5, True)
    """
    rate = ClusteredRate(successes, n, clusters)
    z = critical_value(0.025)
    shrink = (z / student_value(z, rate.df)) ** 2
    x, size = rate.effective
    return x * shrink, size * shrink


def _checked_blocks(
    successes: ArrayLike, n: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, size = np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if x.ndim != 1 or x.shape != size.shape:
        raise ValueError(f"expected two rows of one length, found {x.shape} and {size.shape}")
    if not ((x >= 0) & (x <= size)).all() or not np.isfinite(size).all():
        raise ValueError("successes must lie between 0 and n in every block")
    occupied = size > 0
    if occupied.sum() < 2:
        raise ValueError(f"a design effect needs two blocks with units, found {occupied.sum()}")
    return x[occupied], size[occupied]
