"""Where errors gather: what one half of the units suggests, and the other half confirms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from numpy.typing import ArrayLike

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import p_at_most
from auditkit.statistics.multiplicity import Floats, benjamini_hochberg, holm

LEVEL = 0.05


@dataclass(frozen=True)
class Discovery:
    """What became of many comparisons.

    Attributes:
        found: places of those that are above zero on the searched half (Benjamini and Hochberg).
        confirmed: places of those of them that are above zero on the other half too (Holm).
    """

    found: tuple[int, ...]
    confirmed: tuple[int, ...]


def discover(
    searched: Sequence[Estimate | None], held_out: Sequence[Estimate | None], level: float = LEVEL
) -> Discovery:
    """Differences above zero, found on one half and confirmed on another.

    Args:
        searched: estimated differences; None where one cannot be estimated.
        held_out: the same of units that the search has not seen.
        level: one-sided, of each of the two steps.

    Source: Benjamini and Hochberg 1995; Holm 1979; on splitting, Cox, Biometrika 62 (1975) 441–444.
    """
    found = _rejected(searched, range(len(searched)), benjamini_hochberg, level)
    return Discovery(found, _rejected(held_out, found, holm, level))


def _rejected(
    estimates: Sequence[Estimate | None],
    places: Iterable[int],
    adjust: Callable[[ArrayLike], Floats],
    level: float,
) -> tuple[int, ...]:
    tested = [(place, one) for place in places if (one := estimates[place]) is not None]
    adjusted = adjust([p_at_most(one, 0.0) for _, one in tested])
    return tuple(place for (place, _), p in zip(tested, adjusted, strict=True) if p <= level)
