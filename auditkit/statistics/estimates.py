"""What an `Estimate` means: its value, bounds at any level, p-values, and what would decide.

`auditkit.measurement.Estimate` is plain data; `METHODS` says what its parameters are. The p-values
are the bounds inverted, so the two can never disagree: p < alpha exactly where the bound at alpha
excludes the threshold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, SupportsFloat

from auditkit.measurement import Estimate, Interval
from auditkit.statistics.checking import checked
from auditkit.statistics.critical import WIDEST, critical_value, upper_tail
from auditkit.statistics.method import Method, Parameters
from auditkit.statistics.methods import METHODS
from auditkit.statistics.proportions import Bounds
from auditkit.statistics.roots import bracketed_root

__all__ = [
    "METHODS",
    "Method",
    "above_chance",
    "bounds",
    "estimate",
    "exact",
    "exact_paired_difference",
    "exact_proportion",
    "f1",
    "independent_difference",
    "interval",
    "largest_magnitude",
    "mean",
    "mean_of_proportions",
    "normal",
    "p_at_least",
    "p_at_most",
    "paired_difference",
    "proportion",
    "proportion_difference",
    "proportion_ratio",
    "root_mean",
    "student",
    "units_to_decide",
    "value",
]


def value(estimate: Estimate) -> float:
    """The point estimate; NaN for a ratio of zero to zero, inf for a ratio to zero.

    Example:
        >>> value(proportion_ratio(8, 40, 50, 200))
        0.8
    """
    return _value_of(checked(estimate.method, estimate.parameters), estimate.parameters)


def bounds(estimate: Estimate, alpha: float) -> Bounds:
    """Lower and upper bound, each wrong with probability `alpha` (one-sided, in (0, .5]).

    Raises:
        ValueError: alpha outside its range, or parameters that the method cannot use.

    Example:
        >>> low, high = bounds(proportion(90, 100), alpha=0.05)
        >>> round(low, 3), round(high, 3)
        (0.84, 0.939)
    """
    z = critical_value(alpha)
    return _bounds_at(checked(estimate.method, estimate.parameters), estimate.parameters, z)


def _value_of(method: Method, parameters: Parameters) -> float:
    try:
        return method.value(parameters)
    except ArithmeticError as error:
        raise ValueError(f"these parameters are out of all proportion: {error}") from None


def _bounds_at(method: Method, parameters: Parameters, z: float) -> Bounds:
    try:
        return method.bounds(parameters, z)
    except ArithmeticError as error:
        raise ValueError(f"these parameters are out of all proportion: {error}") from None


def interval(estimate: Estimate, level: float = 0.90) -> Interval:
    """The two-sided interval drawn; each end excludes with one-sided error (1 − level) / 2.

    Example:
        >>> interval(proportion(0, 100)).low
        0.0
    """
    if not 0 <= level < 1:
        raise ValueError(f"level must lie in [0, 1), found {level}")
    low, high = bounds(estimate, (1 - level) / 2)
    return Interval(low=low, high=high, level=level, method=estimate.method)


def p_at_least(estimate: Estimate, threshold: float) -> float:
    """p-value of the hypothesis that the parameter is at least `threshold`.

    Small where the estimate lies below beyond chance; above .5 where it lies on the hypothesis's
    side; 1 where the estimate is undefined. Below alpha exactly where the upper bound at alpha is
    below the threshold.

    Example:
        >>> p_at_least(proportion_ratio(2, 40, 100, 400), 0.8) < 0.05
        True
    """
    return _p_value(estimate, threshold, sign=1.0)


def p_at_most(estimate: Estimate, threshold: float) -> float:
    """p-value of the hypothesis that the parameter is at most `threshold`; see `p_at_least`."""
    return _p_value(estimate, threshold, sign=-1.0)


def _p_value(estimate: Estimate, threshold: float, sign: float) -> float:
    """sign 1: H0 is "at least"; sign −1: H0 is "at most", which is "at least" mirrored."""
    if math.isnan(threshold):
        raise ValueError("the threshold is not a number")
    method, parameters = checked(estimate.method, estimate.parameters), estimate.parameters
    point = _value_of(method, parameters)
    if math.isnan(point):
        return 1.0
    score = None if method.score is None else method.score(parameters, threshold)
    if score is not None:
        return upper_tail(-sign * min(max(score, -WIDEST), WIDEST))
    nearer, further = (0, 1) if sign > 0 else (1, 0)
    if sign * (point - threshold) >= 0:
        # On the hypothesis's side: how far out can one go until the other bound leaves it too?
        return upper_tail(-_reach(method, parameters, threshold, nearer, inside=True))
    return upper_tail(_reach(method, parameters, threshold, further, inside=False))


def _reach(
    method: Method, parameters: Parameters, threshold: float, end: int, inside: bool
) -> float:
    """The largest z at which the bound `end` is still on the point estimate's side of `threshold`.

    `inside`: whether a bound on the threshold itself counts as still on that side.
    """
    # Distances fall with z, from positive at the point estimate to negative beyond the threshold.
    towards = 1.0 if end == 0 else -1.0

    def distance(z: float) -> float:
        bound = _bounds_at(method, parameters, z)[end]
        if bound == threshold:
            return 1e-300 if inside else -1e-300
        return towards * (bound - threshold)

    if distance(0.0) < 0:
        return 0.0
    if distance(WIDEST) > 0:
        return WIDEST
    return bracketed_root(distance, 0.0, WIDEST, tolerance=1e-15)


def units_to_decide(
    estimate: Estimate, region: tuple[float, float], alpha: float, units: int
) -> int | None:
    """About how many units in all would decide, if the point estimate stayed where it is.

    Decided means: the bounds at `alpha` lie inside the closed `region` (low, high), or one of them
    excludes it. `units` is the number behind `estimate`; it is returned where these decide already.

    Returns:
        The number, within a hundredth and rounded up; None if a million times as many would not do
        (the point estimate lies on the threshold, or the binning is too coarse).

    Example:
        >>> units_to_decide(proportion_ratio(20, 100, 40, 200), (0.8, 1.25), 0.05, 300)
        993
    """
    method, parameters = checked(estimate.method, estimate.parameters), estimate.parameters
    z = critical_value(alpha)

    def decides(factor: float) -> bool:
        low, high = _bounds_at(method, method.scaled(parameters, factor), z)
        return (region[0] <= low and high <= region[1]) or high < region[0] or low > region[1]

    if math.isnan(_value_of(method, parameters)):
        return None
    if decides(1.0):
        return units
    factor = _smallest_factor(decides)
    return None if factor is None else math.ceil(units * factor)


def _smallest_factor(decides: Callable[[float], bool]) -> float | None:
    high = 2.0
    while not decides(high):
        high *= 2
        if high > 2.0**20:
            return None
    low = high / 2
    while high / low > 1.01:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if decides(middle) else (middle, high)
    return high


def estimate(method: str, **parameters: Any) -> Estimate:
    """An estimate of any method, its parameters checked and turned into plain numbers.

    Raises:
        ValueError: see `auditkit.statistics.checking.checked`.

    Example:
        >>> estimate("wilson", successes=3, n=2)
        Traceback (most recent call last):
            ...
        ValueError: wilson: successes is 3, more than n, 2
    """
    plain = {name: _plain(number) for name, number in parameters.items()}
    checked(method, plain)
    return Estimate(method, plain)


def _plain(number: Any) -> Any:
    """NumPy numbers and arrays as Python's own, so that a record can hold them as JSON."""
    if hasattr(number, "tolist"):
        number = number.tolist()
    return list(number) if isinstance(number, tuple) else number


def exact(value: SupportsFloat) -> Estimate:
    """A deterministic number: its bounds are itself."""
    return estimate("exact", value=float(value))


def normal(value: float, se: float) -> Estimate:
    """A value with a known standard error."""
    return estimate("normal", value=value, se=se)


def student(value: float, se: float, df: float) -> Estimate:
    """A value whose standard error was estimated with `df` degrees of freedom."""
    return estimate("student", value=value, se=se, df=df)


def proportion(successes: float, n: float, df: float | None = None) -> Estimate:
    """A proportion (Wilson).

    `n` and `successes` may be effective counts; `df` are their degrees of freedom, if they were
    estimated: the critical values are then Student's.
    """
    return estimate("wilson", successes=successes, n=n, **_known(df))


def exact_proportion(successes: float, n: float) -> Estimate:
    """A proportion whose bounds hold whatever it is (Clopper–Pearson); wider than `proportion`.

    Example:
        >>> round(interval(exact_proportion(0, 100)).high, 4), round(0.05 ** 0.01, 4)
        (0.0295, 0.9705)
    """
    return estimate("clopper_pearson", successes=successes, n=n)


def proportion_ratio(
    x1: float, n1: float, x2: float, n2: float, df: float | None = None
) -> Estimate:
    """The ratio (x1/n1) / (x2/n2) of two proportions (Koopman); `df` as of `proportion`."""
    return estimate("koopman", x1=x1, n1=n1, x2=x2, n2=n2, **_known(df))


def proportion_difference(
    x1: float, n1: float, x2: float, n2: float, df: float | None = None
) -> Estimate:
    """The difference x1/n1 − x2/n2 of two proportions (Newcombe); `df` as of `proportion`."""
    return estimate("newcombe", x1=x1, n1=n1, x2=x2, n2=n2, **_known(df))


def _known(df: float | None) -> dict[str, float]:
    return {} if df is None else {"df": df}


def paired_difference(wins: float, losses: float, n: float) -> Estimate:
    """The difference of two proportions on the same n units (Tango).

    Args:
        wins: units on which only the first is right.
        losses: units on which only the second is right.
        n: all units, those on which both agree included.
    """
    return estimate("tango", wins=wins, losses=losses, n=n)


def exact_paired_difference(
    wins: float, losses: float, n: float, df: float | None = None
) -> Estimate:
    """The difference of two proportions on the same n units, as McNemar's exact test has it.

    A little wider than `paired_difference`, which with few discordant units is too sure; its bounds
    leave out zero only where `auditkit.statistics.paired.mcnemar` rejects. Arguments as there; `df`
    as of `proportion`.

    Example:
        >>> round(p_at_most(exact_paired_difference(9, 1, 200), 0), 4)
        0.0107
    """
    return estimate("paired_exact", wins=wins, losses=losses, n=n, **_known(df))


def f1(true_positives: float, errors: float) -> Estimate:
    """F1 = 2 tp / (2 tp + errors), errors = false positives + false negatives."""
    return estimate("f1", tp=true_positives, errors=errors)


def mean_of_proportions(successes: Sequence[float], n: Sequence[float]) -> Estimate:
    """The plain mean of independent proportions, for example balanced accuracy (MOVER)."""
    return estimate(
        "mean_of_wilson", successes=list(map(_plain, successes)), n=list(map(_plain, n))
    )


def mean(total: float, total_of_squares: float, n: float) -> Estimate:
    """The mean of n values, from their sum and the sum of their squares (Student).

    Values without any spread give a mean whose bounds are infinite: they don't say how much others
    would differ.

    Raises:
        ValueError: fewer than two values, or sums that no values can have.

    Example:
        >>> interval(mean(total=10, total_of_squares=30, n=4)).low.__round__(3)
        0.981
    """
    average, variance = _mean_and_variance(total, total_of_squares, n)
    return student(average, math.sqrt(variance / n), n - 1)


def root_mean(total: float, total_of_squares: float, n: float) -> Estimate:
    """The square root of the mean of n non-negative values, for example RMSE of squared errors.

    Args:
        total: sum of the values (the squared errors).
        total_of_squares: sum of their squares (the fourth powers of the errors).
        n: how many.
    """
    average, variance = _mean_and_variance(total, total_of_squares, n)
    return estimate("root_student", mean=average, se=math.sqrt(variance / n), df=n - 1)


def independent_difference(first: Estimate, second: Estimate) -> Estimate:
    """The first minus the second of two estimates from independent units, of whatever method.

    For example a metric on two splits, or the mean error of two groups (MOVER).

    Raises:
        ValueError: one of the two has no finite value, or is itself such a difference.

    Example:
        >>> gap = independent_difference(proportion(95, 100), proportion(80, 100))
        >>> bounds(gap, 0.05) == bounds(proportion_difference(95, 100, 80, 100), 0.05)
        True
    """
    return estimate("independent_difference", first=_as_part(first), second=_as_part(second))


def above_chance(share: Estimate, chance: float) -> Estimate:
    """How far a share lies above chance: (share − chance) / (1 − chance).

    0 at chance, 1 where the share is 1. The chance is a known number.

    Raises:
        ValueError: the chance is no share below 1, or the share has no finite value or is itself
            made of estimates.

    Example:
        >>> found = above_chance(proportion(75, 100), chance=0.5)
        >>> value(found), round(interval(found).low, 3)
        (0.5, 0.346)
    """
    if not 0 <= chance < 1:
        raise ValueError(f"chance must be at least 0 and below 1, found {chance}")
    return estimate("above_chance", part=_as_part(share), chance=chance)


def largest_magnitude(parts: Sequence[Estimate]) -> Estimate:
    """The largest |θ| of several estimates, on whatever units these rest.

    For example the equalised odds difference, the larger of the gaps of the true and of the false
    positive rate. Its upper bound needs no correction for their number, its lower one has it
    (`auditkit.statistics.combined`).

    Raises:
        ValueError: no parts, or one without finite value or itself made of estimates.

    Example:
        >>> gaps = [proportion_difference(8, 10, 6, 10), proportion_difference(2, 10, 5, 10)]
        >>> round(value(largest_magnitude(gaps)), 9)
        0.3
    """
    return estimate("largest_magnitude", parts=[_as_part(one) for one in parts])


def _as_part(one: Estimate) -> dict[str, Any]:
    return {"method": one.method, "parameters": dict(one.parameters)}


def _mean_and_variance(total: float, total_of_squares: float, n: float) -> tuple[float, float]:
    total, total_of_squares, n = float(total), float(total_of_squares), float(n)
    if not math.isfinite(total) or not math.isfinite(total_of_squares):
        raise ValueError(f"the sums must be finite, found {total} and {total_of_squares}")
    if not n >= 2:
        raise ValueError(f"a mean with an interval needs at least two values, found n = {n:g}")
    spread = total_of_squares - total * (total / n)
    # What rounding leaves of values without any spread must not pass for a tiny standard error.
    noise = 1e-13 * total_of_squares
    if spread < -noise:
        raise ValueError(
            f"no {n:g} values have the sum {total} and the sum of squares {total_of_squares}"
        )
    return total / n, 0.0 if spread <= noise else spread / (n - 1)
