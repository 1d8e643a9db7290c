"""The costs of a model on the units of a sample: counted, timed and metered, one after another."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from auditkit.errors import AuditkitError
from auditkit.evidence.by_unit import rows_of
from auditkit.evidence.costs.costs import Costs, Energy, FlopCount, Memory, NotCosted, Timing
from auditkit.evidence.costs.energy import metered
from auditkit.evidence.costs.flops import Asked, count_flops
from auditkit.evidence.costs.meters import meter_of
from auditkit.evidence.costs.tensor_memory import TensorMemory
from auditkit.evidence.costs.timing import timings, waiting_for
from auditkit.evidence.costs.weights import weights_of
from auditkit.evidence.nests import map_tensors
from auditkit.evidence.sample import Sampled
from auditkit.evidence.sample_needs import CostNeed
from auditkit.models.borrowing import random_states_kept
from auditkit.models.wrapped import WrappedModel


def measured_costs(
    need: CostNeed, sample: Sampled | None, model: WrappedModel, largest: int, undrawn: str = ""
) -> Costs:
    """What a model costs.

    Args:
        need: which batch sizes are timed, and for how long.
        sample: of one split; its units are repeated where a batch is larger than it.
        model: opened.
        largest: the batch size of the audit: no larger batch is tried, since it may not fit.
        undrawn: why there is no sample, where there is none.
    """
    sizes = tuple(size for size in need.batch_sizes if size <= largest)
    lacking = undrawn if sample is None or not len(sample) else _too_large(sizes, largest)
    if sample is None or lacking:
        return _uncalled(need, model, lacking or "There are no units to call the model on.")
    with random_states_kept(), torch.no_grad():
        return _called(_Calls(sample, model), need, sizes, largest)


def _too_large(sizes: tuple[int, ...], largest: int) -> str:
    return "" if sizes else _beyond(largest)


def _beyond(largest: int) -> str:
    return f"The audit gives the model {largest:,} units at once, so no larger batch was tried."


@dataclass(frozen=True)
class _Calls:
    """The model, and what it is called on."""

    sample: Sampled
    model: WrappedModel

    def prepared(self, batch: int) -> Any:
        """The first units of the sample, over and over again; a copy."""
        rows = np.arange(batch) % len(self.sample)
        frame = self.sample.facts.frame
        if self.sample.inputs is None and frame is not None:
            return self.model.prepare(frame.iloc[rows])
        return self.model.place(rows_of(self.sample.inputs, rows, len(self.sample)))

    def of(self, batch: int) -> Callable[[], None]:
        """A call on a batch that is prepared beforehand; returns when the device is done."""
        given, wait = self.prepared(batch), waiting_for(self.model.device)

        def call() -> None:
            self.model.answer(given)
            wait()

        return call


def _called(calls: _Calls, need: CostNeed, sizes: tuple[int, ...], largest: int) -> Costs:
    model = calls.model
    _watch_peak(model.device)
    try:
        timed = timings(calls.of, sizes, need.seconds)
    except AuditkitError as error:
        return _uncalled(need, model, f"The model could not be called: {error.problem}")
    done = [one for one in timed if not one.lacking]
    first, last = done[0], done[-1]
    peak = _peak(model.device, last.batch)
    beyond = [size for size in need.batch_sizes if size > largest]
    return Costs(
        device=_named(model.device),
        weights=weights_of(model.module),
        flops=_flops(calls, first),
        timings=(*timed, *(Timing(size, lacking=_beyond(largest)) for size in beyond)),
        tensors=_tensors(calls, last.batch),
        peak=peak,
        energy=_energy(calls, need, last.batch),
    )


def _uncalled(need: CostNeed, model: WrappedModel, reason: str) -> Costs:
    none = NotCosted(reason)
    untimed = tuple(Timing(size, lacking=reason) for size in need.batch_sizes)
    weights = weights_of(model.module)
    return Costs(_named(model.device), weights, none, untimed, none, none, none)


def _flops(calls: _Calls, first: Timing) -> FlopCount | NotCosted:
    seconds = float(np.median(first.seconds))
    return count_flops(calls.model, Asked(calls.prepared(first.batch), first.batch, seconds))


def _tensors(calls: _Calls, batch: int) -> Memory | NotCosted:
    """One more call, watched operation by operation."""
    module = calls.model.module
    if module is None:
        return NotCosted("The model is a callable: what it holds is not seen.")
    held = [*module.parameters(), *module.buffers()]
    given = calls.prepared(batch)
    map_tensors(held.append, given)
    with TensorMemory(held) as memory:
        calls.model.answer(given)
    return Memory(memory.peak, batch)


def _energy(calls: _Calls, need: CostNeed, batch: int) -> Energy | NotCosted:
    if not need.energy_seconds:
        return NotCosted(
            "No meter was asked for; give in cost.energy_seconds for how long one is to be read "
            "(60 s or more is best)."
        )
    meter = meter_of(calls.model.device)
    if isinstance(meter, NotCosted):
        return meter
    return metered(calls.of(batch), batch, meter, need.energy_seconds)


def _watch_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def _peak(device: torch.device, batch: int) -> Memory | NotCosted:
    if device.type == "cuda":
        return Memory(torch.cuda.max_memory_allocated(device), batch)
    return NotCosted(
        "On this device nothing tells what one call allocates from what the process holds already; "
        "the memory of tensors is counted instead."
    )


def _named(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type != "cpu":
        return device.type
    threads = torch.get_num_threads()
    return f"{_processor()}, {threads} thread{'s' * (threads > 1)}"


@cache
def _processor() -> str:
    """The processor's name, as Linux or else Python knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(named), "") or platform.processor() or platform.machine() or "CPU"
