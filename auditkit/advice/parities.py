"""Which findings thresholds by group could mend, and what each asks of the groups' rates."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from auditkit.advice.adviser import Region
from auditkit.advice.numbers import points, ratio
from auditkit.advice.outcomes import Comparison
from auditkit.statistics.group_thresholds import PARITIES, Parity
from auditkit.statistics.rates import difference_estimate, ratio_estimate

FOUR_FIFTHS = 0.8


@dataclass(frozen=True)
class Remedy:
    """One row of what thresholds can do.

    Attributes:
        metric: that it mends.
        title: of the metric, in words that go on in a sentence.
        parity: what is searched for.
        comparisons: metric → the rate compared, and the estimate of two shares.
        convention: the region in which there is nothing to mend; None where only a policy says so.
        limit: from a region to the limit of the parity, whichever side the region bounds.
        region: from a limit to where a comparison of any two groups must lie.
        strictest: the limit that the frontier ends at. Thresholds take or leave whole people, so
            rates that are equal to the last digit are seldom to be had.
        also: limits that the frontier shows whatever is asked.
        number: how a number of the metric, or a limit, is written.
        axis: what the limit is called in a figure.
        asks: the limit in words; `{}` is its number.
        caveat: what else must be known of it, a full sentence; "" if nothing.
    """

    metric: str
    title: str
    parity: Parity
    comparisons: Mapping[str, tuple[str, Comparison]]
    convention: Region | None
    limit: Callable[[Region], float]
    region: Callable[[float], Region]
    strictest: float
    also: tuple[float, ...]
    number: Callable[[float], str]
    axis: str
    asks: str
    caveat: str = ""

    def limits(self, today: float, asked: float, steps: int = 20) -> list[float]:
        """The limits of a frontier, from what there is today to the strictest."""
        from_here = today if math.isfinite(today) else 0.0
        ends = np.linspace(from_here, self.strictest, steps).round(3)
        wanted = [limit for limit in (asked, *self.also) if self._between(limit, from_here)]
        return sorted({*(float(end) for end in ends), *wanted}, reverse=self.strictest < 0.5)

    def is_stricter(self, limit: float, than: float) -> bool:
        """Whether one limit asks more than another."""
        return abs(limit - self.strictest) < abs(than - self.strictest)

    def _between(self, limit: float, today: float) -> bool:
        return min(today, self.strictest) <= limit <= max(today, self.strictest)


def _of_ratio(region: Region) -> float:
    low, high = region
    return max(low, 1 / high if high > 0 else 0.0, 0.0)


def _of_difference(region: Region) -> float:
    low, high = region
    return max(min(-low, high), 0.0)


def _around_zero(limit: float) -> Region:
    return -limit, limit


def _of_differences(rate: str, parity: str, compared: tuple[str, ...], **words: str) -> Remedy:
    """What would mend a difference of a rate."""
    return Remedy(
        metric=f"bias.{rate}_difference",
        title=f"difference of {rate.replace('_', ' ')}s",
        parity=PARITIES[parity],
        comparisons={f"bias.{name}_difference": (name, difference_estimate) for name in compared},
        convention=None,
        limit=_of_difference,
        region=_around_zero,
        strictest=0.01,
        also=(),
        number=points,
        **words,
    )


REMEDIES = (
    Remedy(
        metric="bias.impact_ratio",
        title="impact ratio",
        parity=PARITIES["selection_rate_ratio"],
        comparisons={"bias.impact_ratio": ("selection_rate", ratio_estimate)},
        convention=(FOUR_FIFTHS, 1 / FOUR_FIFTHS),
        limit=_of_ratio,
        region=lambda limit: (limit, 1 / limit if limit > 0 else math.inf),
        strictest=0.99,
        also=(FOUR_FIFTHS,),
        number=ratio,
        axis="lowest selection rate over highest, as asked of the search",
        asks="brings the lowest selection rate to at least {} of the highest",
    ),
    _of_differences(
        "true_positive_rate",
        "true_positive_rate_difference",
        ("true_positive_rate",),
        axis="largest difference of true positive rates, as asked of the search",
        asks="brings true positive rates to within {} of each other",
    ),
    _of_differences(
        "false_positive_rate",
        "equalised_odds",
        ("true_positive_rate", "false_positive_rate"),
        axis="largest difference of true or false positive rates, as asked of the search",
        asks="brings true and false positive rates to within {} of each other (equalised odds)",
        caveat="Without lots both rates are alike only where the ROC curves of the groups meet, so "
        "that this may cost far more than the same with lots, or than a model that ranks every "
        "group equally well.",
    ),
)
"""Between people of one true outcome, only both rates together leave no group worse off: so what
would mend a difference of false positive rates is searched under equalised odds."""
