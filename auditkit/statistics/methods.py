"""The table of methods: what the parameters of an estimate mean.

A method turns parameters into a point estimate, into bounds at a one-sided normal critical value z,
and into the parameters that the same point estimate would have on more units. Everything else
(levels, p-values, units that would decide) is derived in `estimates`, in one way for all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from auditkit.statistics import stratified_scores
from auditkit.statistics.auc_bounds import auc_bounds, outer_auc_bounds
from auditkit.statistics.beyond_bounds import bounds_beyond, scaled_beyond, share_beyond
from auditkit.statistics.binomial_exact import clopper_pearson_bounds
from auditkit.statistics.combined import Part, difference_bounds, largest_magnitude_bounds
from auditkit.statistics.critical import minus_log_tail, normal_value, student_value
from auditkit.statistics.method import Method, Parameters
from auditkit.statistics.paired import exact_paired_bounds
from auditkit.statistics.proportions import (
    Bounds,
    f1_bounds,
    koopman_bounds,
    koopman_score,
    mean_of_wilson_bounds,
    newcombe_bounds,
    paired_difference_bounds,
    paired_score,
    wilson_bounds,
)
from auditkit.statistics.quantile_bounds import quantile_bounds
from auditkit.statistics.resampled import basic_bounds, bca_bounds, narrowed
from auditkit.statistics.stratified_scores import Strata

_EVERYWHERE = (-math.inf, math.inf)
_LARGEST_CRITICAL = 1e60
"""Of few degrees of freedom; beyond it squares overflow, and no bound tells more."""


def _scaling(grow: tuple[str, ...] = (), narrow: tuple[str, ...] = ()) -> Callable[..., Any]:
    """Counts in `grow` rise with the factor, errors in `narrow` fall with its square root."""

    def scaled(parameters: Parameters, factor: float) -> dict[str, Any]:
        result = dict(parameters)
        for name in (name for name in grow if name in result):
            number = result[name]
            many = isinstance(number, list | tuple)
            result[name] = [part * factor for part in number] if many else number * factor
        for name in narrow:
            result[name] = result[name] / math.sqrt(factor)
        return result

    return scaled


def _around(value: float, error: float, critical: float) -> Bounds:
    """value ± critical × error. No variation seen is no certainty: it bounds nothing."""
    if critical == 0:
        return value, value
    if error == 0:
        return _EVERYWHERE
    return value - critical * error, value + critical * error


def _exact(parameters: Parameters, _: float) -> Bounds:
    return parameters["value"], parameters["value"]


def _normal(parameters: Parameters, z: float) -> Bounds:
    return _around(parameters["value"], parameters["se"], z)


def _student(parameters: Parameters, z: float) -> Bounds:
    low, high = _around(parameters["value"], parameters["se"], student_value(z, parameters["df"]))
    # How far the value itself may be off, for example because scores were counted in cells.
    slack = parameters.get("slack", 0.0)
    return low - slack, high + slack


def _root_student(parameters: Parameters, z: float) -> Bounds:
    mean, se = parameters["mean"], parameters["se"]
    if mean == 0:
        return (0.0, 0.0) if z == 0 else (0.0, math.inf)
    # Squares are skewed to the right: on the scale of the logarithm the upper bound is missed
    # about half as often. With heavy tails it is still too low (benchmarks/RESULTS.md).
    low, high = _around(0.0, se / mean, student_value(z, parameters["df"]))
    return math.sqrt(mean * _exp(low)), math.sqrt(mean * _exp(high))


def _log_student(parameters: Parameters, z: float) -> Bounds:
    low, high = _around(0.0, parameters["se_log"], student_value(z, parameters["df"]))
    return parameters["value"] * _exp(low), parameters["value"] * _exp(high)


def _exp(x: float) -> float:
    return math.inf if x > 709 else math.exp(x)


def _squared_error(parameters: Parameters, z: float) -> Bounds:
    """All errors t with |t − value| ≤ z √(sd² + 4 slope (t − value)).

    The more a model errs, the more its estimated squared error varies, so the variance is taken at
    the error asked about, as score intervals do; with the sd alone the upper bound is too low (it
    missed in up to 9 % of simulations at a nominal 5 %).
    """
    value, sd, shift = parameters["value"], parameters["sd"], 2 * z * parameters.get("slope", 0.0)
    if z == 0 or sd == 0:
        return _around(value, sd, z)
    root = math.hypot(shift, sd)
    return value - z * sd * (sd / (root + shift)), value + z * (root + shift)


def _bounded_differences(parameters: Parameters, z: float) -> Bounds:
    """Bounds of a distance of two samples that one unit can change by little (McDiarmid)."""
    value = parameters["value"]
    if z == 0:
        return value, value
    reach = parameters["scale"] * math.sqrt(minus_log_tail(z) / 2)
    return max(value - parameters["bias"] - reach, 0.0), min(value + reach, 1.0)


def _cramers_v(parameters: Parameters, z: float) -> Bounds:
    """The root of an interval of its square, as far as that lies between 0 and 1.

    The square varies the more the larger it is, so above the estimate the variance is taken at the
    square asked about; with that at the estimate the upper bound of weak associations was too low
    in a fifth of simulations at a nominal 5 %.
    """
    squared, se = parameters["squared"], parameters["se"]
    critical = min(student_value(z, parameters["df"]), _LARGEST_CRITICAL)
    low, _ = _around(squared, se, critical)
    risen = {"value": squared, "sd": se, "slope": parameters["slope"]}
    _, high = _squared_error(risen, critical)
    return _root_of_share(low), _root_of_share(high + (parameters["slack"] if z else 0.0))


def _cramers_v_scaled(parameters: Parameters, factor: float) -> dict[str, Any]:
    scaled = _scaling(grow=("df",), narrow=("se",))(parameters, factor)
    return {**scaled, **{name: parameters[name] / factor for name in ("slope", "slack")}}


def _root_of_share(square: float) -> float:
    return math.sqrt(min(max(square, 0.0), 1.0))


def _ratio(parameters: Parameters) -> float:
    first, second = _share(parameters, "x1", "n1"), _share(parameters, "x2", "n2")
    if second == 0:
        return math.nan if first == 0 else math.inf
    return first / second


def _koopman(p: Parameters, z: float) -> Bounds:
    return koopman_bounds(p["x1"], p["n1"], p["x2"], p["n2"], _own_critical(p, z))


def _newcombe(p: Parameters, z: float) -> Bounds:
    return newcombe_bounds(p["x1"], p["n1"], p["x2"], p["n2"], _own_critical(p, z))


def _between(p: Parameters, z: float) -> Bounds:
    """Wilson's limits of the shares as far below and above as the threshold may move them."""
    share, n, critical = _share(p, "successes", "n"), p["n"], _own_critical(p, z)
    if critical == 0:
        return share, share
    low, _ = wilson_bounds(n * max(share - p["below"], 0.0), n, critical)
    _, high = wilson_bounds(n * min(share + p["above"], 1.0), n, critical)
    return low, high


def _own_critical(parameters: Parameters, z: float) -> float:
    """Student's critical value where the counts are effective ones with degrees of freedom."""
    df = parameters.get("df")
    return z if df is None else min(student_value(z, df), _LARGEST_CRITICAL)


def _koopman_score(p: Parameters, threshold: float) -> float | None:
    if not 1e-30 < threshold < 1e30:
        return None
    score = koopman_score(p["x1"], p["n1"], p["x2"], p["n2"], math.log(threshold))
    return normal_value(score, p["df"]) if "df" in p else score


def _tango_score(p: Parameters, threshold: float) -> float | None:
    if not -1 < threshold < 1:
        return None
    return paired_score(p["wins"], p["losses"], p["n"], threshold)


def _stratified_bounds(
    bounds: Callable[[Strata, float], Bounds], p: Parameters, z: float
) -> Bounds:
    return bounds(Strata.of(p), _own_critical(p, z))


def _stratified_score(
    score: Callable[[Strata, float], float], p: Parameters, place: float
) -> float | None:
    try:
        found = score(Strata.of(p), place)
    except ArithmeticError:
        return None  # the bounds then say that these are no counts
    return normal_value(found, p["df"]) if "df" in p else found


def _stratified_ratio_score(p: Parameters, threshold: float) -> float | None:
    if not 1e-30 < threshold < 1e30:
        return None
    return _stratified_score(stratified_scores.ratio_score, p, math.log(threshold))


def _stratified_difference_score(p: Parameters, threshold: float) -> float | None:
    if not -1 < threshold < 1:
        return None
    return _stratified_score(stratified_scores.difference_score, p, threshold)


def _share(parameters: Parameters, successes: str, n: str) -> float:
    return float(parameters[successes] / parameters[n])


def _given(name: str) -> Callable[[Parameters], float]:
    return lambda parameters: float(parameters[name])


def _part(plain: Parameters) -> Part:
    method, own = METHODS[plain["method"]], plain["parameters"]
    return Part(method.value(own), lambda z: method.bounds(own, z), own.get("slack", 0.0))


def _scaled_part(plain: Parameters, factor: float) -> dict[str, Any]:
    scaled = METHODS[plain["method"]].scaled(plain["parameters"], factor)
    return {"method": plain["method"], "parameters": scaled}


def _difference_value(parameters: Parameters) -> float:
    first, second = (_part(parameters[name]).value for name in _PARTS)
    return first - second


def _difference_bounds(parameters: Parameters, z: float) -> Bounds:
    first, second = (_part(parameters[name]) for name in _PARTS)
    return difference_bounds(first, second, z)


def _difference_scaled(parameters: Parameters, factor: float) -> dict[str, Any]:
    return {name: _scaled_part(part, factor) for name, part in parameters.items()}


def _largest_value(parameters: Parameters) -> float:
    return max(abs(_part(one).value) for one in parameters["parts"])


def _largest_bounds(parameters: Parameters, z: float) -> Bounds:
    return largest_magnitude_bounds([_part(one) for one in parameters["parts"]], z)


def _largest_scaled(parameters: Parameters, factor: float) -> dict[str, Any]:
    return {"parts": [_scaled_part(one, factor) for one in parameters["parts"]]}


def _above_chance(parameters: Parameters, share: float) -> float:
    chance = parameters["chance"]
    return float((share - chance) / (1 - chance))


def _above_chance_bounds(parameters: Parameters, z: float) -> Bounds:
    low, high = _part(parameters["part"]).bounds(z)
    return _above_chance(parameters, low), _above_chance(parameters, high)


_PARTS = ("first", "second")
_TWO = {"x1": "nonnegative", "n1": "positive", "x2": "nonnegative", "n2": "positive"}
_DF = {"df": "positive"}
_TWO_AT_MOST = (("x1", "n1"), ("x2", "n2"))
_STRATA = {
    **{name: f"{kind}s" for name, kind in _TWO.items()},
    "weights": "positives",
    "strata": "positives",
}

METHODS: Mapping[str, Method] = {
    "exact": Method(
        title="deterministic",
        kinds={"value": "number"},
        value=_given("value"),
        bounds=_exact,
        scaled=_scaling(),
    ),
    "wilson": Method(
        title="Wilson score interval of a proportion",
        kinds={"successes": "nonnegative", "n": "positive", **_DF},
        value=lambda p: _share(p, "successes", "n"),
        bounds=lambda p, z: wilson_bounds(p["successes"], p["n"], _own_critical(p, z)),
        scaled=_scaling(grow=("successes", "n", *_DF)),
        at_most=(("successes", "n"),),
        optional=tuple(_DF),
    ),
    "clopper_pearson": Method(
        title="Clopper–Pearson exact interval of a proportion",
        kinds={"successes": "nonnegative", "n": "positive"},
        value=lambda p: _share(p, "successes", "n"),
        bounds=lambda p, z: clopper_pearson_bounds(p["successes"], p["n"], z),
        scaled=_scaling(grow=("successes", "n")),
        at_most=(("successes", "n"),),
    ),
    "koopman": Method(
        title="Koopman score interval of a ratio of proportions",
        kinds={**_TWO, **_DF},
        value=_ratio,
        bounds=_koopman,
        scaled=_scaling(grow=(*_TWO, *_DF)),
        at_most=_TWO_AT_MOST,
        optional=tuple(_DF),
        score=_koopman_score,
    ),
    "newcombe": Method(
        title="Newcombe hybrid score interval of a difference of proportions",
        kinds={**_TWO, **_DF},
        value=lambda p: _share(p, "x1", "n1") - _share(p, "x2", "n2"),
        bounds=_newcombe,
        scaled=_scaling(grow=(*_TWO, *_DF)),
        at_most=_TWO_AT_MOST,
        optional=tuple(_DF),
    ),
    "stratified_ratio": Method(
        title="stratified score interval of a ratio of proportions (Gart and Nam)",
        kinds={**_STRATA, **_DF},
        value=lambda p: Strata.of(p).ratio,
        bounds=partial(_stratified_bounds, stratified_scores.ratio_bounds),
        scaled=_scaling(grow=("strata", *_DF)),
        at_most=_TWO_AT_MOST,
        optional=tuple(_DF),
        score=_stratified_ratio_score,
        alike=tuple(_STRATA),
    ),
    "stratified_difference": Method(
        title="stratified score interval of a difference of proportions (Miettinen and Nurminen)",
        kinds={**_STRATA, **_DF},
        value=lambda p: Strata.of(p).difference,
        bounds=partial(_stratified_bounds, stratified_scores.difference_bounds),
        scaled=_scaling(grow=("strata", *_DF)),
        at_most=_TWO_AT_MOST,
        optional=tuple(_DF),
        score=_stratified_difference_score,
        alike=tuple(_STRATA),
    ),
    "tango": Method(
        title="Tango score interval of a paired difference of proportions",
        kinds={"wins": "nonnegative", "losses": "nonnegative", "n": "positive"},
        value=lambda p: (p["wins"] - p["losses"]) / p["n"],
        bounds=lambda p, z: paired_difference_bounds(p["wins"], p["losses"], p["n"], z),
        scaled=_scaling(grow=("wins", "losses", "n")),
        at_most=(("wins", "n"), ("losses", "n")),
        score=_tango_score,
    ),
    "paired_exact": Method(
        title="outer of Tango's and McNemar's exact interval of a paired difference of proportions",
        kinds={"wins": "nonnegative", "losses": "nonnegative", "n": "positive", **_DF},
        value=lambda p: (p["wins"] - p["losses"]) / p["n"],
        bounds=lambda p, z: exact_paired_bounds(
            p["wins"], p["losses"], p["n"], _own_critical(p, z)
        ),
        scaled=_scaling(grow=("wins", "losses", "n", *_DF)),
        at_most=(("wins", "n"), ("losses", "n")),
        optional=tuple(_DF),
    ),
    "f1": Method(
        title="F1 through the Wilson score interval of the Jaccard index",
        kinds={"tp": "nonnegative", "errors": "nonnegative"},
        value=lambda p: 2 * p["tp"] / (2 * p["tp"] + p["errors"]),
        bounds=lambda p, z: f1_bounds(p["tp"], p["errors"], z),
        scaled=_scaling(grow=("tp", "errors")),
    ),
    "mean_of_wilson": Method(
        title="mean of proportions, by variance recovery from Wilson score limits",
        kinds={"successes": "nonnegatives", "n": "positives"},
        value=lambda p: (
            sum(x / n for x, n in zip(p["successes"], p["n"], strict=True)) / len(p["n"])
        ),
        bounds=lambda p, z: mean_of_wilson_bounds(p["successes"], p["n"], z),
        scaled=_scaling(grow=("successes", "n")),
        at_most=(("successes", "n"),),
    ),
    "normal": Method(
        title="normal interval",
        kinds={"value": "number", "se": "nonnegative"},
        value=_given("value"),
        bounds=_normal,
        scaled=_scaling(narrow=("se",)),
    ),
    "student": Method(
        title="Student t interval",
        kinds={"value": "number", "se": "nonnegative", "df": "positive", "slack": "nonnegative"},
        value=_given("value"),
        bounds=_student,
        scaled=_scaling(grow=("df",), narrow=("se",)),
        optional=("slack",),
    ),
    "root_student": Method(
        title="square root of a Student t interval of the logarithm",
        kinds={"mean": "nonnegative", "se": "nonnegative", "df": "positive"},
        value=lambda p: math.sqrt(p["mean"]),
        bounds=_root_student,
        scaled=_scaling(grow=("df",), narrow=("se",)),
    ),
    "log_student": Method(
        title="Student t interval of the logarithm",
        kinds={"value": "positive", "se_log": "nonnegative", "df": "positive"},
        value=_given("value"),
        bounds=_log_student,
        scaled=_scaling(grow=("df",), narrow=("se_log",)),
    ),
    "delong": Method(
        title="DeLong interval of the area under the ROC curve, on the logit scale",
        kinds={
            "value": "share",
            "se": "nonnegative",
            "slack": "nonnegative",
            "positives": "positive",
            "negatives": "positive",
            **_DF,
        },
        value=_given("value"),
        bounds=lambda p, z: auc_bounds(p, _own_critical(p, z)),
        scaled=_scaling(grow=("positives", "negatives", *_DF), narrow=("se",)),
        optional=("positives", "negatives", *_DF),
    ),
    "delong_outer": Method(
        title="outer of DeLong's and Newcombe's intervals of the area under the ROC curve",
        kinds={
            "value": "share",
            "se": "nonnegative",
            "positives": "positive",
            "negatives": "positive",
            **_DF,
        },
        value=_given("value"),
        bounds=lambda p, z: outer_auc_bounds(p, _own_critical(p, z)),
        scaled=_scaling(grow=("positives", "negatives", *_DF), narrow=("se",)),
        optional=tuple(_DF),
    ),
    "wilson_between": Method(
        title="Wilson score limits of the lowest and highest share at an uncertain threshold",
        kinds={
            "successes": "nonnegative",
            "n": "positive",
            "below": "nonnegative",
            "above": "nonnegative",
            **_DF,
        },
        value=lambda p: _share(p, "successes", "n"),
        bounds=_between,
        scaled=_scaling(grow=("successes", "n", *_DF), narrow=("below", "above")),
        at_most=(("successes", "n"),),
        optional=tuple(_DF),
    ),
    "beyond_quantile": Method(
        title="Clopper–Pearson limits beyond the order statistics that enclose the quantile",
        kinds={
            "known": "positive",
            "others": "positive",
            "tail": "share",
            "beyond": "nonnegatives",
            "grain": "positive",
        },
        value=share_beyond,
        bounds=bounds_beyond,
        scaled=scaled_beyond,
    ),
    "squared_error": Method(
        title="debiased squared calibration error with bootstrap standard deviation",
        kinds={"value": "number", "sd": "nonnegative", "slope": "nonnegative"},
        value=_given("value"),
        bounds=_squared_error,
        scaled=lambda p, factor: {
            **p,
            "sd": p["sd"] / math.sqrt(factor),
            "slope": p.get("slope", 0.0) / factor,
        },
        optional=("slope",),
    ),
    "bounded_differences": Method(
        title="finite-sample interval of a distance (McDiarmid), bias accounted for below",
        kinds={"value": "share", "bias": "nonnegative", "scale": "positive"},
        value=_given("value"),
        bounds=_bounded_differences,
        scaled=_scaling(narrow=("bias", "scale")),
    ),
    "cramers_v": Method(
        title="bias-corrected Cramér's V, by a score interval of its square",
        kinds={
            "squared": "number",
            "se": "nonnegative",
            "df": "positive",
            "slope": "nonnegative",
            "slack": "nonnegative",
        },
        value=lambda p: _root_of_share(p["squared"]),
        bounds=_cramers_v,
        scaled=_cramers_v_scaled,
    ),
    "independent_difference": Method(
        title="difference of two independent estimates, by variance recovery from their intervals",
        kinds=dict.fromkeys(_PARTS, "estimate"),
        value=_difference_value,
        bounds=_difference_bounds,
        scaled=_difference_scaled,
    ),
    "above_chance": Method(
        title="share above chance, from the interval of the share",
        kinds={"part": "estimate", "chance": "share"},
        value=lambda p: _above_chance(p, _part(p["part"]).value),
        bounds=_above_chance_bounds,
        scaled=lambda p, factor: {**p, "part": _scaled_part(p["part"], factor)},
    ),
    "largest_magnitude": Method(
        title="largest of several magnitudes, from the intervals of all of them",
        kinds={"parts": "estimates"},
        value=_largest_value,
        bounds=_largest_bounds,
        scaled=_largest_scaled,
    ),
    "bootstrap": Method(
        title="basic bootstrap interval",
        kinds={"value": "number", "replicates": "sorted"},
        value=_given("value"),
        bounds=basic_bounds,
        scaled=narrowed,
    ),
    "bca": Method(
        title="bias-corrected and accelerated bootstrap interval",
        kinds={"value": "number", "replicates": "sorted", "acceleration": "number"},
        value=_given("value"),
        bounds=bca_bounds,
        scaled=narrowed,
    ),
    "quantile": Method(
        title="order-statistic interval of a quantile",
        kinds={
            "value": "number",
            "values": "sorted",
            "before": "nonnegative",
            "count": "positive",
            "n": "positive",
            "share": "share",
        },
        value=_given("value"),
        bounds=quantile_bounds,
        scaled=lambda p, factor: narrowed(p, factor, "values"),
    ),
}
"""Name of a method → what it means. Records name these; a name is never given a new meaning."""
