"""The area under the ROC curve with bounds that hold where few units are out of order, too."""

from __future__ import annotations

import math

import numpy as np

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import estimate
from auditkit.statistics.fold_auc import fold_auc
from auditkit.statistics.sides import Sides


def cautious_auc(sides: Sides) -> Estimate:
    """The probability that an inside unit scores above an outside one, ties counted half.

    DeLong's error is seen too small where one side has few units, or where few units or clusters
    hold the pairs in the wrong order: the lower bound then lay above the truth in up to a third of
    simulations at a nominal 5 %. The bounds are therefore the outer ones of DeLong's and of
    Newcombe's, whose variance follows from the area (see `auc_bounds.outer_auc_bounds`). Units with
    several scores have their influences added up, and Newcombe's variance is that of as many
    independent scores as theirs are worth. Student's critical value has one degree of freedom less
    than there are units on the side with fewer.

    Raises:
        ValueError: fewer than two scores on a side.

    Sources: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837–845; Obuchowski, Biometrics
    53 (1997) 567–578, for units with several scores; Newcombe, Statistics in Medicine 25 (2006)
    559–573. Coverage is simulated in `benchmarks/out_of_distribution.py`.

    Example:
        >>> found = cautious_auc(Sides(np.array([0.9, 0.8, 0.4]), np.array([0.5, 0.3, 0.2, 0.1])))
        >>> round(found.parameters["value"], 4), found.parameters["df"]
        (0.9167, 2.0)
    """
    n, m = len(sides.inside), len(sides.outside)
    if min(n, m) < 2:
        raise ValueError(f"an AUC needs two scores on each side, found {n} and {m}")
    inside = np.arange(n + m) < n
    scores = np.concatenate([sides.inside, sides.outside])
    found = fold_auc(scores, inside, np.zeros(n + m, dtype=np.int64))
    variance = (
        found.variance
        if sides.units is None
        else sides.variance(found.influence[inside], found.influence[~inside])
    )
    positives, negatives = sides.worth
    return estimate(
        "delong_outer",
        value=min(max(found.value, 0.0), 1.0),
        se=math.sqrt(variance),
        positives=positives,
        negatives=negatives,
        df=max(min(sides.sizes) - 1, 1.0),
    )
