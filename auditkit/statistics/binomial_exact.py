"""The exact interval of a proportion."""

from __future__ import annotations

import math

from scipy.special import betaincinv, betaln

from auditkit.statistics.critical import minus_log_tail, upper_tail
from auditkit.statistics.proportions import Bounds


def clopper_pearson_bounds(successes: float, n: float, z: float) -> Bounds:
    """Bounds of a proportion: all p of which neither tail of the binomial law is under alpha.

    They hold whatever the proportion is, and are wider than Wilson's for it. Arguments are not
    checked here; effective counts need not be whole. At z = 0 both are the share itself.

    Args:
        successes: out of n.
        n: units.
        z: one-sided normal critical value; alpha is the tail beyond it.

    Raises:
        ArithmeticError: numbers so large that the quantile cannot be computed.

    Source: Clopper and Pearson, Biometrika 26 (1934) 404–413, by quantiles of the beta law.

    Example:
        >>> low, high = clopper_pearson_bounds(0, 20, 1.959963984540054)
        >>> low, round(high, 4)
        (0.0, 0.1684)
    """
    share = successes / n
    if z == 0:
        return share, share
    failures = max(n - successes, 0.0)
    low, high = _lowest(successes, failures, z), 1 - _lowest(failures, successes, z)
    # The quantiles of the beta law enclose the share but for rounding.
    return min(low, share), max(high, share)


def _lowest(successes: float, failures: float, z: float) -> float:
    """The p under which as many successes or more have the probability of the tail beyond z."""
    if successes == 0:
        return 0.0
    found = float(betaincinv(successes, failures + 1, upper_tail(z)))
    if math.isnan(found):
        found = _leading(successes, failures, z)
    if math.isnan(found):
        raise ArithmeticError(f"no quantile of the beta law of {successes:g} and {failures:g}")
    return found


def _leading(successes: float, failures: float, z: float) -> float:
    """The same from the first term of the series of the beta law, NaN where that is not all.

    SciPy gives up far out (tails under 1e-140), where nothing else is left of the law.
    """
    tail = math.log(successes) + float(betaln(successes, failures + 1)) - minus_log_tail(z)
    found = math.exp(min(tail / successes, 0.0))
    return found if found * (failures + 1) < 1e-9 else math.nan
