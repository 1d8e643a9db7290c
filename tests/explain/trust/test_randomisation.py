"""Cascading randomisation: what shows the input fails, what shows the model holds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

from auditkit.explain.method import Settings
from auditkit.explain.trust.explained import explained, parts
from auditkit.explain.trust.not_run import NotRun
from auditkit.explain.trust.randomisation import Randomisation, randomisation
from auditkit.explain.trust.resetting import Layer, reset
from tests.explain.trust.worlds import (
    GRADIENT,
    INPUT_ONLY,
    TIMES_INPUT,
    ZERO,
    Linear,
    maps_of,
    method,
    network,
    opened,
    state_of,
    table,
)

SETTINGS = Settings()


def ran(module, how, task="multiclass", inputs=None, **options) -> Randomisation:
    with opened(module, table() if inputs is None else inputs, task) as target:
        found = randomisation(target, explained(target, how, SETTINGS), SETTINGS, **options)
    assert isinstance(found, Randomisation), found
    return found


def test_a_map_of_the_input_alone_stays_what_it_was() -> None:
    found = ran(network(), INPUT_ONLY)
    assert found.correlation == pytest.approx(1)
    assert found.input_only == pytest.approx(1)
    assert np.isnan(found.beyond_input).all()
    assert found.gradient is None


def test_the_gradient_of_a_linear_model_is_gone_with_its_weights() -> None:
    found = ran(Linear(), GRADIENT, "regression")
    assert found.layers == ("only",)
    assert found.stages == (1,)
    assert abs(found.correlation.mean()) < 0.35
    assert abs(found.random.mean()) < 0.15


def test_a_stage_is_what_a_literal_twin_finds() -> None:
    """The same layers by hand, on a copy: Spearman of the magnitudes of the gradient."""
    module = network()
    found = ran(module, GRADIENT, stages=3)
    assert found.layers == ("4", "2", "0")
    assert found.stages == (1, 2, 3)
    with opened(module, table()) as target:
        rows = parts(target)[2]
        index = target.index[rows]
    x = table()[rows].requires_grad_()

    def gradient() -> np.ndarray:
        out = module(x).gather(1, index[:, None]).sum()
        return torch.autograd.grad(out, x)[0].abs().numpy()

    before = gradient()
    with reset([Layer("4", module[4]), Layer("2", module[2])], SETTINGS.seed, 2):
        after = gradient()
    expected = [spearmanr(a, b).statistic for a, b in zip(before, after, strict=True)]
    assert found.correlation[rows.numpy(), 1] == pytest.approx(expected, abs=1e-6)


def test_a_product_with_the_input_is_shown_beside_the_gradient() -> None:
    inputs = table() * torch.logspace(-2, 2, 16)
    found = ran(network(), TIMES_INPUT, inputs=inputs)
    assert found.gradient is not None
    assert found.correlation[:, -1].mean() > 0.7
    assert found.gradient[:, -1].mean() < 0.5
    assert found.input_only.mean() > 0.7
    assert abs(found.beyond_input[:, -1].mean()) < 0.3
    assert found.cost.gradients == 1 + 2 * len(found.stages)


def test_stages_are_few_and_end_with_every_layer() -> None:
    deep = nn.Sequential(*[nn.Linear(16, 16) for _ in range(11)], nn.Linear(16, 3))
    found = ran(deep, GRADIENT)
    assert found.stages == (2, 4, 7, 9, 12)
    assert ran(deep, GRADIENT, stages=1).stages == (12,)
    assert found.cost.gradients == 5
    assert found.cost.forwards == 2


def test_units_of_several_draws_have_other_weights() -> None:
    found = ran(network(), GRADIENT)
    assert np.bincount(found.draw).tolist() == [6] * 8
    assert ran(network(), GRADIENT, inputs=table(3)).draw.tolist() == [0, 1, 2]


def test_a_map_of_zeros_is_undefined_not_zero() -> None:
    assert np.isnan(ran(network(), ZERO).correlation).all()


def test_units_that_may_not_be_shown_are_left_out() -> None:
    def attribute(target, settings):
        found = target.gradient(target.inputs, target.every)[1]
        return maps_of(found, shown=target.inputs[0][:, 0] > 0, withheld="Some are wrong.")

    found = ran(network(), method("half", attribute))
    hidden = (table()[:, 0] <= 0).numpy()
    assert (np.isnan(found.correlation).all(axis=1) == hidden).all()


class Fixed(nn.Module):
    """Has weights, and makes no use of them."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Linear(4, 4)

    def forward(self, x):
        return torch.stack([x.sum(1), x[:, 0], x[:, 1]], dim=1)


def test_weights_that_nothing_depends_on_are_no_test() -> None:
    with opened(Fixed(), table()) as target:
        found = randomisation(target, explained(target, GRADIENT, SETTINGS), SETTINGS)
    assert found == NotRun("The output stays the same whatever the weights are.")
    with opened(nn.Flatten(), torch.randn(4, 3)) as target:
        found = randomisation(target, explained(target, GRADIENT, SETTINGS), SETTINGS)
    assert isinstance(found, NotRun)
    assert "no weights" in found.reason


def test_a_background_like_the_baseline_does_not_make_maps_alike() -> None:
    """Nine tenths of each input are zero, and so is any product with it, whatever the weights."""
    inputs = torch.zeros(32, 160)
    inputs[:, 70:86] = table(32)
    found = ran(network(160), TIMES_INPUT, inputs=inputs)
    assert abs(found.correlation[:, -1].mean()) < 0.3


def test_units_that_no_weight_moves_do_not_hide_those_that_are_moved() -> None:
    """The first number is zero whatever the weights: of units of that class nothing changes."""

    class Half(nn.Linear):
        def forward(self, x):
            return super().forward(x) * torch.tensor([0.0, 1.0, 1.0])

    targets = torch.arange(16) % 2
    with opened(Half(16, 3), table(16), targets=targets) as target:
        found = randomisation(target, explained(target, GRADIENT, SETTINGS), SETTINGS)
    assert isinstance(found, Randomisation)
    assert (np.isnan(found.correlation[:, 0]) == (targets.numpy() == 0)).all()


def test_the_model_is_what_it_was_even_if_a_method_breaks() -> None:
    module, calls = network(), []
    before = state_of(module)

    def attribute(target, settings):
        calls.append(1)
        if len(calls) > 20:
            raise KeyboardInterrupt
        return maps_of(target.gradient(target.inputs, target.every)[1])

    inputs = table()
    with pytest.raises(KeyboardInterrupt), opened(module, inputs) as target:
        randomisation(target, explained(target, method("breaks", attribute), SETTINGS), SETTINGS)
    assert len(calls) == 21
    assert state_of(module) == before
    assert torch.equal(inputs, table())
    ran(module, TIMES_INPUT)
    assert state_of(module) == before


@pytest.mark.parametrize("chunk", [1, 5])
def test_the_chunk_does_not_matter(chunk) -> None:
    with opened(network().double(), table().double()) as target:
        given = explained(target, TIMES_INPUT, SETTINGS)
        first = randomisation(target, given, SETTINGS)
        second = randomisation(target, given, Settings(chunk=chunk))
    assert isinstance(first, Randomisation)
    assert isinstance(second, Randomisation)
    assert first.correlation == pytest.approx(second.correlation)
    assert first.gradient == pytest.approx(second.gradient)
