"""What a method of estimation is: one row of `auditkit.statistics.methods.METHODS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from auditkit.statistics.proportions import Bounds

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Method:
    """One row of `METHODS`.

    Attributes:
        title: what a reviewer reads under an interval.
        kinds: name of each parameter → what it must be: `number`, `nonnegative`, `positive`,
            `share` (0 to 1), `nonnegatives` and `positives` (lists), `sorted` (ascending list),
            `estimate` (another estimate as plain data: method and parameters) or `estimates` (a
            list of such).
        value: parameters → point estimate; NaN where a ratio of zeros leaves it undefined.
        bounds: parameters and z ≥ 0 → (low, high); low falls and high rises with z.
        scaled: parameters and a factor → parameters of that many times the units.
        at_most: pairs of parameters, the first of which may not exceed the second.
        optional: parameters that may be absent.
        score: parameters and a threshold → the signed z at which a bound lies on the threshold
            (positive if the estimate lies above it); given where the bounds are found from it, so
            that a p-value need not invert them again.
        alike: lists that must have the same length.
    """

    title: str
    kinds: Mapping[str, str]
    value: Callable[[Parameters], float]
    bounds: Callable[[Parameters, float], Bounds]
    scaled: Callable[[Parameters, float], dict[str, Any]]
    at_most: tuple[tuple[str, str], ...] = ()
    optional: tuple[str, ...] = ()
    score: Callable[[Parameters, float], float | None] | None = None
    alike: tuple[str, ...] = ()
