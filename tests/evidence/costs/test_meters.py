"""Meters that are files or a module made for the test: what they read, and why they cannot."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from auditkit.evidence.costs.costs import Energy, NotCosted
from auditkit.evidence.costs.energy import metered
from auditkit.evidence.costs.meters import Meter, meter_of

CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)


def _zone(folder: Path, name: str, domain: str, energy: int = 0, limit: int = 1000) -> Path:
    zone = folder / name
    zone.mkdir()
    (zone / "name").write_text(f"{domain}\n")
    (zone / "energy_uj").write_text(f"{energy}\n")
    (zone / "max_energy_range_uj").write_text(f"{limit}\n")
    return zone / "energy_uj"


def _of(folder: Path) -> Meter:
    meter = meter_of(CPU, folder)
    assert isinstance(meter, Meter), meter
    return meter


def test_packages_and_memory_add_up_and_parts_of_them_do_not(tmp_path: Path) -> None:
    counters = [
        _zone(tmp_path, "intel-rapl:0", "package-0"),
        _zone(tmp_path, "intel-rapl:1", "package-1"),
        _zone(tmp_path, "intel-rapl:0:1", "dram"),
        _zone(tmp_path, "intel-rapl:0:0", "core"),
        _zone(tmp_path, "intel-rapl:2", "psys"),
        _zone(tmp_path, "intel-rapl-mmio:0", "package-0"),
    ]
    meter = _of(tmp_path)
    for counter in counters:
        counter.write_text("100\n")
    assert meter.joules() == pytest.approx(300e-6)
    assert meter.name == "RAPL, dram and package"


def test_a_counter_that_begins_anew_goes_on(tmp_path: Path) -> None:
    counter = _zone(tmp_path, "intel-rapl:0", "package-0", energy=900, limit=999)
    meter = _of(tmp_path)
    counter.write_text("100\n")
    assert meter.joules() == pytest.approx(200e-6)
    counter.write_text("150\n")
    assert meter.joules() == pytest.approx(250e-6)


def test_no_counter_is_a_reason(tmp_path: Path) -> None:
    found = meter_of(CPU, tmp_path / "absent")
    assert isinstance(found, NotCosted)
    assert "shows no meter" in found.reason
    assert isinstance(meter_of(torch.device("meta")), NotCosted)


@pytest.mark.parametrize("broken", ["energy_uj", "max_energy_range_uj"])
def test_a_counter_that_cannot_be_read_is_a_reason(tmp_path: Path, broken: str) -> None:
    zone = _zone(tmp_path, "intel-rapl:0", "package-0").parent
    (zone / broken).write_text("what?")
    found = meter_of(CPU, tmp_path)
    assert isinstance(found, NotCosted)
    assert "may not be read (ValueError)" in found.reason
    (zone / broken).unlink()
    found = meter_of(CPU, tmp_path)
    assert isinstance(found, NotCosted)
    assert "(FileNotFoundError)" in found.reason


class _NVMLError(Exception):
    pass


def _nvml(readings: list[int], refuses: bool = False) -> SimpleNamespace:
    def read(handle: bytes) -> int:
        assert handle == b"GPU-abc"
        if refuses:
            raise _NVMLError("Not Supported")
        return readings.pop(0)

    return SimpleNamespace(
        NVMLError=_NVMLError,
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByUUID=lambda name: name,
        nvmlDeviceGetTotalEnergyConsumption=read,
    )


def test_the_meter_of_a_gpu_is_found_by_its_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(uuid="abc"))
    monkeypatch.setitem(sys.modules, "pynvml", _nvml([1000, 1500, 4000]))
    meter = meter_of(CUDA)
    assert isinstance(meter, Meter)
    assert (meter.joules(), meter.joules()) == (1.5, 4.0)
    monkeypatch.setitem(sys.modules, "pynvml", _nvml([], refuses=True))
    found = meter_of(CUDA)
    assert isinstance(found, NotCosted)
    assert "cannot be read (Not Supported)" in found.reason
    monkeypatch.setitem(sys.modules, "pynvml", None)
    found = meter_of(CUDA)
    assert isinstance(found, NotCosted)
    assert "nvidia-ml-py" in found.reason


class Consumer:
    """A machine that draws a constant power, and whose calls take a while."""

    def __init__(self, watts: float, a_call: float) -> None:
        self.watts, self.a_call, self.now = watts, a_call, 0.0

    def call(self) -> None:
        self.now += self.a_call

    @property
    def meter(self) -> Meter:
        return Meter("a meter", lambda: self.watts * self.now, 0.05)


def test_joules_are_those_of_the_windows() -> None:
    consumer = Consumer(watts=50.0, a_call=0.01)
    found = metered(consumer.call, 8, consumer.meter, 2.0, lambda: consumer.now)
    assert isinstance(found, Energy)
    assert len(found.joules) == 20
    assert found.joules / found.units == pytest.approx(np.full(20, 50.0 * 0.01 / 8))
    assert found.seconds == pytest.approx(2.0, abs=0.02)


def test_too_short_for_a_meter_is_a_reason() -> None:
    consumer = Consumer(watts=50.0, a_call=0.01)
    found = metered(consumer.call, 8, consumer.meter, 0.2, lambda: consumer.now)
    assert isinstance(found, NotCosted)
    assert "cost.energy_seconds" in found.reason
