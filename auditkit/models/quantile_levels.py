"""Which quantiles a regression predicts: levels in (0, 1), one for each column of its output."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from auditkit.errors import ConfigurationError

_EXAMPLE = "Write quantiles=[0.05, 0.5, 0.95], in the order of the output's columns."


def checked_levels(given: object, called: str) -> tuple[float, ...]:
    """Levels as plain numbers; () where none are declared.

    One level is enough: a forecast of the 90 % quantile alone makes a promise too.

    Args:
        given: what was declared.
        called: the model or head, as a sentence begins with it.

    Raises:
        ConfigurationError: no list of numbers, a level outside (0, 1), or levels that don't rise.

    >>> checked_levels([0.1, 0.9], "The model")
    (0.1, 0.9)
    """
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise ConfigurationError(
            f"{called} has quantiles={given!r}; expected a list of levels.", mend=_EXAMPLE
        )
    for level in given:
        # NaN lies in no interval, so it is refused here too.
        if not _is_number(level) or not 0 < level < 1:
            raise ConfigurationError(
                f"{called} has the quantile level {level!r}; expected numbers between 0 and 1.",
                mend=_EXAMPLE,
            )
    levels = tuple(float(level) for level in given)
    for one, other in pairwise(levels):
        if one >= other:
            raise ConfigurationError(
                f"{called} has the quantile level {one} before {other}; expected levels that rise, "
                "each once.",
                mend="Sort the levels, and the output's columns with them.",
            )
    return levels


def _is_number(level: object) -> bool:
    return isinstance(level, int | float) and not isinstance(level, bool)


def nearest_to_median(levels: Sequence[float]) -> int:
    """The place of the level nearest .5; of two equally near, the lower.

    >>> nearest_to_median([0.05, 0.5, 0.95]), nearest_to_median([0.1, 0.9])
    (1, 0)
    """
    # Written out in decimals .1 and .9 are equally far from .5; in binary they need not be.
    distances = [round(abs(level - 0.5), 12) for level in levels]
    return distances.index(min(distances))


def symmetric_pairs(levels: Sequence[float]) -> tuple[tuple[int, int], ...]:
    """Places of the levels τ and 1 − τ that are both declared, the widest pair first.

    Between the two lies the central interval that holds a share 1 − 2τ of the targets.

    >>> symmetric_pairs([0.05, 0.25, 0.5, 0.75, 0.9, 0.95])
    ((0, 5), (1, 3))
    """
    places = {round(level, 12): place for place, level in enumerate(levels)}
    pairs = [
        (place, other)
        for place, level in enumerate(levels)
        if level < 0.5 and (other := places.get(round(1 - level, 12))) is not None
    ]
    return tuple(pairs)
