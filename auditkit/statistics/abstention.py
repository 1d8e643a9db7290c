"""A threshold of confidence that keeps errors among the answers rare, chosen on one sample.

Above each candidate the number of errors is binomial: given the score of the most confident unit
that is *not* answered, those above it are a sample of all units that score higher. So each
candidate has an exact p-value of "the error above it is larger than asked for". Candidates are
tested from the most confident down, each as long as the one before passed; the chance to pass any
that errs too often is then that of one test (fixed-sequence testing). From the very top, where few
units are, such a sequence often stops at the first error. It therefore starts anew at places that
the number of units alone decides, each with a part of the chance, which one that passes hands on
to the next (fallback procedure). Nothing but the order of the scores decides which candidates there
are.

Sources: Angelopoulos et al., Learn then Test, Annals of Applied Statistics 19 (2025) 1641–1662;
Geifman and El-Yaniv, Selective Classification for Deep Neural Networks, NeurIPS 2017; fallback:
Wiens, Pharmaceutical Statistics 2 (2003) 211–215, Wiens and Dmitrienko, Journal of
Biopharmaceutical Statistics 15 (2005) 929–942; bounds: Clopper and Pearson, Biometrika 26 (1934)
404–413. `benchmarks/abstention.py` measures how often the promise is broken.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaincinv

from auditkit.statistics.rounding import rounded_up

__all__ = [
    "Threshold",
    "certified_threshold",
    "fewest_answers",
    "one_of_each",
    "units_needed",
]

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

STEP = 1.02
"""By how much the number answered grows from one candidate to the next: finer steps find more, and
coarser ones stop less often half-way."""

STARTS = ((0.0, 0.1), (0.1, 0.3), (0.3, 0.6))
"""The share of units answered where a sequence starts (never fewer than `_first` says), and its
part of the chance. Chosen on simulated populations, as is twice the fewest answers for the first.
"""

_DOUBLINGS = 20


@dataclass(frozen=True)
class Threshold:
    """A threshold that was certified.

    Attributes:
        above: units that score above it are answered; -inf answers all.
        answered: how many of the sample it answers.
        errors: how many of these are wrong.
        bound: the upper bound of the error above it that made it pass, at most the error asked for.
    """

    above: float
    answered: int
    errors: int
    bound: float


@dataclass(frozen=True, eq=False)
class _Candidates:
    """Thresholds from the most confident down; arrays of shape (candidates,)."""

    above: Floats
    answered: Counts
    errors: Counts
    n: int


def fewest_answers(error: float, violation: float) -> int:
    """How many answers without a single error could pass.

    Args:
        error: largest share of errors among the answers, in (0, 1).
        violation: chance to pass what errs more often, in (0, 1).

    Raises:
        ValueError: a share outside (0, 1).

    Example:
        >>> fewest_answers(0.05, 0.10)
        45
    """
    for name, share in (("error", error), ("violation", violation)):
        if not 0 < share < 1:
            raise ValueError(f"{name} must lie between 0 and 1, found {share}")
    return math.ceil(math.log(violation) / math.log1p(-error))


def certified_threshold(
    scores: ArrayLike, wrong: ArrayLike, error: float, violation: float
) -> Threshold | None:
    """The threshold that answers most among those that keep the error, or None if none was found.

    Over samples drawn afresh, the error of all units that score above the threshold is larger than
    `error` in at most the share `violation` of them. Units must be independent (of clusters take
    `one_of_each`) and those that are answered later drawn like them. Equal scores stay together.

    Each single test is exact. That the candidates lie at scores of the sample itself was simulated,
    also where errors gather among the most confident: the promise was broken in 7 % at most.

    Args:
        scores: `[n]`, higher meaning more confident; no NaN.
        wrong: `[n]`, whether each unit is wrong.
        error: largest share of errors among the answers, in (0, 1).
        violation: chance to break the promise, in (0, 1).

    Raises:
        ValueError: another number of outcomes than of scores, a score that is NaN, or a share
            outside (0, 1).

    Example:
        >>> scores = np.arange(100) / 100
        >>> found = certified_threshold(scores, scores < 0.3, error=0.05, violation=0.1)
        >>> found.above, found.answered, found.errors
        (0.29, 70, 0)
    """
    given = _candidates(scores, wrong, fewest_answers(error, violation))
    p_values = _p_values(given.answered, given.errors, error)
    reserved = _reserved(given.answered, given.n, fewest_answers(error, violation), violation)
    level, last = 0.0, None
    for place, (p_value, own) in enumerate(zip(p_values, reserved, strict=True)):
        level += own
        if p_value <= level:
            last = place, level
        else:
            level = 0.0
    if last is None:
        return None
    place, level = last
    answered, errors = int(given.answered[place]), int(given.errors[place])
    bound = float(betaincinv(errors + 1, answered - errors, 1 - level))
    return Threshold(float(given.above[place]), answered, errors, min(bound, error))


def units_needed(scores: ArrayLike, wrong: ArrayLike, error: float, violation: float) -> int | None:
    """About how many units would give a threshold where these give none, if all errors scaled.

    The sequence is run again on the same shares of errors among ever more units. Whatever passes
    does so after a start that passes, so that the starts alone decide, each with its part of the
    chance. Simulated, the median of what was said lay mostly within a factor of 3 of the number at
    which half of the samples have a threshold, and within one of 7 for 326 units, of which the
    first start answers too large a part.

    Returns:
        The number, larger than that of the units; None if no start would pass among a million times
        as many.

    Raises:
        ValueError: as `certified_threshold`.

    Example:
        >>> units_needed([1.0] * 100, [True] * 3 + [False] * 97, error=0.05, violation=0.1)
        250
    """
    fewest = fewest_answers(error, violation)
    given = _candidates(scores, wrong, fewest)
    for doubling in range(1, 10 * _DOUBLINGS + 1) if given.n else ():
        factor = 2 ** (doubling / 10)
        answered = np.asarray(factor * given.answered, dtype=np.float64)
        reserved = _reserved(answered, factor * given.n, fewest, violation)
        p_values = _p_values(answered, factor * given.errors, error)
        if ((p_values <= reserved) & (reserved > 0)).any():
            return int(rounded_up(factor * given.n, 2))
    return None


def one_of_each(clusters: ArrayLike, keys: ArrayLike) -> Counts:
    """The positions of one unit of each cluster: that with the smallest key.

    Units of one cluster share their fate, so that counted as independent they break the promise
    far too often; no effective size keeps it exactly. The promise is then that for a unit drawn at
    random from a cluster drawn at random: all units together may err more often, where those of
    large clusters do. Of clusters whose units were thinned before, only those that still have one
    can be drawn, and large ones more often have.

    Args:
        clusters: `[n]`, of each unit.
        keys: `[n]`, hashes that know nothing of scores and outcomes.

    Example:
        >>> one_of_each([7, 7, 9], [5, 3, 8]).tolist()
        [1, 2]
    """
    of_units = np.asarray(clusters)
    order = np.lexsort([np.asarray(keys), of_units])
    _, first = np.unique(of_units[order], return_index=True)
    chosen: Counts = np.sort(order[first])
    return chosen


def _candidates(scores: ArrayLike, wrong: ArrayLike, fewest: int) -> _Candidates:
    """Candidates at growing numbers of answers; the last answers all units."""
    values, errs = np.asarray(scores, dtype=np.float64), np.asarray(wrong).astype(bool)
    if values.ndim != 1 or values.shape != errs.shape:
        raise ValueError(f"expected one outcome a score, found {errs.shape} and {values.shape}")
    if np.isnan(values).any():
        raise ValueError(f"{int(np.isnan(values).sum())} scores are not numbers")
    order = np.argsort(-values, kind="stable")
    descending, errors = values[order], np.concatenate([[0], np.cumsum(errs[order])])
    # The first unit that is not answered gives the threshold; what equals it isn't answered either.
    above = np.unique(descending[_ranks(fewest, len(values))])[::-1]
    answered = np.searchsorted(-descending, -above, side="left")
    above, answered = above[answered > 0], answered[answered > 0]
    if len(values):
        above, answered = np.append(above, -np.inf), np.append(answered, len(values))
    return _Candidates(above, answered, errors[answered], len(values))


def _ranks(fewest: int, n: int) -> Counts:
    ranks, rank = [], float(_first(fewest, n))
    while rank < n:
        ranks.append(int(rank))
        rank = max(rank + 1, rank * STEP)
    return np.array(ranks, dtype=np.int64)


def _first(fewest: int, n: float) -> float:
    """How many the first candidate answers: of few units half, and no fewer than could pass."""
    return min(2 * fewest, max(fewest, n // 2))


def _reserved(answered: Counts | Floats, n: float, fewest: int, violation: float) -> Floats:
    """The part of the chance that each candidate has of its own: that of a start, else none."""
    parts = np.zeros(len(answered))
    for share, part in STARTS if len(parts) else ():
        place = np.searchsorted(answered, max(_first(fewest, n), share * n))
        parts[min(int(place), len(parts) - 1)] += part * violation
    return parts


def _p_values(answered: ArrayLike, errors: ArrayLike, error: float) -> Floats:
    """The chance of so few errors or fewer, were their share `error`; 1 where all are wrong."""
    n, x = np.asarray(answered, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    inside = x < n
    found: Floats = np.ones(n.shape)
    found[inside] = betainc(n[inside] - x[inside], x[inside] + 1, 1 - error)
    return found
