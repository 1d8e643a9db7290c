"""What of a model's cost follows from timed calls: latency, throughput, price, modelled energy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from auditkit.checks.cost.counts import none_of, undeclared
from auditkit.checks.cost.metrics import QUANTILES
from auditkit.checks.estimation import absent, measured
from auditkit.evidence.basis import Sample
from auditkit.evidence.cost_wishes import CostWishes
from auditkit.evidence.costs.costs import Costs, NotCosted, Timing
from auditkit.evidence.costs.grid import GridFactor, grid_factor
from auditkit.evidence.costs.timing import MOST_CALLS
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Status
from auditkit.statistics import estimates
from auditkit.statistics.order_statistics import quantile
from auditkit.statistics.serial import effective_number

FEWEST_CALLS = 5
"""With fewer nothing bounds even a median."""

JOULES_A_KWH = 3.6e6
_MODELLED = ("modelled_energy", "modelled_emissions")


def batch_label(batch: int) -> str:
    """The label of numbers about calls of one batch size.

    >>> batch_label(64)
    'batch of 64'
    """
    return f"batch of {batch:,}"


def timed(costs: Costs, wishes: CostWishes) -> list[Measurement]:
    """Numbers of each batch size, and once why there are none of what nobody declared."""
    grid = grid_factor(wishes)
    modelled, priced = bool(wishes.power_watts), bool(wishes.price_per_hour)
    found = []
    for timing in costs.timings:
        times = _Times(timing, costs)
        found += [*times.speed(), *([times.price(wishes)] if priced else [])]
        if modelled:
            found += times.modelled(wishes, grid)
    if not priced:
        reason = "No price is declared; give cost.price_per_hour and cost.currency for it."
        found.append(undeclared("price", reason))
    if not modelled:
        reason = "No power is declared; give cost.power_watts for a modelled figure."
        found += [undeclared(name, reason) for name in _MODELLED]
    elif isinstance(grid, NotCosted):
        found.append(undeclared(_MODELLED[1], grid.reason))
    return found


@dataclass(frozen=True)
class _Times:
    """The calls of one batch size."""

    timing: Timing
    costs: Costs

    def speed(self) -> Iterator[Measurement]:
        """Latency and throughput."""
        for name, share in QUANTILES.items():
            yield self._measured(name, partial(self._latency, share))
        yield self._measured("throughput", lambda: self._rate(self.timing.batch, -1))

    def _key(self, name: str) -> MeasurementKey:
        return MeasurementKey(f"cost.{name}", label=batch_label(self.timing.batch))

    def _measured(self, name: str, estimate: Callable[[], Estimate], more: str = "") -> Measurement:
        key, calls = self._key(name), len(self.timing.seconds)
        if self.timing.lacking:
            return none_of(name, self.timing.lacking, key.label)
        if calls < FEWEST_CALLS:
            reason = (
                f"In the time given only {calls} call{'s' * (calls > 1)} were timed, and "
                f"{FEWEST_CALLS} are the fewest; give more in cost.seconds."
            )
            return absent(key, Status.TOO_FEW, reason, Sample(calls))
        found = measured(key, estimate(), Sample(calls), f"{self._how()}{more}")
        if found.interval is None:
            return replace(found, reason=_ALIKE)
        if math.isinf(found.interval.high):
            return replace(found, reason=f"{found.reason} {self._unbounded(found)}")
        return found

    def _unbounded(self, found: Measurement) -> str:
        """Why nothing bounds a percentile from above, and what would."""
        assert found.estimate is not None  # or there is no interval
        worth = max(round(found.estimate.parameters["n"]), 1)
        mend = (
            "time it again on a machine that does nothing else."
            if len(self.timing.seconds) >= MOST_CALLS
            else "give more in cost.seconds."
        )
        return (
            f"Nothing bounds it from above: slow calls come together, so these tell as much as "
            f"{worth:,} independent one{'s' * (worth > 1)} at this percentile, too few for it; "
            f"{mend}"
        )

    def _how(self) -> str:
        timing = self.timing
        return (
            f"By {len(timing.seconds):,} calls after {timing.warm_ups} to warm up, on "
            f"{self.costs.device}. All of one process: another hour or machine may differ more "
            "than the interval."
        )

    def _latency(self, share: float) -> Estimate:
        return quantile(self.timing.seconds * 1000, share)

    def _rate(self, factor: float, sign: int) -> Estimate:
        """`factor` times the mean time to the power of `sign`, by Student's interval of its
        logarithm."""
        seconds = self.timing.seconds
        mean, worth = float(seconds.mean()), max(effective_number(seconds), 2.0)
        se_log = float(seconds.std(ddof=1)) / math.sqrt(worth) / mean
        return estimates.estimate(
            "log_student", value=factor * mean**sign, se_log=se_log, df=worth - 1
        )

    def price(self, wishes: CostWishes) -> Measurement:
        """Of 1,000 predictions, in the declared currency."""
        assert wishes.price_per_hour is not None  # or nobody asks
        factor = wishes.price_per_hour / 3600 * 1000 / self.timing.batch
        more = f" In {wishes.currency}, at {wishes.price_per_hour:g} {wishes.currency} an hour."
        return self._measured("price", lambda: self._rate(factor, 1), more)

    def modelled(self, wishes: CostWishes, grid: GridFactor | NotCosted) -> Iterator[Measurement]:
        """Energy and emissions from declared numbers: without an estimate that could be judged."""
        assert wishes.power_watts  # or nobody asks
        joules = wishes.power_watts * 1000 / self.timing.batch
        more = (
            f" Modelled from {wishes.power_watts:g} W that were declared, not metered: shown, "
            "never judged."
        )
        energy = self._measured(_MODELLED[0], lambda: self._rate(joules, 1), more)
        yield replace(energy, estimate=None)
        if isinstance(grid, NotCosted):
            return
        grams = joules * grid.grams_per_kwh / JOULES_A_KWH
        emitted = self._measured(
            _MODELLED[1], lambda: self._rate(grams, 1), f"{more} {grid.described}"
        )
        yield replace(emitted, estimate=None)


_ALIKE = (
    "The times of the calls depend on each other so much that they bound nothing; give more in "
    "cost.seconds."
)
