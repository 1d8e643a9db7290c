"""What an estimate would look like on n units: the assumptions behind `auditkit plan`.

Before a run nothing is known but the numbers of rows. Each row of the table below says, for one
metric, what a truly fine and a clearly bad value are, given the region that the policy asks for,
and what sufficient statistics so many units would give at such a value. The answers are therefore
"about": good to tell a thousand from ten thousand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from auditkit.measurement import Estimate

Region = tuple[float, float]

ACCURACY = 0.8
TRUE_POSITIVE_RATE = 0.7
FALSE_POSITIVE_RATE = 0.1
CALIBRATION_BINS = 15
UNIT = (0.0, 1.0)
ASKED_AGAIN = 1000
"""Units at most that a model is asked again about, under corruptions, attacks, interventions."""
_TWO_ALIKE = "two classes are predicted about equally often"
MILD = 0.75
"""A clearly bad ratio is this part of its bound: .6 where .8 is asked."""


@dataclass(frozen=True)
class Numbers:
    """How many units there are.

    Attributes:
        units: of the slice.
        others: of what it is compared with: the reference, or the training split.
        rate: share of favourable decisions, and of positive labels, that is assumed.
    """

    units: float
    others: float
    rate: float


@dataclass(frozen=True)
class Scenario:
    """How one metric is planned.

    Attributes:
        best: region → a value well inside.
        worst: region → a value clearly outside.
        estimate: value and numbers → what would be measured.
        possible: the smallest and the largest value that can be planned for.
        assumes: in words, what was assumed beside the numbers of rows.
        least_to_pass, least_to_fail: with fewer units it neither passes nor fails, whatever it is.
    """

    best: Callable[[Region], float]
    worst: Callable[[Region], float]
    estimate: Callable[[float, Numbers], Estimate]
    possible: Region
    assumes: str = ""
    least_to_pass: int = 0
    least_to_fail: int = 0

    def fine(self, region: Region) -> float:
        """A value that is truly fine, as far as the metric can take one."""
        return min(max(self.best(region), self.possible[0]), self.possible[1])

    def bad(self, region: Region) -> float:
        """A value that is clearly bad, as far as the metric can take one."""
        return min(max(self.worst(region), self.possible[0]), self.possible[1])


def scenario(metric: str) -> Scenario | None:
    """How a metric is planned; None where its spread is not known before the data are seen.

    >>> scenario("bias.impact_ratio").fine((0.8, 1.25)), scenario("drift.ks")
    (1.0, None)
    """
    return SCENARIOS.get(metric)


def _ratio(
    level: Callable[[float], float], part: Callable[[float], float]
) -> Callable[..., Estimate]:
    def estimate(value: float, numbers: Numbers) -> Estimate:
        n1, n2 = part(numbers.rate) * numbers.units, part(numbers.rate) * numbers.others
        rate = min(level(numbers.rate), 1 / value if value > 0 else 1.0)
        parameters = {"x1": value * rate * n1, "n1": n1, "x2": rate * n2, "n2": n2}
        return Estimate("koopman", parameters)

    return estimate


def _difference(
    level: Callable[[float], float], part: Callable[[float], float]
) -> Callable[..., Estimate]:
    def estimate(value: float, numbers: Numbers) -> Estimate:
        n1, n2 = part(numbers.rate) * numbers.units, part(numbers.rate) * numbers.others
        second = min(max(level(numbers.rate), -value, 0.0), 1 - max(value, 0.0))
        parameters = {"x1": (second + value) * n1, "n1": n1, "x2": second * n2, "n2": n2}
        return Estimate("newcombe", parameters)

    return estimate


def _share(value: float, numbers: Numbers) -> Estimate:
    return Estimate("wilson", {"successes": value * numbers.units, "n": numbers.units})


def _share_of_half(value: float, numbers: Numbers) -> Estimate:
    """What is measured on the half that nothing was fitted on."""
    return _share(value, Numbers(numbers.units / 2, numbers.others / 2, numbers.rate))


def _share_of_sample(value: float, numbers: Numbers) -> Estimate:
    """What is measured of the random sample that is asked again."""
    units = min(numbers.units, ASKED_AGAIN)
    return _share(value, Numbers(units, numbers.others, numbers.rate))


def _share_of_class(value: float, numbers: Numbers) -> Estimate:
    """What is measured of the units of one class among those that are asked again."""
    units = min(numbers.units, ASKED_AGAIN) / 2
    return _share(value, Numbers(units, numbers.others, numbers.rate))


def _auc(value: float, numbers: Numbers) -> Estimate:
    return _area(value, numbers.rate * numbers.units, (1 - numbers.rate) * numbers.units)


def _membership(value: float, numbers: Numbers) -> Estimate:
    """Of the loss; others are the members."""
    return _area(value, numbers.others, numbers.units)


def _area(value: float, positives: float, negatives: float) -> Estimate:
    """Standard error after Hanley and McNeil, Radiology 143 (1982) 29–36."""
    first, second = value / (2 - value), 2 * value**2 / (1 + value)
    variance = (
        value * (1 - value)
        + (positives - 1) * (first - value**2)
        + (negatives - 1) * (second - value**2)
    ) / (positives * negatives)
    return Estimate("delong", {"value": value, "se": math.sqrt(max(variance, 0.0)), "slack": 0.0})


def _confidence_gap(value: float, numbers: Numbers) -> Estimate:
    spread = math.sqrt(ACCURACY * (1 - ACCURACY) / numbers.units)
    return Estimate("normal", {"value": value, "se": spread})


def _squared_error(value: float, numbers: Numbers) -> Estimate:
    """A bin of n/B units errs by v = p(1−p)B/n; the mean over B bins of squares of that."""
    noise = ACCURACY * (1 - ACCURACY) * CALIBRATION_BINS / numbers.units
    variance = (2 * noise**2 + 4 * value * noise) / CALIBRATION_BINS
    return Estimate("squared_error", {"value": value, "sd": math.sqrt(variance)})


def _units(value: float, numbers: Numbers) -> Estimate:
    del value  # the number of units is what it is
    return Estimate("exact", {"value": numbers.units})


def _one(region: Region) -> float:
    return _nearest(1.0, region)


def _zero(region: Region) -> float:
    return _nearest(0.0, region)


def _nearest(ideal: float, region: Region) -> float:
    """The ideal value where the region holds it; else one well inside, on the ideal's side."""
    low, high = region
    if low < ideal < high:
        return ideal
    if math.isfinite(low) and math.isfinite(high):
        return (low + high) / 2
    return low + abs(low) * (1 - MILD) if math.isfinite(low) else high - abs(high) * (1 - MILD)


def _low_ratio(region: Region) -> float:
    return MILD * region[0] if region[0] > 0 else region[1] / MILD


def _twice(region: Region) -> float:
    return 2 * (region[1] if math.isfinite(region[1]) else region[0])


def _middle(region: Region) -> float:
    return (max(region[0], 0.0) + min(region[1], 1.0)) / 2


def _fifth(region: Region) -> float:
    """A fifth of the most that is allowed: what hardly ever happens where it ought never to."""
    return region[1] / 5 if math.isfinite(region[1]) else _middle(region)


def _edge(region: Region) -> float:
    return region[0] if math.isfinite(region[0]) else region[1]


def _as_far_out(region: Region) -> float:
    """As far outside the region as its middle lies inside."""
    edge = _edge(region)
    return 2 * edge - _middle(region)


MARGIN = 0.02
"""A coverage promised is asked for less this margin: .88 where .90 is promised."""


def _just_inside(region: Region) -> float:
    return _edge(region) + MARGIN


def _just_outside(region: Region) -> float:
    return _edge(region) - MARGIN


def _whole(rate: float) -> float:
    del rate
    return 1.0


def _rates(
    level: Callable[[float], float], part: Callable[[float], float], assumes: str
) -> tuple[Scenario, Scenario]:
    return (
        Scenario(_one, _low_ratio, _ratio(level, part), (0.01, 100.0), assumes),
        Scenario(_zero, _twice, _difference(level, part), (-1.0, 1.0), assumes),
    )


def _table() -> Mapping[str, Scenario]:
    selected = _rates(lambda rate: rate, _whole, "{rate} of the reference are selected")
    found = _rates(
        lambda _: TRUE_POSITIVE_RATE,
        lambda rate: rate,
        f"{{rate}} have a positive label, {TRUE_POSITIVE_RATE:.0%} of them found",
    )
    alarmed = _rates(
        lambda _: FALSE_POSITIVE_RATE,
        lambda rate: 1 - rate,
        f"{{rate}} have a positive label, {FALSE_POSITIVE_RATE:.0%} of the others are selected",
    )
    right = _rates(lambda _: ACCURACY, _whole, f"accuracy {ACCURACY:.0%}")
    share = Scenario(_middle, _as_far_out, _share, UNIT)
    of_sample = Scenario(_middle, _as_far_out, _share_of_sample, UNIT)
    sure = f"accuracy {ACCURACY:.0%}"
    moved = Scenario(_fifth, _twice, _share_of_sample, UNIT)
    return {
        "bias.impact_ratio": selected[0],
        "bias.selection_rate_difference": selected[1],
        "bias.true_positive_rate_ratio": found[0],
        "bias.true_positive_rate_difference": found[1],
        "bias.false_positive_rate_ratio": alarmed[0],
        "bias.false_positive_rate_difference": alarmed[1],
        "bias.accuracy_difference": right[1],
        "overfitting.accuracy_gap": right[1],
        "bias.selection_rate": share,
        "bias.accuracy": share,
        "performance.accuracy": share,
        "performance.auc": Scenario(
            _middle, _as_far_out, _auc, UNIT, "{rate} have a positive label"
        ),
        "privacy.membership_auc": Scenario(
            lambda _: 0.5,
            lambda region: 2 * _edge(region) - 0.5,
            _membership,
            UNIT,
            "the attack by the loss, on no fewer training rows",
            1000,
            200,
        ),
        "calibration.confidence_gap": Scenario(_zero, _twice, _confidence_gap, (-1.0, 1.0), sure),
        "calibration.squared_error": Scenario(_zero, _twice, _squared_error, UNIT, sure),
        "calibration.class_gap": Scenario(_zero, _twice, _confidence_gap, (-1.0, 1.0), sure),
        "calibration.class_squared_error": Scenario(_zero, _twice, _squared_error, UNIT, sure),
        "calibration.overconfidence": Scenario(_zero, _twice, _confidence_gap, (-1.0, 1.0), sure),
        "confidence.confidently_wrong": share,
        "robustness.corrupted_accuracy": of_sample,
        "robustness.robust_accuracy": of_sample,
        "shortcuts.flips": moved,
        "shortcuts.class_flips": replace(moved, estimate=_share_of_class, assumes=_TWO_ALIKE),
        "shortcuts.worst_flips": replace(moved, estimate=_share_of_class, assumes=_TWO_ALIKE),
        "conformal.coverage": Scenario(_just_inside, _just_outside, _share_of_half, UNIT),
        "abstention.coverage": Scenario(_middle, _as_far_out, _share_of_half, UNIT),
        "quantiles.interval_coverage": Scenario(_middle, _as_far_out, _share, UNIT),
        "performance.units": Scenario(_edge, _edge, _units, (0.0, math.inf)),
    }


SCENARIOS = _table()
