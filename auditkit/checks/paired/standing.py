"""How two models on the same units stand to each other: a word from an interval and a margin."""

from __future__ import annotations

from enum import StrEnum

from auditkit.measurement import Interval


class Standing(StrEnum):
    """How the first stands to the second."""

    BETTER = "better"
    WORSE = "worse"
    WITHIN = "within the margin"
    INCONCLUSIVE = "inconclusive"


def standing(gain: Interval | None, margin: float) -> Standing:
    """How the first of two models stands to the second.

    Within the margin comes first: a difference that is surely there and surely too small to matter
    is no reason to prefer one. At a margin of zero there is no such difference.

    Args:
        gain: interval of how much better the first is; None where there is none.
        margin: a difference of as much, either way, does not matter.

    Raises:
        ValueError: a negative margin.

    Example:
        >>> whole = Interval(-0.004, 0.03, 0.9, "paired_exact")
        >>> standing(whole, 0.01).value
        'inconclusive'
        >>> standing(Interval(0.002, 0.03, 0.9, "paired_exact"), 0.01).value
        'better'
        >>> standing(Interval(0.002, 0.008, 0.9, "paired_exact"), 0.01).value
        'within the margin'
    """
    if not margin >= 0:
        raise ValueError(f"a margin must be at least 0, found {margin}")
    if gain is None:
        return Standing.INCONCLUSIVE
    if margin and -margin <= gain.low and gain.high <= margin:
        return Standing.WITHIN
    if gain.low > 0:
        return Standing.BETTER
    return Standing.WORSE if gain.high < 0 else Standing.INCONCLUSIVE


def told(found: Standing, first: str, second: str, margin: str) -> str:
    """A sentence on how two models stand to each other.

    Args:
        found: how.
        first, second: what they are called, the first as it begins a sentence.
        margin: with its unit.

    Example:
        >>> told(Standing.WITHIN, "The model", "boosting", ".01")
        'The model and boosting differ by at most the margin, .01.'
    """
    return {
        Standing.BETTER: f"{first} is better than {second}.",
        Standing.WORSE: f"{first} is worse than {second}.",
        Standing.WITHIN: f"{first} and {second} differ by at most the margin, {margin}.",
        Standing.INCONCLUSIVE: f"Whether {first[:1].lower() + first[1:]} or {second} is better "
        "is not shown.",
    }[found]
