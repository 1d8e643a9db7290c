"""What is asked of a stored table, and one number of the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from auditkit.measurement import Interval
from auditkit.statistics.group_rates import GROUP_RATES


@dataclass(frozen=True)
class Question:
    """What is asked of a table.

    Attributes:
        rate: a name of `GROUP_RATES`.
        crossed: the attributes whose levels make the cells.
        held: attribute → the one level to look at.

    Raises:
        ValueError: nothing is crossed, or an attribute is both crossed and held.
    """

    rate: str
    crossed: tuple[str, ...]
    held: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.crossed:
            raise ValueError("at least one attribute must be crossed")
        if both := {*self.crossed} & {*self.held}:
            raise ValueError(f"{min(both)} is crossed and held fixed")


@dataclass(frozen=True)
class Cell:
    """One number of a crossing, or the reason why there is none.

    Attributes:
        levels: one for each crossed attribute.
        n: rows that the number is a share of; None where it is withheld.
        value: the rate, ratio or difference; None if there is none.
        interval: its 90 % interval; None if there is none.
        reason: why there is no value or no interval, a sentence.
        reference: whether it is what others are compared with.
    """

    levels: tuple[str, ...]
    n: int | None
    value: float | None = None
    interval: Interval | None = None
    reason: str = ""
    reference: bool = False


def rates_of(outcomes: Sequence[str]) -> tuple[str, ...]:
    """The rates that can be read from a table with these outcomes.

    Example:
        >>> rates_of(("correct",)), rates_of(("selected",))
        (('accuracy',), ('selection_rate',))
    """
    return tuple(
        name for name, rate in GROUP_RATES.items() if {*rate.event, *rate.among} <= {*outcomes}
    )
