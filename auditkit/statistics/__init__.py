"""Mergeable states and honest intervals: NumPy and SciPy only.

Counts and moments add up; estimates are plain data whose value, bounds and p-values are computed
here. The modules hold more than this list: `auc`, `calibration`, `paired`, `clustered`,
`jackknife`, `weighting`, `bootstrap`, `multiplicity`, `distances`.
"""

from __future__ import annotations

from auditkit.statistics.axes import Axis
from auditkit.statistics.counts import Counts
from auditkit.statistics.estimates import (
    METHODS,
    Method,
    bounds,
    interval,
    p_at_least,
    p_at_most,
    units_to_decide,
    value,
)
from auditkit.statistics.moments import Moments
from auditkit.statistics.multiplicity import benjamini_hochberg, holm

__all__ = [
    "METHODS",
    "Axis",
    "Counts",
    "Method",
    "Moments",
    "benjamini_hochberg",
    "bounds",
    "holm",
    "interval",
    "p_at_least",
    "p_at_most",
    "units_to_decide",
    "value",
]
