"""A module goes back as it came, also if what happens in between breaks it half-way."""

from __future__ import annotations

import random
from contextlib import suppress

import numpy as np
import pytest
import torch
from torch import nn

from auditkit.models.borrowing import borrowed, random_states_kept


class BreakError(Exception):
    pass


class Merging(nn.Module):
    """A layer that, like low-rank adapters, changes its weights as it changes its mode."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))
        self.merged = False

    def train(self, mode: bool = True):
        super().train(mode)
        if self.merged is mode:
            self.weight.data += -1.0 if mode else 1.0
            self.merged = not mode
        return self

    def forward(self, x):
        return x * self.weight


def network() -> nn.Sequential:
    """Modes, hooks and gradients that a careless restoration would lose."""
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))
    module[1].eval()  # frozen statistics in a model under training
    module[3].bias.requires_grad_(False)
    module[0].register_forward_hook(own_hook)
    module(torch.randn(8, 3)).sum().backward()
    return module


def own_hook(module, inputs, output):
    return None


def state(module: nn.Module) -> dict:
    return {
        "modes": [part.training for part in module.modules()],
        "frozen": [parameter.requires_grad for parameter in module.parameters()],
        "gradients": [parameter.grad for parameter in module.parameters()],
        "hooks": [dict(part._forward_hooks) for part in module.modules()],
        "backward": [dict(part._backward_hooks) for part in module.modules()],
        "parameter hooks": [dict(p._backward_hooks or {}) for p in module.parameters()],
        "parameters": [id(parameter) for parameter in module.parameters()],
        "buffers": [id(buffer) for buffer in module.buffers()],
        "storages": [parameter.data_ptr() for parameter in module.parameters()],
        "parts": [id(part) for part in module.modules()],
        "torch": torch.get_rng_state().tolist(),
        "numpy": str(np.random.get_state()),  # noqa: NPY002
        "python": random.getstate(),
    }


def disturb(module: nn.Sequential) -> None:
    """Everything that a check could do to a module, short of writing into its tensors."""
    module.train()
    module[3].bias.requires_grad_(True)
    module[0].register_forward_hook(lambda *arguments: None)
    module[3].register_full_backward_hook(lambda *arguments: None)
    module[0].weight.requires_grad_(True)
    module[0].weight.register_hook(lambda gradient: gradient)
    module[0].weight.grad = torch.ones_like(module[0].weight)
    module[2] = nn.Identity()
    module.add_module("probe", nn.Linear(1, 1))
    module[1].running_mean = torch.zeros(4)
    module[0].weight = nn.Parameter(torch.zeros(4, 3))
    torch.rand(3)
    np.random.rand(3)  # noqa: NPY002
    random.random()


@pytest.mark.parametrize("device", [None, "cpu", "meta"])
@pytest.mark.parametrize("breaks", [False, True])
def test_everything_is_restored(device, breaks) -> None:
    module = network()
    before, values = state(module), [p.clone() for p in module.parameters()]
    with suppress(BreakError), borrowed(module, device and torch.device(device)):
        disturb(module)
        if breaks:
            raise BreakError
    after = state(module)
    assert [key for key in before if before[key] != after[key]] == []
    # NaN-safe, element by element: a model moved to the meta device has got its values back.
    assert all(torch.equal(a, b) for a, b in zip(values, module.parameters(), strict=True))
    module(torch.randn(8, 3)).sum().backward()


def test_within_it_is_frozen_and_in_eval_mode() -> None:
    module = network()
    with borrowed(module) as lent:
        assert lent is module
        assert not any(part.training for part in module.modules())
        assert not any(p.requires_grad for p in module.parameters())
        assert all(p.grad is None for p in module.parameters())
        x = torch.randn(2, 3, requires_grad=True)
        module(x).sum().backward()
        assert x.grad is not None
        assert all(p.grad is None for p in module.parameters())


def test_it_is_on_the_device_within() -> None:
    module = network()
    with borrowed(module, torch.device("meta")):
        assert {p.device.type for p in module.parameters()} == {"meta"}
        assert {b.device.type for b in module.buffers()} == {"meta"}
    assert {p.device.type for p in module.parameters()} == {"cpu"}
    assert {b.device.type for b in module.buffers()} == {"cpu"}


def test_layers_that_do_more_than_set_a_flag_are_asked_to_undo_it() -> None:
    module = nn.Sequential(Merging())
    with borrowed(module):
        assert module[0].weight.tolist() == [1, 1]
    assert module[0].weight.tolist() == [0, 0]
    assert module[0].training


def test_tied_parameters_stay_tied() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    module[1].weight = module[0].weight
    with borrowed(module, torch.device("meta")):
        pass
    assert module[1].weight is module[0].weight


def test_an_exported_program_keeps_the_only_mode_it_has() -> None:
    program = torch.export.export(nn.Linear(3, 1).eval(), (torch.ones(2, 3),)).module()
    modes = [part.training for part in program.modules()]
    with borrowed(program):
        program(torch.ones(2, 3))
    assert [part.training for part in program.modules()] == modes


def test_one_failing_restoration_does_not_stop_the_others(monkeypatch) -> None:
    module = network()
    frozen = [p.requires_grad for p in module.parameters()]

    def fail(mode: bool = True):
        raise BreakError

    with suppress(BreakError), borrowed(module):
        monkeypatch.setattr(module, "train", fail)
    assert [p.requires_grad for p in module.parameters()] == frozen


def test_random_states_are_kept() -> None:
    states = torch.get_rng_state(), random.getstate(), str(np.random.get_state())  # noqa: NPY002
    with suppress(BreakError), random_states_kept():
        torch.rand(1), random.random(), np.random.rand(1)  # noqa: NPY002
        raise BreakError
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (random.getstate(), str(np.random.get_state())) == states[1:]  # noqa: NPY002
