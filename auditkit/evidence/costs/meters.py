"""Meters of energy that this process may read: NVIDIA's of a GPU, and RAPL of the processor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from auditkit.evidence.costs.costs import NotCosted

POWERCAP = Path("/sys/class/powercap")
_DOMAINS = ("package", "dram")
"""What adds up: cores and graphics lie within a package, and `psys` around all of it."""


@dataclass(frozen=True)
class Meter:
    """A counter that only rises.

    Attributes:
        name: for people.
        joules: reads it; the difference of two readings is what was used in between.
        resolution: seconds between two readings that mean something.
    """

    name: str
    joules: Callable[[], float]
    resolution: float


def meter_of(device: torch.device, powercap: Path = POWERCAP) -> Meter | NotCosted:
    """The meter of the device that a model runs on.

    Args:
        device: of the model.
        powercap: where Linux shows the counters of the processor.
    """
    if device.type == "cuda":
        return _of_gpu(device)
    if device.type == "cpu":
        return _of_processor(powercap)
    return NotCosted(f"No meter is known for a device of the kind {device.type}.")


def _of_gpu(device: torch.device) -> Meter | NotCosted:
    try:
        pynvml: Any = import_module("pynvml")
    except ImportError:
        return NotCosted("The meter of the GPU was not read: the package nvidia-ml-py is absent.")
    try:
        pynvml.nvmlInit()
        handle = _handle(pynvml, device)
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except pynvml.NVMLError as error:
        return NotCosted(f"The meter of the GPU cannot be read ({error}).")

    def joules() -> float:
        return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1000

    # The counter is renewed about ten times a second.
    return Meter("NVML, the whole GPU", joules, 0.5)


def _handle(pynvml: Any, device: torch.device) -> Any:
    """By its identity: CUDA numbers only the visible devices, and may number them otherwise."""
    place = torch.cuda.current_device() if device.index is None else device.index
    identity = str(torch.cuda.get_device_properties(place).uuid)
    return pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{identity.removeprefix('GPU-')}".encode())


def _of_processor(powercap: Path) -> Meter | NotCosted:
    try:
        zones = sorted(zone for zone in powercap.glob("*rapl*") if _adds_up(zone))
        counters = [_Counter(zone) for zone in zones]
    except (OSError, ValueError) as error:
        kind = type(error).__name__
        return NotCosted(f"The meter of the processor (RAPL) may not be read ({kind}).")
    if not counters:
        return NotCosted("This machine shows no meter of its processor (RAPL).")
    named = " and ".join(sorted({counter.domain for counter in counters}))
    return Meter(f"RAPL, {named}", lambda: sum(counter.joules() for counter in counters), 0.05)


def _adds_up(zone: Path) -> bool:
    # The same counters appear once more under `intel-rapl-mmio`.
    name = zone / "name"
    return (
        "mmio" not in zone.name and name.is_file() and name.read_text().strip().startswith(_DOMAINS)
    )


class _Counter:
    """One RAPL domain; its counter begins anew at a limit."""

    def __init__(self, zone: Path) -> None:
        self.domain = (zone / "name").read_text().strip().partition("-")[0]
        self._file = zone / "energy_uj"
        self._range = int((zone / "max_energy_range_uj").read_text())
        self._last = self._read()
        self._total = 0

    def _read(self) -> int:
        return int(self._file.read_text())

    def joules(self) -> float:
        """What was used since it was made."""
        now = self._read()
        self._total += (now - self._last) % (self._range + 1)
        self._last = now
        return self._total / 1e6
