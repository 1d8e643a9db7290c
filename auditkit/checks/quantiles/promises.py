"""What predicted quantiles promise, as a table: which value, of which share or mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from auditkit.checks.quantiles.sums import ValueSums
from auditkit.evidence import quantile_values as values
from auditkit.measurement import Direction, Estimate, Metric
from auditkit.models.quantile_levels import symmetric_pairs
from auditkit.statistics.pit import beyond_promise

_KOENKER = "Koenker and Bassett 1978"
_GNEITING = "Gneiting, Balabdaoui and Raftery 2007"

BELOW_GAP = Metric(
    id="quantiles.below_gap",
    title="Share below a predicted quantile, less its level",
    definition="Share of units whose target is at or below the predicted quantile, minus the level "
    "of that quantile: above zero the quantile is predicted too high.",
    unit="share",
    direction=Direction.ZERO,
    low=-1,
    high=1,
    source=f"{_KOENKER}; interval of Wilson 1927, shifted",
)
COVERAGE = Metric(
    id="quantiles.interval_coverage",
    title="Coverage of an interval",
    definition="Share of units whose target lies between the predicted quantiles at τ and 1 − τ, "
    "ends included; 1 − 2τ is promised.",
    unit="share",
    direction=Direction.NONE,
    low=0,
    high=1,
    source="interval of Wilson 1927",
)
COVERAGE_GAP = Metric(
    id="quantiles.coverage_gap",
    title="Coverage of an interval, less what it promises",
    definition="Share of units whose target lies between the predicted quantiles at τ and 1 − τ, "
    "ends included, minus 1 − 2τ: below zero intervals are too narrow.",
    unit="share",
    direction=Direction.ZERO,
    low=-1,
    high=1,
    source="interval of Wilson 1927, shifted",
)
PINBALL = Metric(
    id="quantiles.pinball",
    title="Pinball loss",
    definition="Mean of τ (y − q) where the target y is above the predicted quantile q at level τ, "
    "of (1 − τ) (q − y) elsewhere; without a label, the mean over all levels.",
    unit="units of the target",
    direction=Direction.LOWER,
    low=0,
    source=_KOENKER,
)
SHARPNESS = Metric(
    id="quantiles.sharpness",
    title="Width of an interval",
    definition="Mean distance between the predicted quantiles at τ and 1 − τ: of two models whose "
    "intervals hold what they promise, the narrower says more.",
    unit="units of the target",
    direction=Direction.LOWER,
    source=_GNEITING,
)
CROSSING = Metric(
    id="quantiles.crossing",
    title="Crossing quantiles",
    definition="Share of units of which a predicted quantile lies below that of a lower level.",
    unit="share",
    direction=Direction.LOWER,
    low=0,
    high=1,
    source="Chernozhukov, Fernández-Val and Galichon 2010; interval of Wilson 1927",
)
NO_INTERVAL = (
    "No two declared levels τ and 1 − τ lie equally far from the ends, so no interval is promised."
)
NO_CROSSING = "A single quantile is declared, which crosses no other."


@dataclass(frozen=True)
class Promised:
    """One number about predicted quantiles.

    Attributes:
        metric: its definition.
        label: the level or interval that it is about; "" if about all.
        value: which value of a unit it is made of.
        estimate: from the sums of that value, and the number of clusters where known.
    """

    metric: Metric
    label: str
    value: str
    estimate: Callable[[ValueSums, int | None], Estimate]


def promised(levels: tuple[float, ...]) -> Iterator[Promised]:
    """Every number of a head whose quantiles have these levels."""
    for level in levels:
        yield Promised(BELOW_GAP, named_level(level), values.below(level), _gap(level))
    for low, high in symmetric_pairs(levels):
        ends, label = (levels[low], levels[high]), named_interval(levels[low])
        yield from coverages(levels[low], levels[high])
        yield Promised(SHARPNESS, label, values.width(*ends), _mean)
    yield Promised(PINBALL, "", values.PINBALL, _mean)
    for level in levels:
        yield Promised(PINBALL, named_level(level), values.pinball(level), _mean)
    if len(levels) > 1:
        yield Promised(CROSSING, "", values.CROSSING, _share)


def coverages(low: float, high: float) -> Iterator[Promised]:
    """How much an interval covers, and how much that is beyond what it promises."""
    label, value = named_interval(low), values.inside(low, high)
    yield Promised(COVERAGE, label, value, _share)
    yield Promised(COVERAGE_GAP, label, value, _gap(round(1 - 2 * low, 12)))


def lacking(levels: tuple[float, ...]) -> Iterator[tuple[Metric, str]]:
    """The numbers that these levels cannot have, and why."""
    if not symmetric_pairs(levels):
        yield from ((metric, NO_INTERVAL) for metric in (COVERAGE, COVERAGE_GAP, SHARPNESS))
    if len(levels) == 1:
        yield CROSSING, NO_CROSSING


def named_level(level: float) -> str:
    """The label of a quantile.

    >>> named_level(0.05)
    '0.05'
    """
    return repr(level)


def named_interval(low: float) -> str:
    """The label of the interval between the quantiles at a level and at one less it.

    >>> named_interval(0.05), named_interval(0.0125)
    ('90 %', '97.5 %')
    """
    return f"{round(100 * (1 - 2 * low), 10):.12g} %"


def _share(sums: ValueSums, clusters: int | None) -> Estimate:
    return sums.share(clusters)


def _mean(sums: ValueSums, _: int | None) -> Estimate:
    return sums.mean()


def _gap(level: float) -> Callable[[ValueSums, int | None], Estimate]:
    return lambda sums, clusters: beyond_promise(sums.share(clusters), level)
