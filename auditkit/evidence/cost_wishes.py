"""What of the model's cost the user wants measured, and what a machine and its power cost them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from auditkit.errors import ConfigurationError

_NUMBERS = {
    "seconds": (0.01, 3600.0, 1.0),
    "energy_seconds": (0.0, 3600.0, 60.0),
    "price_per_hour": (1e-6, 1e9, 1.2),
    "power_watts": (1e-3, 1e6, 65.0),
    "grid_grams_per_kwh": (0.01, 5000.0, 380.0),
}
"""Lowest and highest value, and an example."""

_OPTIONAL = ("price_per_hour", "power_watts", "grid_grams_per_kwh")
_LARGEST_BATCH = 65_536
_MOST_BATCHES = 8


@dataclass(frozen=True)
class CostWishes:
    """What of the model's cost is wanted.

    Attributes:
        batch_sizes: of the calls that are timed, ascending.
        seconds: what timing may take in all.
        energy_seconds: for so long a meter of energy is read beside the calls; 0 for not at all.
        price_per_hour: of the machine; None where nobody says.
        currency: of the price.
        power_watts: what the machine draws under load, for a modelled figure; None for none.
        grid_grams_per_kwh: grams of CO2 equivalent that a kilowatt-hour stands for.
        grid_source: where that number is from: a grid factor without a source cannot be checked.
        country: three letters (ISO 3166), whose factor is taken from the data of the installed
            package CodeCarbon instead.

    Raises:
        ConfigurationError: a number is out of its range, a batch size no whole number, a price has
            no currency, a grid factor no source, or a factor and a country are both given.
    """

    batch_sizes: tuple[int, ...] = (1, 8, 64)
    seconds: float = 1.0
    energy_seconds: float = 0.0
    price_per_hour: float | None = None
    currency: str = ""
    power_watts: float | None = None
    grid_grams_per_kwh: float | None = None
    grid_source: str = ""
    country: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "batch_sizes", _sizes(self.batch_sizes))
        for name in _NUMBERS:
            _refuse_number(name, getattr(self, name))
        for name in ("currency", "grid_source", "country"):
            if not isinstance(getattr(self, name), str):
                _refuse(name, getattr(self, name), "text", '"EUR"')
        self._refuse_contradictions()

    def _refuse_contradictions(self) -> None:
        if (self.price_per_hour is None) != (not self.currency):
            raise ConfigurationError(
                "cost.price_per_hour and cost.currency go together; one of them is missing.",
                mend="Give both, for example 1.2 and EUR, or neither.",
            )
        if (self.grid_grams_per_kwh is None) != (not self.grid_source):
            raise ConfigurationError(
                "cost.grid_grams_per_kwh and cost.grid_source go together; one of them is missing.",
                mend="Give the grams of CO2 equivalent per kWh, and where that number is from.",
            )
        if self.country and self.grid_source:
            raise ConfigurationError(
                "cost.country and cost.grid_grams_per_kwh are both given; each is a grid factor.",
                mend="Give one of them.",
            )
        if self.country and not (len(self.country) == 3 and self.country.isupper()):
            _refuse("country", self.country, "three capital letters (ISO 3166)", "DEU")

    @classmethod
    def of(cls, given: CostWishes | Mapping[str, Any]) -> CostWishes:
        """Wishes from what a user may say.

        Raises:
            ConfigurationError: a key is unknown, or see `CostWishes`.

        >>> CostWishes.of({"batch_sizes": [32, 1]}).batch_sizes
        (1, 32)
        """
        if isinstance(given, CostWishes):
            return given
        known = [one.name for one in fields(cls)]
        if not isinstance(given, Mapping) or not set(given) <= set(known):
            raise ConfigurationError(
                f"cost is {given!r}; expected some of {', '.join(known)}.",
                mend='Give for example {"batch_sizes": [1, 32], "seconds": 5}.',
            )
        return cls(**given)

    def describe(self) -> dict[str, Any]:
        """The wishes as JSON-able data."""
        return {**asdict(self), "batch_sizes": list(self.batch_sizes)}


def _sizes(given: Any) -> tuple[int, ...]:
    expected = f"up to {_MOST_BATCHES} whole numbers from 1 to {_LARGEST_BATCH:,}"
    if not isinstance(given, list | tuple) or not 1 <= len(given) <= _MOST_BATCHES:
        _refuse("batch_sizes", given, expected, "[1, 32]")
    for size in given:
        whole = isinstance(size, int) and not isinstance(size, bool)
        if not whole or not 1 <= size <= _LARGEST_BATCH:
            _refuse("batch_sizes", given, expected, "[1, 32]")
    return tuple(sorted(set(given)))


def _refuse_number(name: str, found: Any) -> None:
    if found is None and name in _OPTIONAL:
        return
    low, high, usual = _NUMBERS[name]
    number = isinstance(found, int | float) and not isinstance(found, bool)
    if not number or not math.isfinite(found) or not low <= found <= high:
        _refuse(name, found, f"a number from {low:g} to {high:,.0f}", f"{usual:g}")


def _refuse(name: str, found: Any, expected: str, example: str) -> None:
    raise ConfigurationError(
        f"cost.{name} is {found!r}; expected {expected}.", mend=f"Give for example {example}."
    )
