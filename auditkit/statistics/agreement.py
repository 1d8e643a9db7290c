"""How far people who label the same things agree, beyond what chance would bring.

Krippendorff's alpha for nominal labels: 1 is agreement on everything, 0 what labels drawn from the
common pot would give, below 0 systematic disagreement. Any number of raters, any number of gaps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.measurement import Estimate
from auditkit.statistics.bootstrap import CubeReplicates
from auditkit.statistics.estimates import bounds

FEWEST = 5
"""Units that two people labelled, below which nothing is told."""


@dataclass(frozen=True)
class Agreement:
    """Krippendorff's alpha, and what it rests on.

    Attributes:
        alpha: at most 1.
        units: that at least two people labelled.
        split: of these, the ones on which they did not all agree.
        estimate: with its bootstrap, for an interval; None where no draw of units would change
            alpha.
        expected: disagreement that chance would bring, in (0, 1].
    """

    alpha: float
    units: int
    split: int
    estimate: Estimate | None
    expected: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Lower and upper bound, each wrong with probability (1 - level) / 2.

        Where no unit is split, no bootstrap shows how many might be: the lower bound is then by the
        largest share of split units that is still likely to show none (Clopper and Pearson). Of
        other labels that leave nothing to draw nothing is known: from -1 to 1.
        """
        tail = (1 - level) / 2
        if self.estimate is None:
            likely = 1 - tail ** (1 / self.units) if not self.split else math.inf
            return max(-1.0, 1 - likely / self.expected), 1.0
        low, high = bounds(self.estimate, tail)
        return max(low, -1.0), min(high, 1.0)


def nominal_alpha(labels: ArrayLike, *, seed: int = 0, repetitions: int = 999) -> Agreement:
    """Krippendorff's alpha of labels without order, with an interval by unit.

    Args:
        labels: codes from 0, of shape (units, raters); -1 where a rater gave none. Units with fewer
            than two labels say nothing of agreement and are left out.
        seed: of the bootstrap, which draws whole units.
        repetitions: of the bootstrap.

    Raises:
        ValueError: fewer than five units have two labels; or all labels are the same, so that
            chance would bring agreement too and alpha is undefined.

    Source: Krippendorff, Computing Krippendorff's Alpha-Reliability (2011); Hayes and Krippendorff,
    Communication Methods and Measures 1 (2007) 77–89 (the bootstrap). The interval is Efron's BCa.

    Example:
        >>> one, other = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
        >>> found = nominal_alpha(np.stack([one, other], axis=1))
        >>> round(found.alpha, 3), found.units, found.split
        (0.095, 10, 4)
    """
    tally = _tallies(labels)
    if len(tally) < FEWEST:
        raise ValueError(f"{len(tally)} units have two labels; {FEWEST} are needed")
    patterns, counts = np.unique(tally, axis=0, return_counts=True)
    alpha, expected = _alpha(counts[None], patterns)
    if not expected[0]:
        raise ValueError("all labels are the same, so that nothing tells agreement from chance")
    split = int(counts[(patterns > 0).sum(axis=1) > 1].sum())
    return Agreement(
        float(alpha[0]),
        int(counts.sum()),
        split,
        _bootstrap(counts, patterns, seed, repetitions) if split else None,
        float(expected[0]),
    )


def _tallies(labels: ArrayLike) -> NDArray[np.int64]:
    """How often each code was given to each unit with at least two labels, (units, codes)."""
    codes = np.asarray(labels)
    if codes.ndim != 2 or codes.dtype.kind not in "iu" or (codes.size and codes.min() < -1):
        raise ValueError("labels must be codes from 0, or -1, of shape (units, raters)")
    width = int(codes.max(initial=0)) + 1
    tally = np.stack([(codes == code).sum(axis=1) for code in range(width)], axis=1)
    found: NDArray[np.int64] = tally[tally.sum(axis=1) >= 2].astype(np.int64)
    return found


def _alpha(
    states: NDArray[np.int64], patterns: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Alpha and the disagreement expected by chance, of several states of the counts of patterns.

    Alpha is 1 where nothing is expected: units that all have one label do not disagree.
    """
    sizes = patterns.sum(axis=1)
    apart = (sizes**2 - (patterns**2).sum(axis=1)) / (sizes - 1)  # each ordered pair / (m - 1)
    total = states @ sizes
    margins = (states @ patterns).astype(np.float64)
    observed = (states @ apart) / total
    expected = (total**2 - (margins**2).sum(axis=1)) / (total * (total - 1.0))
    ratio = np.divide(observed, expected, out=np.zeros_like(observed), where=expected > 0)
    return 1 - ratio, expected


def _bootstrap(
    counts: NDArray[np.int64], patterns: NDArray[np.int64], seed: int, repetitions: int
) -> Estimate | None:
    replicates = CubeReplicates.drawn(counts, seed=seed, repetitions=repetitions)
    nothing_essential = np.zeros(len(counts), dtype=bool)
    try:
        return replicates.bca(
            lambda states: _alpha(states, patterns)[0], essential=nothing_essential, fewest=FEWEST
        )
    except ValueError:  # every draw gives the same alpha
        return None


__all__ = ["FEWEST", "Agreement", "nominal_alpha"]
