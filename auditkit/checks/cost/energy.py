"""Energy that a meter read, and the emissions that it stands for."""

from __future__ import annotations

import math

from auditkit.checks.cost.counts import undeclared
from auditkit.checks.cost.times import JOULES_A_KWH, batch_label
from auditkit.checks.estimation import estimated
from auditkit.evidence.basis import Sample
from auditkit.evidence.cost_wishes import CostWishes
from auditkit.evidence.costs.costs import Energy, NotCosted
from auditkit.evidence.costs.grid import grid_factor
from auditkit.measurement import Estimate, Measurement, MeasurementKey
from auditkit.statistics import estimates

NAMES = ("metered_energy", "metered_emissions")


def metered(energy: Energy | NotCosted, wishes: CostWishes) -> list[Measurement]:
    """Joules, and grams of CO2 equivalent, for 1,000 predictions."""
    if isinstance(energy, NotCosted):
        return [undeclared(name, energy.reason) for name in NAMES]
    how = (
        f"Metered ({energy.meter}) in {len(energy.joules)} windows, {energy.seconds:.1f} s in all, "
        f"at batches of {energy.batch:,}; what else runs on the device is in it."
    )
    found = [_measured(NAMES[0], energy, 1.0, how)]
    grid = grid_factor(wishes)
    if isinstance(grid, NotCosted):
        return [*found, undeclared(NAMES[1], grid.reason)]
    factor = grid.grams_per_kwh / JOULES_A_KWH
    return [*found, _measured(NAMES[1], energy, factor, f"{how} {grid.described}")]


def _measured(name: str, energy: Energy, factor: float, how: str) -> Measurement:
    key = MeasurementKey(f"cost.{name}", label=batch_label(energy.batch))
    return estimated(key, lambda: _for_a_thousand(energy, factor), Sample(len(energy.joules)), how)


def _for_a_thousand(energy: Energy, factor: float) -> Estimate:
    """The mean over windows of what a unit took, weighted by their units."""
    share = energy.joules / energy.units
    weights = energy.units / energy.units.sum()
    mean = float(weights @ share)
    spread = float(weights @ (share - mean) ** 2)
    windows = len(share)
    se = math.sqrt(spread / (windows - 1))
    return estimates.student(1000 * factor * mean, 1000 * factor * se, windows - 1)
