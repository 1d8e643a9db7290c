"""Energy of calls: a meter read at the ends of windows in which the model is called."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from auditkit.evidence.costs.costs import Energy, NotCosted
from auditkit.evidence.costs.meters import Meter
from auditkit.evidence.costs.timing import Clock

WINDOWS = 20
FEWEST_WINDOWS = 5


def metered(
    call: Callable[[], None],
    batch: int,
    meter: Meter,
    seconds: float,
    clock: Clock = time.perf_counter,
) -> Energy | NotCosted:
    """What the meter reads while the model is called, in up to twenty windows of equal length.

    Whatever else the metered device does in a window is read too, and what it draws when idle.

    Args:
        call: the model on a batch; returns when the device is done.
        batch: how many units that is.
        meter: of the device.
        seconds: of all windows together.
        clock: seconds.
    """
    windows = min(WINDOWS, int(seconds / meter.resolution))
    if windows < FEWEST_WINDOWS:
        least = FEWEST_WINDOWS * meter.resolution
        return NotCosted(
            f"{seconds:g} s are too short for the meter ({meter.name}): it takes {least:g} s at "
            "least; give more in cost.energy_seconds."
        )
    length, joules, units = seconds / windows, [], []
    call()
    started, last = clock(), meter.joules()
    for window in range(1, windows + 1):
        calls = 0
        while not calls or clock() - started < window * length:
            call()
            calls += 1
        now = meter.joules()
        joules.append(now - last)
        units.append(calls * batch)
        last = now
    return Energy(np.array(joules), np.array(units), clock() - started, batch, meter.name)
