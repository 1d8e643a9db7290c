"""The largest difference and the smallest ratio between groups, over arrays of any shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auditkit.errors import DataError

Values = NDArray[np.float64]

METHODS = ("between_groups", "to_overall")


def compared_groups(by_group: Values, overall: Values, kind: str, method: str) -> Values:
    """The largest difference or the smallest ratio; what is undefined is left out.

    Args:
        by_group: shape (…, groups, metrics).
        overall: shape (…, metrics).
        kind: `difference` or `ratio`.
        method: `between_groups` or `to_overall`.

    Returns:
        Shape (…, metrics); NaN where no group has a value.

    Raises:
        DataError: another method.
    """
    if method not in METHODS:
        raise DataError(
            f"There is no method {method!r}.", mend=f"Use {' or '.join(map(repr, METHODS))}."
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        if method == "between_groups":
            high, low = _largest(by_group), -_largest(-by_group)
            return high - low if kind == "difference" else low / high
        if kind == "difference":
            return _largest(np.abs(by_group - overall[..., None, :]))
        ratios = by_group / overall[..., None, :]
        return -_largest(-np.where(ratios > 1, 1 / ratios, ratios))


def _largest(values: Values) -> Values:
    known = ~np.isnan(values)
    result: Values = np.where(known, values, -np.inf).max(axis=-2)
    return np.where(known.any(axis=-2), result, np.nan)
