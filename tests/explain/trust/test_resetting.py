"""Weights drawn anew, and given back to the last bit, whatever happens in between."""

from __future__ import annotations

import random
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from auditkit.errors import ModelError
from auditkit.explain.trust.resetting import Layer, layers, reset, why_no_reset
from tests.explain.trust.worlds import network, opened, state_of, table


class Tied(nn.Module):
    """Two layers with one weight, a buffer, a weight that is no layer's, and a frozen layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(16, 16)
        self.second = nn.Linear(16, 16)
        self.second.weight = self.first.weight
        self.norm = nn.BatchNorm1d(16)
        self.norm.running_mean += 0.3
        nn.init.normal_(self.norm.weight)
        self.gain = nn.Parameter(torch.linspace(-1, 1, 16))
        self.last = nn.Linear(16, 3)
        self.last.weight.requires_grad_(False)

    def forward(self, x):
        return self.last(self.norm(self.second(self.first(x).tanh())) * self.gain)


class Odd(nn.Linear):
    """A layer that puts other tensors in the place of its own, and then gives up."""

    def reset_parameters(self) -> None:
        if hasattr(self, "ready"):
            self.weight = nn.Parameter(torch.randn(3, 16), requires_grad=True)
            self.bias.data = torch.zeros(3)
            self.register_buffer("extra", torch.ones(2))
            raise RuntimeError("no more")


def parts_of(module: nn.Module) -> list[Layer]:
    return [Layer(name, one) for name, one in module.named_modules() if one._parameters]


@pytest.mark.parametrize("make", [network, Tied])
def test_every_bit_comes_back(make) -> None:
    module = make()
    before = state_of(module)
    with reset(parts_of(module), seed=1):
        during = state_of(module)
    after = state_of(module)
    assert after == before
    assert all(during[name][0] != before[name][0] for name in before if name.endswith("weight"))


def test_tied_weights_stay_tied_while_they_are_random() -> None:
    module = Tied()
    with reset(parts_of(module), seed=1):
        assert module.first.weight is module.second.weight


def test_every_bit_comes_back_when_it_breaks_half_way() -> None:
    module = Tied()
    before = state_of(module)

    def break_half_way() -> None:
        with reset(parts_of(module), seed=1):
            module.norm(torch.randn(4, 16))  # in training mode: moves the running mean
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_half_way()
    assert state_of(module) == before


def test_every_bit_comes_back_when_a_layer_cannot_begin_anew() -> None:
    module = nn.Sequential(nn.Linear(16, 16), Odd(16, 3).requires_grad_(False))
    module[1].ready = True
    before = state_of(module)
    with pytest.raises(ModelError, match=r"reset_parameters of the layer '1' failed \(RuntimeErr"):
        reset(parts_of(module), seed=1).__enter__()
    assert state_of(module) == before
    assert "extra" not in module[1]._buffers


def test_what_knows_no_way_to_begin_anew_is_put_into_another_order() -> None:
    module = Tied()
    held = module.gain.detach().clone()
    with reset([Layer("", module)], seed=1):
        assert not torch.equal(module.gain, held)
        assert torch.equal(module.gain.sort().values, held.sort().values)


def test_draws_repeat_and_the_global_random_numbers_are_left_alone() -> None:
    module = network()
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    found = []
    for seed, draw, few in ((1, 0, 3), (1, 0, 2), (1, 1, 3), (2, 0, 3)):
        with reset(parts_of(module)[::-1][:few], seed, draw):
            found.append(module[4].weight.detach().clone())
    assert torch.equal(found[0], found[1])  # a layer does not depend on how many others are drawn
    assert not torch.equal(found[0], found[2])
    assert not torch.equal(found[0], found[3])
    assert torch.equal(states[0], torch.get_rng_state())
    assert (states[1] == np.random.get_state()[1]).all()  # noqa: NPY002
    assert states[2] == random.getstate()


class Crossed(nn.Module):
    """Listed in another order than passed; one weight is no layer's."""

    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Linear(8, 3)
        self.gain = nn.Parameter(torch.ones(8))
        self.entry = nn.Linear(16, 8)

    def forward(self, x):
        return self.out(self.entry(x) * self.gain)


def test_layers_stand_from_the_output_to_the_input() -> None:
    with opened(network(), table()) as target:
        assert [layer.name for layer in layers(target)] == ["4", "2", "0"]
    with opened(Crossed(), table()) as target:
        found = [layer.name for layer in layers(target)]
        assert found.index("out") < found.index("entry")
        assert set(found) == {"", "out", "entry"}
        assert not any(part._forward_pre_hooks for part in target.module.modules())


def in_inference_mode() -> nn.Module:
    with torch.inference_mode():
        return nn.Linear(2, 2)


def quantised() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(2, 2)))


def scripted() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.script(nn.Linear(2, 2))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: None, "no torch module"),
        (scripted, "scripted or traced"),
        (lambda: nn.Sequential(scripted()), "a part of it, is scripted or traced"),
        (lambda: nn.LazyLinear(2), "do not exist yet"),
        (quantised, "quantised"),
        (lambda: nn.Linear(2, 2, device="meta"), "no values"),
        (in_inference_mode, "inference mode"),
        (nn.ReLU, "no weights"),
    ],
)
@pytest.mark.filterwarnings("ignore:Lazy modules:UserWarning")
def test_what_cannot_be_restored_is_refused_with_a_reason(make, said) -> None:
    reason = why_no_reset(make())
    assert said in reason
    assert reason.endswith(".")
