"""Attributions to a layer against Captum on the bare model, and what they refuse."""

from __future__ import annotations

import captum.attr as captum
import pytest
import torch
from torch import nn

from auditkit.errors import ConfigurationError
from auditkit.explain.method import Settings
from auditkit.explain.methods import LayerMaps, layer_attribution
from auditkit.explain.target import NotExplainable
from tests.explain.sample_methods import (
    TEXT,
    Recurrent,
    Text,
    cnn,
    mlp,
    opened,
    scripted,
    sentences,
)


@pytest.mark.parametrize("layer", ["3", "input of 6"])
@pytest.mark.parametrize("kind", ["integrated", "product"])
def test_captum_agrees(layer, kind) -> None:
    module, x = cnn().eval(), torch.rand(3, 1, 8, 8)
    index = module(x).argmax(1)
    part = module.get_submodule(layer.removeprefix("input of "))
    options = {"target": index, "attribute_to_layer_input": layer != "3"}
    if kind == "integrated":
        expected = captum.LayerIntegratedGradients(module, part).attribute(x, n_steps=32, **options)
    else:
        asked = x.clone().requires_grad_()
        expected = captum.LayerGradientXActivation(module, part).attribute(asked, **options)
    expected = expected[0] if isinstance(expected, tuple) else expected
    with opened(module, x) as target:
        found = layer_attribution(target, Settings(layer=layer, chunk=40), kind)
    assert isinstance(found, LayerMaps)
    torch.testing.assert_close(found.values, expected.detach())
    assert found.layer == layer
    assert (found.gap is None) is (kind == "product")
    assert found.gradients == (32 if kind == "integrated" else 1)


def test_a_linear_head_is_explained_exactly() -> None:
    module, x = mlp().eval(), torch.randn(4, 6)
    index = module(x).argmax(1)
    with opened(module, x) as target:
        found = layer_attribution(target, Settings())
    assert isinstance(found, LayerMaps)
    assert found.layer == "input of 4"
    moved = module[:4](x) - module[:4](torch.zeros(1, 6))
    torch.testing.assert_close(found.values, (module[4].weight[index] * moved).detach())
    assert found.shown.all()
    assert found.gap is not None
    assert found.gap.max() < 1e-4


def test_a_layer_that_does_not_carry_all_of_the_output_is_withheld() -> None:
    class Beside(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.other = nn.Linear(6, 3), nn.Linear(6, 3)

        def forward(self, x):
            return self.one(x) + 5 * self.other(x)

    with opened(Beside(), torch.randn(5, 6)) as target:
        found = layer_attribution(target, Settings(layer="one"))
    assert isinstance(found, LayerMaps)
    assert not found.shown.all()
    assert "don't add up to the change of the output" in found.withheld


def test_a_text_model() -> None:
    with opened(Text(), sentences(), **TEXT) as target:
        found = layer_attribution(target, Settings(layer="relu"))
    assert isinstance(found, LayerMaps)
    assert found.values.shape == (3, 6, 8)
    assert found.shown.all()


def test_refusals() -> None:
    x = torch.randn(4, 6)
    with opened(scripted(mlp()), x) as target:
        found = layer_attribution(target, Settings())
        assert isinstance(found, NotExplainable)
        assert "TorchScript" in found.reason
    with opened(nn.Linear(6, 3), x) as target:
        found = layer_attribution(target, Settings())
        assert isinstance(found, NotExplainable)
        assert "Fewer than two layers" in found.reason
    with opened(Recurrent(), torch.randn(3, 5, 4)) as target:
        found = layer_attribution(target, Settings(layer="inner"))
        assert isinstance(found, NotExplainable)
    with (
        opened(mlp(), x) as target,
        pytest.raises(ConfigurationError, match="has no layer 'nowhere'"),
    ):
        layer_attribution(target, Settings(layer="nowhere"))
