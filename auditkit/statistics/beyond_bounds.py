"""Bounds of a share beyond a quantile of another sample; see `beyond_quantile`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from scipy.special import betainc

from auditkit.statistics.binomial_exact import clopper_pearson_bounds
from auditkit.statistics.critical import critical_value, upper_tail
from auditkit.statistics.proportions import Bounds

Parameters = Mapping[str, Any]

_SMALLEST = 1e-300


def share_beyond(parameters: Parameters) -> float:
    """The share of the others above the known value that ⌊n tail⌋ of the known exceed."""
    exceeding = math.floor(parameters["known"] * parameters["tail"] * (1 + 1e-12))
    return _beyond(parameters, exceeding + 1) / float(parameters["others"])


def bounds_beyond(parameters: Parameters, z: float) -> Bounds:
    """Bounds of the share beyond the true quantile; see `beyond_quantile`.

    Args:
        parameters: `known` and `others`, the numbers of both; `tail`; `beyond`, the number of the
            others above the j-th largest known value (j from 0, where it is 0), of which each entry
            stands for `grain` known values.
        z: one-sided normal critical value.
    """
    share = share_beyond(parameters)
    if z == 0:
        return share, share
    half = max(upper_tail(z) / 2, _SMALLEST)
    exact = critical_value(half)
    fewest, most = _tail_counts(parameters, half)
    others = float(parameters["others"])
    low, high = 0.0, 1.0
    if fewest > 0:
        low, _ = clopper_pearson_bounds(_beyond(parameters, fewest), others, exact)
    if most + 1 <= _last(parameters):
        _, high = clopper_pearson_bounds(_beyond(parameters, most + 1), others, exact)
    return min(low, share), max(high, share)


def scaled_beyond(parameters: Parameters, factor: float) -> dict[str, Any]:
    """The same shares of so many times the units."""
    grown = {name: parameters[name] * factor for name in ("known", "others", "grain")}
    return {**parameters, **grown, "beyond": [one * factor for one in parameters["beyond"]]}


def _tail_counts(parameters: Parameters, half: float) -> tuple[int, int]:
    """The fewest and the most known values above the true quantile, each wrong at most `half`.

    Of n, T ~ Binomial(n, tail) lie above it: the largest j with P(T < j) ≤ half, and the smallest
    with P(T > j) ≤ half.
    """
    n, tail = float(parameters["known"]), float(parameters["tail"])
    middle = math.floor(n * tail)

    def above(j: int) -> float:  # P(T > j)
        return 0.0 if j >= n else float(betainc(j + 1, n - j, tail))

    def below(j: int) -> float:  # P(T < j)
        return 0.0 if j <= 0 else float(betainc(n - j + 1, j, 1 - tail))

    most = _first(lambda j: above(j) <= half, middle, math.ceil(_last(parameters)))
    fewest = middle - _first(lambda j: below(middle - j) <= half, 0, middle)
    return fewest, most


def _first(holds: Callable[[int], bool], start: int, end: int) -> int:
    """The first number from `start` on of which it holds, where it holds of all from there on."""
    low, high = start, max(end, start)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def _last(parameters: Parameters) -> float:
    """The place of the smallest known value that was kept."""
    return (len(parameters["beyond"]) - 1) * float(parameters["grain"])


def _beyond(parameters: Parameters, place: float) -> float:
    """How many of the others lie above the known value at a place, the largest having the first.

    Between places that were kept, the next smaller value's; beyond the last, all others.
    """
    entry = math.ceil(place / float(parameters["grain"]) - 1e-9)
    counts, others = parameters["beyond"], float(parameters["others"])
    return min(float(counts[entry]), others) if entry < len(counts) else others
