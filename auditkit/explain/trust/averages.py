"""The mean of a test over its units, with an interval that knows who belongs together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auditkit.explain.trust.explained import Floats
from auditkit.measurement import Estimate, Interval
from auditkit.statistics.absence import NoEstimateError
from auditkit.statistics.clustered_means import clustered_mean
from auditkit.statistics.estimates import interval, student

Groups = NDArray[np.int64]

LEVEL = 0.90


@dataclass(frozen=True)
class Average:
    """A mean.

    Attributes:
        value: NaN where no unit has one.
        estimate: what intervals at other levels are computed from; None where there is none.
        interval: two-sided, of level .90; None likewise.
        exact: whether the value is the same for every unit, and no matter of chance.
        units: how many units it is the mean of.
        undefined: how many have no value.
        reason: why there is no interval, a full sentence; "" if there is one.
    """

    value: float
    estimate: Estimate | None
    interval: Interval | None
    units: int
    undefined: int
    reason: str = ""
    exact: bool = False


def average(
    values: Floats, groups: Groups | None = None, *, fewest: int = 2, coarse: bool = False
) -> Average:
    """The mean of the units that have a value.

    Args:
        values: [n], NaN where a unit has none.
        groups: int64 [n], which units belong together; None if all are independent.
        fewest: groups that an interval needs.
        coarse: whether a unit can only have a few different values, such as the rank correlation of
            two regions: that all have the same may be chance then.

    Example:
        >>> found = average(np.array([0.1, 0.3, np.nan, 0.2]))
        >>> round(found.value, 3), found.units, found.undefined
        (0.2, 3, 1)
    """
    told = ~np.isnan(values)
    kept, missing = values[told], int((~told).sum())
    if not len(kept):
        return Average(np.nan, None, None, 0, missing, "No unit has a value.")
    value = float(kept.mean())
    own = np.arange(len(kept)) if groups is None else groups[told]
    _, places = np.unique(own, return_inverse=True)
    counts = np.bincount(places)
    if len(counts) < 2:
        said = "A single unit has no interval." if len(kept) == 1 else _ONE_GROUP
        return Average(value, None, None, len(kept), missing, said)
    if groups is not None and len(counts) < fewest:
        said = f"The units come from {len(counts)} groups; an interval needs {fewest} of them."
        return Average(value, None, None, len(kept), missing, said)
    if np.ptp(kept) <= _ROUNDING:
        exact = len(counts) >= _MANY and not coarse
        said = _ALL_THE_SAME if exact else _TOO_FEW_TO_VARY
        return Average(value, None, None, len(kept), missing, said, exact)
    try:
        found = _estimate(kept, value, counts.astype(np.int64), places)
    except NoEstimateError as error:
        return Average(value, None, None, len(kept), missing, str(error))
    return Average(value, found, interval(found, LEVEL), len(kept), missing)


_ROUNDING = 1e-12
_MANY = 5
_ONE_GROUP = "All units belong together, so that there is nothing to compare their mean with."
_ALL_THE_SAME = "It is the same for every unit."
_TOO_FEW_TO_VARY = "That it is the same for so few is no certainty."


def _estimate(kept: Floats, value: float, counts: Groups, places: Groups) -> Estimate:
    if (counts == 1).all():
        error = float(kept.std(ddof=1) / np.sqrt(len(kept)))
        return student(value, error, len(kept) - 1)
    return clustered_mean(counts, np.bincount(places, weights=kept))
