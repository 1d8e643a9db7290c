"""Calls of one batch size, timed one after the other, warm, the device waited for."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from auditkit.evidence.costs.costs import Timing

MOST_CALLS = 500
"""With fewer than 368 independent calls nothing bounds a 99th percentile above (at an error of
.025)."""
WARM_UPS = 5
_WARMING = 0.2
"""Share of the time that the calls before may take."""

Clock = Callable[[], float]


def timed(call: Callable[[], None], batch: int, seconds: float, clock: Clock) -> Timing:
    """Some calls to warm up, then calls until there are enough or the time is over.

    At least one to warm up and one that is timed, however long they take.

    Args:
        call: the model on a batch; returns when the device is done.
        batch: how many units that is.
        seconds: what all of it may take.
        clock: seconds, such as `time.perf_counter`.
    """
    start = now = clock()
    warm_ups = 0
    while warm_ups == 0 or (warm_ups < WARM_UPS and now - start < _WARMING * seconds):
        call()
        now = clock()
        warm_ups += 1
    spans: list[float] = []
    while not spans or (len(spans) < MOST_CALLS and now - start < seconds):
        before = now
        call()
        now = clock()
        spans.append(now - before)
    return Timing(batch, np.array(spans), warm_ups)


def timings(
    calls: Callable[[int], Callable[[], None]],
    batch_sizes: tuple[int, ...],
    seconds: float,
    clock: Clock = time.perf_counter,
) -> tuple[Timing, ...]:
    """The calls of each batch size, from the smallest to the largest, each with its share of time.

    A size whose calls would take longer than what is left, by those of the size before, is left
    out, with the reason.

    Args:
        calls: from a batch size to a call.
        batch_sizes: ascending.
        seconds: what all of it may take.
        clock: as of `timed`.

    >>> ticks = iter(range(1000))
    >>> [one.batch for one in timings(lambda size: lambda: None, (1, 8), 9.0, lambda: next(ticks))]
    [1, 8]
    """
    started, found, forecast = clock(), list[Timing](), 0.0
    for place, batch in enumerate(batch_sizes):
        left = seconds - (clock() - started)
        if found and 2 * forecast > left:
            found.append(Timing(batch, lacking=_too_slow(batch, forecast, seconds)))
        else:
            one = timed(calls(batch), batch, left / (len(batch_sizes) - place), clock)
            found.append(one)
            forecast = float(np.median(one.seconds))
        if place + 1 < len(batch_sizes):
            forecast *= batch_sizes[place + 1] / batch
    return tuple(found)


def _too_slow(batch: int, forecast: float, seconds: float) -> str:
    return (
        f"A call on a batch of {batch:,} would take about {forecast:.2g} s, too long for what was "
        f"left of {seconds:g} s; give more in cost.seconds."
    )


def waiting_for(device: torch.device) -> Callable[[], None]:
    """Returns when the device has done what it was asked to."""
    if device.type == "cuda":
        return lambda: torch.cuda.synchronize(device)
    if device.type == "mps":
        return torch.mps.synchronize
    return lambda: None
