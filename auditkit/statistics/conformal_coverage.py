"""How many of m new units conformal sets cover, if all is as it should be: a beta-binomial number.

The share that one threshold covers of all units is Beta(k, n + 1 − k) over the draw of its n units,
so that of m further ones BetaBinomial(m, k, n + 1 − k) are covered. That many fewer are, says that
the units are not exchangeable or that the sets are not those of the method. It says nothing on
whether the model is good enough, and with many units it finds differences that matter to nobody.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, gammaln, logsumexp

from auditkit.statistics.conformal_thresholds import rank_of


def p_value(covered: int, units: int, calibrated: int, coverage: float) -> float:
    """The probability that so few or fewer of the units are covered.

    It is exact for scores without ties; ties make sets larger, and the value too large.

    Args:
        covered: units whose set holds the truth.
        units: all units that sets were measured on, m.
        calibrated: units behind the threshold, n; enough for a finite one.
        coverage: probability aimed at, in (0, 1).

    Raises:
        ValueError: more covered than there are, or too few units behind a threshold.

    Source: Vovk, Conditional Validity of Inductive Conformal Predictors, ACML 2012; Angelopoulos
    and Bates, Foundations and Trends in Machine Learning 16 (2023) 494–591 (appendix C).

    Example:
        >>> round(p_value(876, 1000, 1000, 0.9), 4), round(p_value(900, 1000, 1000, 0.9), 2)
        (0.044, 0.5)
    """
    if not 0 <= covered <= units:
        raise ValueError(f"{covered} of {units} units cannot be covered")
    rank = rank_of(calibrated, coverage)
    if rank > calibrated:
        raise ValueError(f"{calibrated} units give no finite threshold for {coverage}")
    a, b = float(rank), float(calibrated + 1 - rank)
    x = np.arange(covered + 1, dtype=np.float64)
    ways = gammaln(units + 1) - gammaln(x + 1) - gammaln(units - x + 1)
    log = float(logsumexp(ways + betaln(x + a, units - x + b) - betaln(a, b)))
    return min(float(np.exp(log)), 1.0)
