"""Noise that does no harm, and other baselines."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from auditkit.explain.method import Family, Settings
from auditkit.explain.trust.explained import explained
from auditkit.explain.trust.noise import noisy, spread, standing
from auditkit.explain.trust.not_run import NotRun
from auditkit.explain.trust.stability import baseline_sensitivity, stability
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


def ran(module, how, task="multiclass", inputs=None, test=stability, **options):
    with opened(module, table() if inputs is None else inputs, task) as target:
        return test(target, explained(target, how, SETTINGS), SETTINGS, **options)


def test_the_gradient_of_a_linear_model_does_not_move() -> None:
    found = ran(Linear(), GRADIENT, "regression")
    assert found.correlation[found.harmless > 0] == pytest.approx(1)
    assert found.harmless.max() <= found.draws == 5
    assert found.cost.gradients == 5
    assert found.cost.forwards == 7


def test_a_map_that_turns_with_the_last_digit_is_found_out() -> None:
    def attribute(target, settings):
        return maps_of([(1e6 * one).sin() for one in target.inputs])

    found = ran(network(), method("jittery", attribute))
    known = ~np.isnan(found.correlation)
    assert known.sum() > 10
    assert abs(found.correlation[known].mean()) < 0.2


def test_noise_that_changes_the_decision_does_not_count() -> None:
    """Most units stand at the edge, where any noise may change what is decided."""

    class Edge(nn.Module):
        def forward(self, x):
            return x @ torch.linspace(1, 2, 16) - 24.0

    x = torch.ones(40, 16)
    x[:8] += table(8)
    found = ran(Edge(), GRADIENT, "binary", x, draws=1)
    assert 8 <= (found.harmless == 0).sum() <= 28
    assert np.isnan(found.correlation[found.harmless == 0]).all()
    with opened(Edge(), x, "binary") as target:
        drawn = noisy(target, standing(target, SETTINGS), SETTINGS, 0)
        assert torch.equal(drawn.inputs[0][~drawn.harmless], x[~drawn.harmless])
        assert not torch.equal(drawn.inputs[0][drawn.harmless], x[drawn.harmless])


def test_noise_is_as_large_as_each_column_varies() -> None:
    scales = torch.logspace(-3, 3, 16)
    with opened(Linear(), table(400) * scales, "regression") as target:
        assert spread(target)[0].numpy() == pytest.approx(scales.numpy(), rel=0.2)
    with opened(nn.Flatten(), torch.randn(4, 1, 1, 3)) as target:
        assert spread(target)[0].ndim == 0
    with opened(Linear(), 2 * torch.ones(1, 16), "regression") as target:
        assert spread(target)[0].tolist() == [2] * 16


def test_a_constant_map_is_not_stable_but_undefined() -> None:
    assert np.isnan(ran(network(), ZERO).correlation).all()
    with pytest.raises(ValueError, match="at least one draw"):
        ran(network(), ZERO, draws=0)


def test_the_model_and_the_inputs_are_what_they_were() -> None:
    module, inputs = network(), table()
    before = state_of(module)
    ran(module, TIMES_INPUT, inputs=inputs)
    ran(module, TIMES_INPUT, inputs=inputs, test=baseline_sensitivity)
    assert state_of(module) == before
    assert torch.equal(inputs, table())


def test_another_baseline_is_the_mean_or_a_blur() -> None:
    path = method("path", TIMES_INPUT.attribute, Family.PATH, times_input=True)
    found = ran(network(), path, inputs=3 + table(), test=baseline_sensitivity)
    assert found.baseline == "mean of the units"
    assert (found.correlation < 0.99).any()
    images = torch.rand(5, 1, 4, 4)
    flat = nn.Sequential(nn.Flatten(), network())
    found = ran(flat, path, inputs=images, test=baseline_sensitivity)
    assert found.baseline == "blurred image"


def test_what_has_no_second_baseline_says_so() -> None:
    for how, inputs, said in (
        (GRADIENT, table(), "does not look at a baseline"),
        (INPUT_ONLY, table(), "same from any baseline"),
        (TIMES_INPUT, table(1), "no mean"),
    ):
        found = ran(network(), how, inputs=inputs, test=baseline_sensitivity)
        assert isinstance(found, NotRun)
        assert said in found.reason
