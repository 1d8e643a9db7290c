"""Two groups compared among alike units: rates pooled over strata (Mantel and Haenszel).

The point estimates are those of Mantel and Haenszel. Their bounds are all ratios (or differences)
that the stratified score test does not reject: the variance is that under the value asked about,
so that it stays honest where nearly all of a few units are selected, and with many small strata.

Source: Gart and Nam, Biometrics 44 (1988) 323–338 and 46 (1990) 637–643; Miettinen and Nurminen,
Statistics in Medicine 4 (1985) 213–226, with their factor N/(N−1) in every stratum, without which
many small strata look too certain.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import estimate
from auditkit.statistics.rates import Rate, difference_estimate, ratio_estimate

Floats = NDArray[np.float64]


def pooled_ratio(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> Estimate:
    """The ratio of two rates that is common to all strata, weighted after Mantel and Haenszel.

    Strata in which one of the two groups has no units say nothing and have no weight.

    Args:
        x1, n1: successes and units of the group, `[strata]`.
        x2, n2: those of the reference.

    Returns:
        `stratified_ratio`; strata with the same numbers are kept once, with how many they are.

    Raises:
        ValueError: no stratum holds both, or the reference has no success in those that do.

    Example:
        >>> from auditkit.statistics.estimates import bounds, value
        >>> ratio = pooled_ratio([10, 4], [50, 40], [20, 12], [50, 60])
        >>> round(value(ratio), 4), [round(end, 3) for end in bounds(ratio, 0.025)]
        (0.5, [0.285, 0.861])
    """
    return _estimated("ratio", _both_present(x1, n1, x2, n2), (1.0, 1.0))


def pooled_difference(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> Estimate:
    """The difference of two rates that is common to all strata, weighted after Mantel and Haenszel.

    Arguments and errors as of `pooled_ratio`, save that successes are not needed.

    Example:
        >>> from auditkit.statistics.estimates import bounds, value
        >>> gap = pooled_difference([10, 4], [50, 40], [20, 12], [50, 60])
        >>> round(value(gap), 4), [round(end, 3) for end in bounds(gap, 0.025)]
        (-0.151, [-0.263, -0.035])
    """
    return _estimated("difference", _both_present(x1, n1, x2, n2), (1.0, 1.0))


def pooled_ratio_of_rates(strata: ArrayLike, one: Rate, reference: Rate) -> Estimate:
    """The pooled ratio of weighted or clustered units, scaled to independent ones.

    The effective sizes and degrees of freedom are those of the plain comparison of the two rates,
    applied to every stratum alike (Rao and Scott): one stratum shows too little of its own. The
    strata keep the weights that their units give them.

    Args:
        strata: x1, n1, x2, n2 as what units weigh, `[strata, 4]`; those with both groups.
        one, reference: the two rates in all these strata together.

    Raises:
        NoEstimateError: a few rows or clusters hold most of the weight.
        ValueError: as of `pooled_ratio`, or clusters are declared and one block holds all units.
    """
    return _of_rates("ratio", strata, ratio_estimate(one, reference))


def pooled_difference_of_rates(strata: ArrayLike, one: Rate, reference: Rate) -> Estimate:
    """The pooled difference of weighted or clustered units; see `pooled_ratio_of_rates`."""
    return _of_rates("difference", strata, difference_estimate(one, reference))


def _of_rates(form: str, strata: ArrayLike, plain: Estimate) -> Estimate:
    counts = np.asarray(strata, np.float64)
    present = _both_present(*counts.T)
    effective = plain.parameters
    scales = (
        effective["n1"] / present[:, 1].sum(),
        effective["n2"] / present[:, 3].sum(),
    )
    return _estimated(form, present, scales, effective.get("df"))


def _estimated(
    form: str, counts: Floats, scales: tuple[float, float], df: float | None = None
) -> Estimate:
    """An estimate of strata `[strata, 4]` whose sides are scaled to as many independent units."""
    if form == "ratio" and not counts[:, 2].any():
        raise ValueError("a pooled ratio needs successes of the reference in strata that hold both")
    kinds, repeats = np.unique(counts, axis=0, return_counts=True)
    x1, n1, x2, n2 = kinds.T
    first, second = scales
    known = {} if df is None else {"df": df}
    return estimate(
        f"stratified_{form}",
        x1=x1 * first,
        n1=n1 * first,
        x2=x2 * second,
        n2=n2 * second,
        weights=n1 * (n2 / (n1 + n2)),
        strata=repeats,
        **known,
    )


def _both_present(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> Floats:
    """The strata that hold units of both, `[strata, 4]`."""
    parts = [np.asarray(part, np.float64).ravel() for part in (x1, n1, x2, n2)]
    if len({part.shape for part in parts}) > 1:
        raise ValueError("expected four rows of one length, one number for each stratum")
    first, units1, second, units2 = parts
    if not ((first >= 0) & (first <= units1) & (second >= 0) & (second <= units2)).all():
        raise ValueError("successes must lie between 0 and n in every stratum")
    both = (units1 > 0) & (units2 > 0)
    if not both.any():
        raise ValueError("no stratum holds units of both groups")
    return np.stack(parts, axis=1)[both]
