"""How many grams of CO2 equivalent a kilowatt-hour stands for, and who says so."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from auditkit.evidence.cost_wishes import CostWishes
from auditkit.evidence.costs.costs import NotCosted

_MIX = Path("data/private_infra/global_energy_mix.json")


@dataclass(frozen=True)
class GridFactor:
    """A factor and its source.

    Attributes:
        grams_per_kwh: of CO2 equivalent.
        source: for people.
    """

    grams_per_kwh: float
    source: str

    @property
    def described(self) -> str:
        """A full sentence."""
        return f"At {self.grams_per_kwh:g} g a kWh ({self.source})."


def grid_factor(wishes: CostWishes) -> GridFactor | NotCosted:
    """The declared factor, or that of a country from the data of CodeCarbon.

    Of CodeCarbon its table is read, and no code is run: it would fall back on a world average for a
    country that it does not know, and look up where this machine stands.

    >>> grid_factor(CostWishes(grid_grams_per_kwh=56, grid_source="RTE 2024")).grams_per_kwh
    56.0
    """
    if wishes.grid_grams_per_kwh is not None:
        return GridFactor(float(wishes.grid_grams_per_kwh), wishes.grid_source)
    if not wishes.country:
        return NotCosted(
            "It is not declared what a kilowatt-hour stands for; declare cost.grid_grams_per_kwh "
            "and its source for it."
        )
    package = find_spec("codecarbon")
    if package is None or not package.submodule_search_locations:
        return NotCosted(
            "cost.country names a grid, and the package codecarbon, whose table would be read, is "
            "not installed."
        )
    return _of_country(Path(package.submodule_search_locations[0]) / _MIX, wishes.country)


def _of_country(table: Path, country: str) -> GridFactor | NotCosted:
    try:
        row = json.loads(table.read_text())[country]
        factor, year = float(row["carbon_intensity"]), int(row["year"])
    except (OSError, ValueError, LookupError, TypeError):
        return NotCosted(f"The table of CodeCarbon has no carbon intensity of {country}.")
    return GridFactor(factor, f"CodeCarbon's table, {country} {year}")
