"""The area under the curve of scores that two models gave, each fitted on the other's half.

Each unit is scored once, by a model that has not seen it. But the two areas are not independent:
what sets the halves apart by chance turns both models the same way. Where there is nothing to
learn, a linear model's two areas are one and the same number, and treating them as independent
gives an interval that covers 84 % instead of 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from auditkit.measurement import Estimate
from auditkit.statistics.cautious_auc import cautious_auc
from auditkit.statistics.estimates import estimate
from auditkit.statistics.sides import Sides


def crossed_auc(halves: Sequence[Sides]) -> Estimate:
    """The mean of the areas of both halves, weighted by their pairs.

    Pairs are compared within a half alone, since scores of two models are on two scales. The
    standard error is the weighted mean of both standard errors, the largest that it can be however
    the two depend on each other (Cauchy and Schwarz): about that of one half. So the interval is
    up to √2 too wide where they do not, and never too narrow for it. What it covers is the mean
    area of these two models.

    Args:
        halves: the scores of each half.

    Raises:
        ValueError: fewer than two scores on a side of a half.

    Example:
        >>> import numpy as np
        >>> half = Sides(np.array([0.9, 0.8, 0.4]), np.array([0.5, 0.3, 0.2, 0.1]))
        >>> one, both = (crossed_auc(halves).parameters for halves in ([half], [half, half]))
        >>> both["value"] == one["value"], both["se"] == one["se"]
        (True, True)
    """
    found = [cautious_auc(one).parameters for one in halves]
    pairs = [float(len(one.inside) * len(one.outside)) for one in halves]
    weights = [one / math.fsum(pairs) for one in pairs]

    def mean(name: str) -> float:
        return math.fsum(w * one[name] for w, one in zip(weights, found, strict=True))

    return estimate("delong_outer", **{name: mean(name) for name in _AVERAGED})


_AVERAGED = ("value", "se", "positives", "negatives", "df")
