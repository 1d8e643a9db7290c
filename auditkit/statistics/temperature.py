"""Temperature scaling: one number that logits are divided by, so that confidence fits the truth.

It changes no ranking of the classes of a unit, and so no decision by the highest score.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import estimate
from auditkit.statistics.roots import bracketed_root

Floats = NDArray[np.float64]

LOWEST, HIGHEST = 0.01, 1000.0
"""Temperatures searched. Below the first every probability is about 0 or 1; above the second even
logits of a thousand say nothing."""


@dataclass(frozen=True)
class Temperature:
    """What `fit_temperature` found.

    Attributes:
        value: logits are divided by it; above 1 the model was over-confident.
        estimate: the value with its uncertainty (`log_student`); None where the units do not
            determine it, so that it lies at an end of the range, or is 1.
        caveat: why they do not, a full sentence; "" where they do.
    """

    value: float
    estimate: Estimate | None
    caveat: str = ""

    def apply(self, logits: ArrayLike) -> Floats:
        """Probabilities of the classes, float64 `[n, classes]`, from logits of that shape.

        Example:
            >>> Temperature(2.0, None).apply([[0.0, 2 * np.log(3)]]).round(3).tolist()
            [[0.25, 0.75]]
        """
        result: Floats = softmax(np.asarray(logits, dtype=np.float64) / self.value, axis=1)
        return result


def fit_temperature(
    logits: ArrayLike, target: ArrayLike, blocks: ArrayLike | None = None
) -> Temperature:
    """The temperature with the smallest log loss, and its interval.

    The loss is convex in 1/T: its one minimum is the root of its derivative. The interval is on the
    scale of log T. Its standard error is the sandwich, which also holds where no temperature makes
    the model calibrated, and where units come in clusters.

    Args:
        logits: `[n, classes]`; of two classes `[0, log-odds]` will do.
        target: `[n]`, codes of the true classes.
        blocks: `[n]`, for clustered units the block of whole clusters that each lies in; None
            where units are independent.

    Returns:
        A temperature in [`LOWEST`, `HIGHEST`]. It is the lowest where every unit's true class has
        the highest logit, so that no confidence is too high; the highest where confidence does not
        go with the truth at all; and 1 where the logits of every unit are equal.

    Raises:
        ValueError: arrays that do not match, logits that are not finite, no units or a single
            block, or a code without a column.

    Source: Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural Networks, ICML 2017;
    White, Econometrica 50 (1982) 1–25 (the sandwich).

    Example:
        >>> odds = np.repeat([-3 * np.log(3), 3 * np.log(3)], 400)
        >>> truth = np.tile([0, 0, 0, 1], 100).tolist() + np.tile([1, 1, 1, 0], 100).tolist()
        >>> found = fit_temperature(np.stack([0 * odds, odds], axis=1), truth)
        >>> round(found.value, 6), found.estimate.method
        (3.0, 'log_student')
    """
    above = _above_truth(logits, target)
    codes = None if blocks is None else _block_codes(blocks, len(above))
    if not above.any():
        return Temperature(1.0, None, _EQUAL)
    # Too confident where the derivative by 1/T is positive; it rises with 1/T.
    coldest, hottest = -math.log(LOWEST), -math.log(HIGHEST)
    if _slopes(above, coldest).sum() <= 0:
        return Temperature(LOWEST, None, _separable(above))
    if _slopes(above, hottest).sum() >= 0:
        return Temperature(HIGHEST, None, _UNRELATED)
    log_inverse = bracketed_root(
        lambda place: float(_slopes(above, place).sum()), hottest, coldest, tolerance=1e-10
    )
    se, df = _sandwich(above, log_inverse, codes)
    value = math.exp(-log_inverse)
    return Temperature(value, estimate("log_student", value=value, se_log=se, df=df))


_EQUAL = "All classes have equal logits in every unit, so that no temperature changes anything."
_UNRELATED = (
    f"The temperature lies at the upper end of those searched, {HIGHEST:g}: on these units the "
    "model's confidence does not go with the truth."
)


def _separable(above: Floats) -> str:
    separated = "every unit's true class has the highest logit" if (above <= 0).all() else (
        "hardly any unit's confidence is too high"
    )  # fmt: skip
    return (
        f"The temperature lies at the lower end of those searched, {LOWEST:g}: on these units "
        f"{separated}, so that nothing bounds the confidence."
    )


def _above_truth(logits: ArrayLike, target: ArrayLike) -> Floats:
    """By how much each class's logit lies above that of the true class, `[n, classes]`."""
    scores, codes = np.asarray(logits, dtype=np.float64), np.asarray(target)
    if scores.ndim != 2 or scores.shape[1] < 2 or codes.shape != scores.shape[:1]:
        raise ValueError(
            "expected logits [n, classes] of two classes or more and targets [n], found "
            f"{scores.shape} and {codes.shape}"
        )
    if not len(scores) or codes.dtype.kind not in "iub":
        raise ValueError(f"targets must be codes of at least one unit, found {codes.dtype}")
    codes = codes.astype(np.intp)
    if codes.min() < 0 or codes.max() >= scores.shape[1]:
        raise ValueError(f"codes must lie in [0, {scores.shape[1] - 1}]")
    if not np.isfinite(scores).all():
        raise ValueError("the logits must be finite")
    above: Floats = scores - np.take_along_axis(scores, codes[:, None], axis=1)
    return above


def _block_codes(blocks: ArrayLike, units: int) -> NDArray[np.intp]:
    named = np.asarray(blocks)
    if named.shape != (units,):
        raise ValueError(f"expected a block for each of {units} units, found {named.shape}")
    distinct, codes = np.unique(named, return_inverse=True)
    if len(distinct) < 2:
        raise ValueError("an interval of clustered units needs two blocks")
    return codes


def _slopes(above: Floats, log_inverse: float) -> Floats:
    """Derivative of each unit's log loss by 1/T, at log (1/T): `[n]`."""
    slopes: Floats = (softmax(math.exp(log_inverse) * above, axis=1) * above).sum(axis=1)
    return slopes


def _sandwich(
    above: Floats, log_inverse: float, codes: NDArray[np.intp] | None
) -> tuple[float, float]:
    """Standard error of log T, and its degrees of freedom."""
    inverse = math.exp(log_inverse)
    weights = softmax(inverse * above, axis=1)
    slopes = (weights * above).sum(axis=1)
    curvature = float((weights * above**2).sum() - (slopes**2).sum())
    parts = slopes if codes is None else np.bincount(codes, weights=slopes)
    count = len(parts)
    variance = float((parts**2).sum()) * count / max(count - 1, 1)
    se = math.sqrt(variance) / (curvature * inverse) if curvature > 0 else 0.0
    return se, max(count - 1, 1)
