"""Dropout at work in a model that is otherwise in use, and given back as it came."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import nn

from auditkit.errors import ModelError
from auditkit.models.borrowing import borrowed
from auditkit.models.dropout import dropping, seeded, why_not

LAYERS = [
    nn.Dropout(0.5),
    nn.Dropout1d(0.5),
    nn.Dropout2d(0.5),
    nn.Dropout3d(0.5),
    nn.AlphaDropout(0.5),
    nn.FeatureAlphaDropout(0.5),
]


class BreakError(Exception):
    pass


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(4, 16), nn.BatchNorm1d(16), nn.Dropout(0.5), nn.Dropout(0.0), nn.Linear(16, 2)
    ).eval()


def break_half_way(module: nn.Module) -> None:
    module[2].training = False
    raise BreakError


def modes(module: nn.Module) -> list[bool]:
    return [part.training for part in module.modules()]


def twice(module: nn.Module, inputs: torch.Tensor) -> bool:
    """Whether two answers are the same."""
    with torch.no_grad():
        return torch.equal(module(inputs), module(inputs))


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_every_kind_of_dropout_drops(layer: nn.Module) -> None:
    module = nn.Sequential(layer).eval()
    inputs = torch.ones(2, 16, 4, 4, 4)
    inputs = inputs[..., 0] if isinstance(layer, nn.Dropout2d) else inputs
    inputs = inputs[..., 0, 0] if isinstance(layer, nn.Dropout1d) else inputs
    assert twice(module, inputs)
    with dropping(module):
        assert not twice(module, inputs)
    assert twice(module, inputs)


def test_all_else_stays_in_use() -> None:
    module, inputs = network(), torch.randn(8, 4)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    with dropping(module):
        assert modes(module) == [False, False, False, True, False, False]
        assert not twice(module, inputs)
    assert modes(module) == [False] * 6
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())


def test_a_break_half_way_restores_it() -> None:
    module = network()
    module[2].training = True
    fused = torch.backends.mha.get_fastpath_enabled()
    with pytest.raises(BreakError), dropping(module):
        break_half_way(module)
    assert modes(module) == [False, False, False, True, False, False]
    assert torch.backends.mha.get_fastpath_enabled() is fused


def test_within_a_loan() -> None:
    module = network().train()
    with borrowed(module), dropping(module):
        assert modes(module).count(True) == 1
    assert all(modes(module))


def test_the_mean_of_many_answers_is_near_the_plain_one() -> None:
    module, inputs = nn.Sequential(nn.Dropout(0.25), nn.Linear(4, 2)).eval(), torch.randn(5, 4)
    with torch.no_grad(), seeded(1):
        plain = module(inputs)
        with dropping(module):
            mean = torch.stack([module(inputs) for _ in range(4000)]).mean(0)
    torch.testing.assert_close(mean, plain, atol=0.05, rtol=0)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_attention_that_drops_inside_itself(dropout: float) -> None:
    class Attending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, dropout=dropout, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.attention(x, x, x)[0]

    module, inputs = Attending().eval(), torch.randn(2, 5, 8)
    assert bool(why_not(module)) is (dropout == 0)
    if dropout:
        with dropping(module):
            assert not twice(module, inputs)


def test_a_recurrent_network_drops_between_its_layers() -> None:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.LSTM(4, 6, num_layers=2, dropout=0.5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.inner(x)[0]

    module = Recurrent().eval()
    with dropping(module):
        assert not twice(module, torch.randn(3, 2, 4))


@pytest.mark.filterwarnings("ignore:dropout option adds dropout after all but last:UserWarning")
def test_a_recurrent_network_of_one_layer_drops_nowhere() -> None:
    assert "no dropout layer" in why_not(nn.LSTM(4, 6, num_layers=1, dropout=0.5))


@pytest.mark.parametrize("stack", [False, True])
def test_transformers_leave_their_fused_path(stack: bool) -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.5, batch_first=True)
    module = nn.TransformerEncoder(layer, 2) if stack else layer
    module.eval().requires_grad_(False)
    inputs = torch.randn(2, 5, 8)
    with dropping(module):
        assert not twice(module, inputs)
    assert twice(module, inputs)
    assert torch.backends.mha.get_fastpath_enabled()


class Functional(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.dropout(x, training=self.training)


def exported() -> nn.Module:
    program = torch.export.export(nn.Sequential(nn.Dropout(0.5)).eval(), (torch.zeros(2, 2),))
    return program.module()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: None, "no torch module"),
        (lambda: len, "no torch module"),
        (lambda: nn.Linear(2, 2), "cannot be switched on by itself"),
        (lambda: nn.Dropout(0.0), "a rate above 0"),
        (lambda: Functional().eval(), "calls as a function cannot be switched on"),
        (lambda: torch.jit.script(nn.Sequential(nn.Dropout(0.5))), "scripted or traced"),
        (exported, "The model was exported"),
    ],
    ids=["none", "callable", "without", "rate 0", "functional", "scripted", "exported"],
)
def test_why_not(make, said: str) -> None:
    module = make()
    reason = why_not(module)
    assert said in reason
    assert reason.endswith(".")
    with pytest.raises(ModelError, match=r"Ask for no Monte Carlo dropout of this model\."):
        dropping(module).__enter__()


def test_a_traced_graph_that_keeps_its_layers_can_drop() -> None:
    module = torch.fx.symbolic_trace(network())
    assert why_not(module) == ""
    with dropping(module):
        assert not twice(module, torch.randn(8, 4))


def test_repeats_are_reproducible_and_leave_the_random_state() -> None:
    module, inputs = network(), torch.randn(8, 4)
    states = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    answers = []
    with dropping(module), torch.no_grad():
        for repeat in (0, 1, 0):
            with seeded(5, repeat):
                answers.append(module(inputs))
    assert torch.equal(answers[0], answers[2])
    assert not torch.equal(answers[0], answers[1])
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.random.get_state()[1].tolist() == states[1]  # noqa: NPY002
    assert random.getstate() == states[2]


def test_places_are_independent() -> None:
    drawn = set()
    for seed in range(3):
        for places in ((), (0,), (1,), (0, 1), (1, 0)):
            with seeded(seed, *places):
                drawn.add(float(torch.rand(1, dtype=torch.float64)))
    assert len(drawn) == 3 * 5
