"""Gradients at the input: alone and out of the pass, withheld where they say nothing."""

from __future__ import annotations

import pytest
import torch
from captum.attr import InputXGradient, Saliency
from torch import nn

from auditkit.explain import Settings, targeting
from auditkit.explain.gradients import INPUT_X_GRADIENT, SALIENCY, gradient_maps
from auditkit.models import wrap
from tests.explain.functions import regression

X = torch.linspace(-1, 1, 30).reshape(6, 5)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 1)).eval()


@pytest.mark.parametrize(
    ("method", "peer", "options"),
    [(SALIENCY, Saliency, {"abs": False}), (INPUT_X_GRADIENT, InputXGradient, {})],
)
@pytest.mark.parametrize("chunk", [1, 4, None])
def test_captum_agrees(method, peer, options, chunk) -> None:
    module = network()
    model = wrap(module, task="regression")
    with targeting(model, X, model.heads[0]) as target:
        alone = method(target, Settings(chunk=chunk))
        together = gradient_maps(target, Settings(chunk=chunk))[method.name]
    expected = peer(module).attribute(X.clone().requires_grad_(), target=0, **options)
    torch.testing.assert_close(alone.values[0], expected.detach())
    torch.testing.assert_close(together.values[0], expected.detach())
    assert (alone.gradients, together.gradients) == (1, 0)  # the pass has paid for it


def test_steps_let_no_gradient_through() -> None:
    """A rounding model has a gradient of zero everywhere: that is no map."""
    model = regression(lambda x: x.sum(1) * 0 + (3 * x.sum(1)).round())
    with targeting(model, X, model.heads[0]) as target:
        for maps in gradient_maps(target, Settings()).values():
            assert not maps.shown.any()
            assert maps.withheld.endswith(".")


def test_an_input_of_zeros_is_no_gradient_of_zeros() -> None:
    model = wrap(network(), task="regression")
    with targeting(model, torch.zeros(3, 5), model.heads[0]) as target:
        maps = INPUT_X_GRADIENT(target, Settings())
    assert not maps.values[0].any()
    assert maps.shown.all()


def test_gradients_that_are_not_finite() -> None:
    model = regression(lambda x: x.sqrt().sum(1))
    with targeting(model, torch.tensor([[0.0, 1.0], [4.0, 1.0]]), model.heads[0]) as target:
        maps = SALIENCY(target, Settings())
    assert maps.shown.tolist() == [False, True]
    assert maps.withheld == "The gradient has numbers that are not finite."


def test_maps_that_did_not_converge_are_withheld_with_the_numbers() -> None:
    model = regression(lambda x: (2000 * (x[:, 0] - 0.37)).sigmoid() + 0 * x.sum(1))
    with targeting(model, torch.ones(3, 5), model.heads[0]) as target:
        maps = gradient_maps(target, Settings())["integrated_gradients"]
    assert not maps.shown.any()
    assert "had not converged with 129 gradients: its estimated error is above 4%" in maps.withheld
