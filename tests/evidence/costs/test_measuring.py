"""All costs of a model on a sample: what is there, what is lacking, and what is left as it was."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from auditkit.evidence.cost_wishes import CostWishes
from auditkit.evidence.costs.costs import Costs, FlopCount, Memory, NotCosted, Weights
from auditkit.evidence.costs.grid import GridFactor, grid_factor
from auditkit.evidence.costs.measuring import measured_costs
from auditkit.evidence.costs.tensor_memory import TensorMemory
from auditkit.evidence.costs.weights import weights_of
from auditkit.evidence.facts import Facts
from auditkit.evidence.sample import Sampled
from auditkit.evidence.sample_needs import CostNeed
from auditkit.models.wrapped import WrappedModel
from tests.evidence.costs.networks import NETWORKS, wrapped

NEED = CostNeed((1, 8), seconds=0.02)


def _sample(inputs: Tensor) -> Sampled:
    n = len(inputs)
    keys = np.arange(n, dtype=np.uint64)
    return Sampled(
        inputs, np.arange(n), keys, None, n, Facts({}, np.ones(n, bool), np.ones(n, bool))
    )


def _costs(model: WrappedModel, inputs: Tensor, need: CostNeed = NEED, largest: int = 64) -> Costs:
    with model.opened():
        return measured_costs(need, _sample(inputs), model, largest)


def test_a_network_has_all_costs_but_those_that_need_a_meter() -> None:
    network = NETWORKS["perceptron"]
    found = _costs(network.wrapped(), network.inputs(3))
    assert isinstance(found.flops, FlopCount)
    assert isinstance(found.weights, Weights)
    assert [one.batch for one in found.timings] == [1, 8]
    assert all(len(one.seconds) and (one.seconds > 0).all() for one in found.timings)
    assert isinstance(found.tensors, Memory)
    assert isinstance(found.energy, NotCosted)
    assert isinstance(found.peak, NotCosted)
    assert "thread" in found.device


def test_batches_beyond_those_of_the_audit_are_not_tried() -> None:
    network = NETWORKS["perceptron"]
    found = _costs(network.wrapped(), network.inputs(3), largest=4)
    assert [bool(one.lacking) for one in found.timings] == [False, True]
    assert "4 units at once" in found.timings[1].lacking


@pytest.mark.parametrize("largest", [64, 0])
def test_no_sample_and_no_batch_leave_the_weights(largest: int) -> None:
    model = NETWORKS["perceptron"].wrapped()
    sample = None if largest else _sample(torch.randn(3, 16))
    with model.opened():
        found = measured_costs(NEED, sample, model, largest, "None were drawn.")
    assert isinstance(found.weights, Weights)
    assert isinstance(found.flops, NotCosted)
    assert all(one.lacking for one in found.timings)


def test_a_model_that_fails_on_a_batch_gives_reasons() -> None:
    class Single(nn.Module):
        def forward(self, rows: Tensor) -> Tensor:
            if len(rows) == 1:
                raise ValueError("one is too few")
            return rows[:, :2]

    found = _costs(wrapped(Single()), torch.randn(3, 16))
    assert isinstance(found.flops, NotCosted)
    assert "one is too few" in found.flops.reason


def test_random_states_and_buffers_stay() -> None:
    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.out, self.norm = nn.Linear(16, 2), nn.BatchNorm1d(2)

        def forward(self, rows: Tensor) -> Tensor:
            found: Tensor = self.norm(self.out(rows)) + torch.rand(1)
            return found

    module = Noisy()
    before = {name: one.clone() for name, one in module.state_dict().items()}
    torch.manual_seed(3)
    state = torch.get_rng_state()
    _costs(wrapped(module), torch.randn(3, 16, generator=torch.Generator().manual_seed(0)))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[name], one) for name, one in module.state_dict().items())


def test_of_a_callable_calls_are_timed() -> None:
    found = _costs(wrapped(lambda rows: rows[:, :2]), torch.randn(3, 16))
    assert isinstance(found.weights, NotCosted)
    assert isinstance(found.tensors, NotCosted)
    assert len(found.timings[0].seconds)


def test_bytes_of_weights_are_counted_once() -> None:
    tied = nn.Sequential(
        nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False), nn.BatchNorm1d(3)
    )
    tied[1].weight = tied[0].weight
    found = weights_of(tied)
    assert isinstance(found, Weights)
    assert found.parameters == 9 + 6
    assert found.bytes == 4 * (9 + 6 + 6) + 8
    assert found.serialised is not None


def test_the_size_in_a_file_is_that_of_the_file(tmp_path: Path) -> None:
    module = nn.Linear(100, 100)
    path = tmp_path / "weights.pt"
    torch.save(dict(module.state_dict()), path)
    found = weights_of(module)
    assert isinstance(found, Weights)
    assert found.serialised == pytest.approx(path.stat().st_size, rel=0.02)


def test_memory_is_that_of_what_is_alive_at_a_time() -> None:
    first, second = nn.Linear(10, 1000, bias=False), nn.Linear(1000, 10, bias=False)
    held, rows = [first.weight, second.weight], torch.randn(50, 10)
    with torch.no_grad(), TensorMemory([*held, rows]) as memory:
        second(torch.relu(first(rows)))
    # While the activation is made, what it is made of is still there.
    hidden, weights = 50 * 1000, 2 * 10 * 1000
    assert memory.peak == 4 * (weights + 50 * 10 + 2 * hidden)


def test_the_factor_of_the_grid_has_a_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(grid_factor(CostWishes()), NotCosted)
    table = tmp_path / "data" / "private_infra" / "global_energy_mix.json"
    table.parent.mkdir(parents=True)
    table.write_text(json.dumps({"FRA": {"carbon_intensity": 56.0, "year": 2023}, "ABC": {}}))
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr("auditkit.evidence.costs.grid.find_spec", lambda _: spec)
    assert grid_factor(CostWishes(country="FRA")) == GridFactor(
        56.0, "CodeCarbon's table, FRA 2023"
    )
    for unknown in ("ABC", "XYZ"):
        found = grid_factor(CostWishes(country=unknown))
        assert isinstance(found, NotCosted)
        assert f"no carbon intensity of {unknown}" in found.reason


def test_without_the_package_a_country_is_no_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditkit.evidence.costs.grid.find_spec", lambda _: None)
    found = grid_factor(CostWishes(country="FRA"))
    assert isinstance(found, NotCosted)
    assert "not installed" in found.reason
    assert importlib.util.find_spec("auditkit") is not None
