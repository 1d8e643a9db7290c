"""Where errors gather: what one half of the units suggests, and the other half confirms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import p_at_most
from auditkit.statistics.multiplicity import benjamini_hochberg, holm

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
    tested = [(place, one) for place, one in enumerate(searched) if one is not None]
    adjusted = benjamini_hochberg([p_at_most(one, 0.0) for _, one in tested])
    found = tuple(place for (place, _), p in zip(tested, adjusted, strict=True) if p <= level)
    kept = confirmed_places([held_out[place] for place in found], level)
    return Discovery(found, tuple(found[place] for place in kept))


def confirmed_places(held_out: Sequence[Estimate | None], level: float = LEVEL) -> tuple[int, ...]:
    """Places of the candidates whose difference is above zero on units that no search has seen.

    Args:
        held_out: the difference of each candidate; None where it cannot be estimated there. Such a
            one is not confirmed, and counts among those that were tried all the same: else a search
            would be held to less, the more it found that cannot be tested.
        level: one-sided, of all together.

    Source: Holm 1979.

    Example:
        >>> from auditkit.statistics.estimates import normal
        >>> confirmed_places([normal(2.0, 1.0)]), confirmed_places([normal(2.0, 1.0), None, None])
        ((0,), ())
    """
    adjusted = holm([1.0 if one is None else p_at_most(one, 0.0) for one in held_out])
    return tuple(place for place, p in enumerate(adjusted) if p <= level)
