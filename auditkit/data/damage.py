"""Units that cannot be read: named and counted, and fatal above a declared share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from auditkit.errors import ConfigurationError, DataError

TOLERATED = 0.01
"""Share of damaged units that is tolerated where none is declared."""

_SHOWN = 5


class UnreadableError(Exception):
    """One unit cannot be read; the text says why, as in "it is empty"."""


@dataclass(frozen=True)
class Damaged:
    """Stands in the place of a unit that cannot be read.

    Attributes:
        reason: why, as a clause: "it is empty".
    """

    reason: str


class Damage:
    """The damaged units of a split: which rows, and the first few by name.

    A unit that is met twice counts once, so that reading again changes nothing; two states add up
    in any order. Costs some 50 bytes for each damaged unit.

    Example:
        >>> damage = Damage()
        >>> damage.add(7, "b.png", Damaged("it is empty"))
        >>> damage.add(7, "b.png", Damaged("it is empty"))
        >>> damage.count, damage.firsts
        (1, ["'b.png' (it is empty)"])
    """

    def __init__(self) -> None:
        self._rows: set[int] = set()
        self._named: dict[int, str] = {}

    @property
    def count(self) -> int:
        """How many units are damaged."""
        return len(self._rows)

    @property
    def firsts(self) -> list[str]:
        """The first few, each with its reason, in the order of the data."""
        return [self._named[row] for row in sorted(self._named)]

    def add(self, row: int, name: str, damaged: Damaged) -> None:
        """Count the unit of a row.

        Args:
            row: the row's number within the split.
            name: what people call the unit: its file, or its row.
            damaged: with the reason.
        """
        self._rows.add(row)
        self._name(row, f"{name!r} ({damaged.reason})")

    def merge(self, other: Damage) -> None:
        """Add what another state holds."""
        self._rows |= other._rows
        for row, text in other._named.items():
            self._name(row, text)

    def refuse_above(self, tolerated: float, units: int, where: str) -> None:
        """Refuse more damage than is tolerated.

        Args:
            tolerated: the share of damaged units that is.
            units: how many there are, damaged ones among them.
            where: what errors call the split.

        Raises:
            DataError: with the count and the first few.
        """
        if self.count <= tolerated * units + 1e-9:  # 0.29 × 100 is a little less than 29
            return
        share = self.count / units
        raise DataError(
            f"{self.count} of the {units} units of the {where} ({_percent(share)}) cannot be read, "
            f"more than the {_percent(tolerated)} that are tolerated: {self._listed()}.",
            mend="Mend these units or take them out, or declare the share that may be damaged: "
            f"damaged: {math.ceil(share * 1000) / 1000:g}.",
        )

    def note(self, where: str, units: int | None) -> str:
        """A sentence for the record; "" without damage.

        Args:
            where: what the sentence calls the split.
            units: how many there are, damaged ones among them; None where not all were read.

        Example:
            >>> Damage().note("evaluation data", 600)
            ''
        """
        if not self.count:
            return ""
        share = "" if units is None else f" ({_percent(self.count / units)})"
        units_were = ("unit", "was") if self.count == 1 else ("units", "were")
        return (
            f"{self.count} {units_were[0]} of the {where}{share} could not be read and "
            f"{units_were[1]} left out: {self._listed()}. What is said of the others need not hold "
            "of what was left out."
        )

    def to_plain(self) -> dict[str, Any]:
        """The state as JSON-able data, reversible by `from_plain`."""
        return {"rows": sorted(self._rows), "named": {str(k): v for k, v in self._named.items()}}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Damage:
        """The state that `to_plain` wrote."""
        made = cls()
        made._rows = set(plain["rows"])
        made._named = {int(row): text for row, text in plain["named"].items()}
        return made

    def _name(self, row: int, text: str) -> None:
        self._named[row] = text
        if len(self._named) > _SHOWN:
            del self._named[max(self._named)]

    def _listed(self) -> str:
        more = self.count - len(self._named)
        return "; ".join(self.firsts) + (f" and {more} more" if more else "")


def checked_share(tolerated: Any) -> float:
    """The declared share of units that may be damaged.

    Raises:
        ConfigurationError: it is no number from 0 to 1.

    Example:
        >>> checked_share(0)
        0.0
    """
    number = isinstance(tolerated, int | float) and not isinstance(tolerated, bool)
    if not number or not 0 <= tolerated <= 1:
        raise ConfigurationError(
            f"damaged is {tolerated!r}; expected the share of units that may be damaged, from 0 "
            "to 1.",
            mend=f"Write for example damaged: {TOLERATED}.",
        )
    return float(tolerated)


def each_unit(cells: Iterable[Any], read: Callable[[Any], Any]) -> list[Any]:
    """What `read` makes of each cell, or `Damaged` where it raises `UnreadableError`.

    Example:
        >>> def half(number):
        ...     if number % 2:
        ...         raise UnreadableError("it is odd")
        ...     return number // 2
        >>> each_unit([4, 5], half)
        [2, Damaged(reason='it is odd')]
    """
    return [_unit(cell, read) for cell in cells]


def _unit(cell: Any, read: Callable[[Any], Any]) -> Any:
    try:
        return read(cell)
    except UnreadableError as error:
        return Damaged(str(error))


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
