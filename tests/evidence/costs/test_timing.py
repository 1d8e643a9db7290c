"""Timed calls, by a clock that the calls themselves move."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from auditkit.evidence.costs.timing import MOST_CALLS, WARM_UPS, timed, timings


class Machine:
    """Its clock shows what its calls took so far; the first few are slower."""

    def __init__(self, a_unit: float, cold: float = 0.0) -> None:
        self.now, self.a_unit, self.cold, self.asked = 0.0, a_unit, cold, [0]

    def clock(self) -> float:
        return self.now

    def calls(self, batch: int) -> Callable[[], None]:
        self.asked.append(0)

        def call() -> None:
            self.now += batch * self.a_unit + (self.cold if self.asked[-1] < 2 else 0.0)
            self.asked[-1] += 1

        return call


def test_calls_are_warm_and_enough() -> None:
    machine = Machine(0.001, cold=0.01)
    found = timed(machine.calls(1), 1, 100.0, machine.clock)
    assert found.warm_ups == WARM_UPS
    assert found.seconds == pytest.approx(np.full(MOST_CALLS, 0.001))


def test_the_time_given_is_kept() -> None:
    machine = Machine(0.01)
    found = timings(machine.calls, (1, 2, 4), 3.0, machine.clock)
    assert [one.batch for one in found] == [1, 2, 4]
    assert machine.now == pytest.approx(3.0, abs=0.05)
    assert [len(one.seconds) for one in found] == pytest.approx([95, 45, 20], abs=5)


def test_one_call_of_each_kind_at_least() -> None:
    machine = Machine(50.0)
    found = timed(machine.calls(1), 1, 1.0, machine.clock)
    assert (found.warm_ups, list(found.seconds)) == (1, [50.0])


def test_a_batch_that_would_take_too_long_is_not_tried() -> None:
    machine = Machine(0.3)
    small, large, huge = timings(machine.calls, (1, 64, 128), 2.0, machine.clock)
    assert len(small.seconds)
    assert not len(large.seconds)
    assert "a batch of 64 would take about 19 s" in large.lacking
    assert "cost.seconds" in large.lacking
    assert "a batch of 128 would take about 38 s" in huge.lacking


def test_a_slow_model_is_told_from_a_fast_one() -> None:
    quantiles = []
    for machine in (Machine(0.001), Machine(0.003)):
        (found,) = timings(machine.calls, (1,), 1.0, machine.clock)
        quantiles.append(np.quantile(found.seconds, [0.5, 0.99]))
    assert (quantiles[1] / quantiles[0]) == pytest.approx([3.0, 3.0])
