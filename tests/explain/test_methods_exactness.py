"""Methods against closed forms, an enumeration, and plain calls of Captum."""

from __future__ import annotations

import itertools
import math

import captum.attr as captum
import numpy as np
import pytest
import torch
from captum._utils.gradient import compute_gradients
from torch import Tensor, nn
from torch.nn import functional

from auditkit.explain.method import Settings
from auditkit.explain.methods.asking import sum_gradient
from auditkit.explain.methods.drawing import drawing
from auditkit.explain.methods.smooth_grad import NOISE
from auditkit.explain.methods.spreading import spread
from auditkit.explain.regions import regions
from tests.explain.sample_methods import QUICK, Functional, Linear, cnn, maps, mlp, opened


def smooth_cnn() -> nn.Sequential:
    layers = [nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(36, 3))


REGRESSION = {"task": "regression"}


@pytest.mark.parametrize(
    "name", ["deep_lift", "lrp", "feature_ablation", "occlusion", "shapley_sampling", "kernel_shap"]
)
def test_a_linear_model_is_explained_exactly(name) -> None:
    """Each column counts its weight times its distance from the baseline."""
    layer = nn.Linear(5, 1)
    x = torch.randn(4, 5)
    base = torch.zeros(1, 5) if name == "lrp" else torch.full((1, 5), 0.3)
    with opened(layer, x, baseline=base, **REGRESSION) as target:
        found = maps(name, target)
    expected = layer.weight.detach() * (x - base)
    torch.testing.assert_close(found.values[0].float(), expected, rtol=1e-3, atol=1e-4)
    assert found.shown.all()
    assert not found.withheld
    if found.gap is not None:
        assert found.gap.max() < 1e-3


def test_the_gradient_of_a_linear_model_has_no_noise() -> None:
    layer = nn.Linear(5, 1)
    with opened(layer, torch.randn(4, 5), **REGRESSION) as target:
        found = maps("smooth_grad", target)
    torch.testing.assert_close(found.values[0], layer.weight.detach().expand(4, 5))


def test_deep_lift_shap_of_a_linear_model_is_exact() -> None:
    layer, x = nn.Linear(3, 1), torch.randn(6, 3)
    with opened(layer, x, **REGRESSION) as target:
        found = maps("deep_lift_shap", target, Settings(samples=20))
    torch.testing.assert_close(found.values[0], layer.weight.detach() * (x - x.mean(0)))
    assert found.shown.all()
    assert (found.gradients, found.forwards) == (12, 7)


def test_gradient_shap_tells_what_its_draws_missed() -> None:
    layer, x = nn.Linear(3, 1), torch.randn(6, 3)
    with opened(layer, x, **REGRESSION) as target:
        few, many = (maps("gradient_shap", target, Settings(samples=n)) for n in (4, 1000))
    expected = layer.weight.detach() * (x - x.mean(0))
    torch.testing.assert_close(many.values[0], expected, rtol=0, atol=0.1)
    assert few.gap is not None
    assert many.gap is not None
    assert few.gap.median() > many.gap.median()
    output = layer(x)[:, 0].detach().double()
    difference = output - output.mean()
    size = difference.abs().clamp_min(0.01 * output.std())
    gap = (few.values[0].sum(1).double() - difference).abs() / size
    torch.testing.assert_close(few.gap, gap, rtol=1e-3, atol=1e-4)


def test_shapley_values_of_a_small_game() -> None:
    """Sampling all orders would be exact; many come near. Regression on all coalitions is exact."""

    def worth(x: Tensor) -> Tensor:
        return x[:, 0] * x[:, 1] + x[:, 2].relu() * x[:, 3] - x[:, 0] ** 2

    class Game(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return worth(x)

    x = torch.tensor([[1.0, 2.0, -1.0, 3.0], [0.5, -2.0, 1.5, 1.0]])
    expected = torch.zeros(2, 4)
    for order in itertools.permutations(range(4)):
        present = torch.zeros(2, 4)
        for player in order:
            before = worth(present)
            present[:, player] = x[:, player]
            expected[:, player] += (worth(present) - before) / math.factorial(4)
    with opened(Game(), x, **REGRESSION) as target:
        sampled = maps("shapley_sampling", target, Settings(samples=600))
        fitted = maps("kernel_shap", target, Settings(samples=600))
    torch.testing.assert_close(sampled.values[0], expected, rtol=0, atol=0.15)
    torch.testing.assert_close(fitted.values[0].float(), expected, rtol=0, atol=0.15)
    assert sampled.gap is not None
    assert sampled.gap.max() < 1e-5
    assert sampled.forwards == 1 + 600 * 4 + 2


@pytest.mark.parametrize(("network", "shape"), [(mlp, (16, 6)), (cnn, (16, 1, 8, 8))])
def test_the_sum_gradient_is_captums_to_the_last_bit(network, shape) -> None:
    module = network().eval()
    x = torch.randn(shape)
    for method in (captum.Saliency(module), captum.IntegratedGradients(module)):
        options = {"abs": False} if isinstance(method, captum.Saliency) else {"n_steps": 7}
        usual = method.attribute(x.clone().requires_grad_(), target=1, **options)
        method.gradient_func = sum_gradient
        ours = method.attribute(x.clone().requires_grad_(), target=1, **options)
        assert (ours - usual).abs().max() == 0.0
    lifted = captum.DeepLift(module)
    with pytest.warns(UserWarning, match="hooks"):
        usual = lifted.attribute(x.clone().requires_grad_(), target=1)
    lifted.gradient_func = sum_gradient
    with pytest.warns(UserWarning, match="hooks"):
        ours = lifted.attribute(x.clone().requires_grad_(), target=1)
    assert (ours - usual).abs().max() == 0.0
    asked = x.clone().requires_grad_()
    plain = compute_gradients(module, asked, 2)[0]
    assert (sum_gradient(module, asked, 2)[0] - plain).abs().max() == 0.0


@pytest.mark.parametrize(("network", "shape"), [(mlp, (3, 6)), (smooth_cnn, (3, 1, 8, 8))])
def test_captum_agrees_on_deep_lift(network, shape) -> None:
    module, x = network().eval(), torch.rand(shape)
    index = module(x).argmax(1)
    with pytest.warns(UserWarning, match="hooks"):
        expected = captum.DeepLift(module).attribute(x.clone().requires_grad_(), target=index)
    with opened(module, x) as target:
        found = maps("deep_lift", target, Settings(chunk=2))
    torch.testing.assert_close(found.values[0], expected.detach())


def test_captum_agrees_on_lrp() -> None:
    """Of a network without biases, relevance adds up; Captum itself refuses `Flatten`."""
    layers = [nn.Conv2d(1, 4, 3, bias=False), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    module = nn.Sequential(*layers, nn.Linear(36, 3, bias=False)).eval()
    x = torch.rand(3, 1, 8, 8)
    index = module(x).argmax(1)
    asked = x.clone().requires_grad_()
    slope = torch.autograd.grad(module(asked).gather(1, index[:, None]).sum(), asked)[0]
    with opened(module, x) as target:
        found = maps("lrp", target)
    torch.testing.assert_close(found.values[0], (asked * slope).detach(), rtol=1e-3, atol=1e-5)
    assert found.shown.all()
    perceptron = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3)).eval()
    x = torch.randn(4, 6)
    index = perceptron(x).argmax(1)
    expected = captum.LRP(perceptron).attribute(x.clone().requires_grad_(), target=index)
    with opened(perceptron, x) as target:
        found = maps("lrp", target)
    torch.testing.assert_close(found.values[0], expected.detach(), rtol=1e-3, atol=1e-5)


def test_captum_agrees_on_perturbations() -> None:
    """The same numbers, shared out within a region."""
    module, x = cnn().eval(), torch.rand(3, 1, 8, 8)
    index = module(x).argmax(1)
    with opened(module, x) as target:
        cut = regions(target, 16)
        options = {"target": index, "feature_mask": cut.masks[0]}
        plain = captum.FeatureAblation(module).attribute(x, **options)
        ablated = maps("feature_ablation", target, Settings(regions=16, chunk=7))
        torch.testing.assert_close(ablated.values, spread((plain,), cut, target))
        occluded = maps("occlusion", target, Settings(regions=16, chunk=5))
    window = {"sliding_window_shapes": (1, 2, 2), "strides": (1, 1, 1), "target": index}
    plain = captum.Occlusion(module).attribute(x, **window)
    torch.testing.assert_close(occluded.values[0], plain / 4)
    assert occluded.forwards == 1 + 7 * 7
    assert ablated.forwards == 17


def test_captum_agrees_on_smooth_grad() -> None:
    """Unit by unit, with its own random numbers and its own noise."""
    module, x = mlp().eval(), torch.randn(3, 6)
    index = module(x).argmax(1)
    with opened(module, x) as target:
        found = maps("smooth_grad", target, QUICK)
        for row in range(3):
            unit = target.part(torch.tensor([row]))
            numbers = torch.cat([x[row], torch.zeros(6)])
            with drawing(unit, QUICK.seed):
                expected = captum.NoiseTunnel(captum.Saliency(module)).attribute(
                    x[row : row + 1].clone().requires_grad_(),
                    nt_samples=4,
                    stdevs=NOISE * float(numbers.max() - numbers.min()),
                    target=int(index[row]),
                    abs=False,
                )
            torch.testing.assert_close(found.values[0][row], expected[0].detach())
    assert found.gradients == 4


def test_captum_agrees_on_gradient_shap() -> None:
    module, x = mlp().eval(), torch.randn(3, 6)
    index = module(x).argmax(1)
    with opened(module, x) as target:
        found = maps("gradient_shap", target, QUICK)
        with drawing(target.part(torch.tensor([1])), QUICK.seed):
            expected = captum.GradientShap(module).attribute(
                x[1:2].clone().requires_grad_(), x, n_samples=4, target=int(index[1])
            )
    torch.testing.assert_close(found.values[0][1], expected[0].detach())


def test_captum_agrees_on_shapley_values() -> None:
    module, x = mlp().eval(), torch.randn(2, 6)
    index = module(x).argmax(1)
    with opened(module, x) as target:
        sampled = maps("shapley_sampling", target, QUICK)
        fitted = maps("kernel_shap", target, QUICK)
        unit = target.part(torch.tensor([0]))
        with drawing(unit, QUICK.seed):
            expected = captum.ShapleyValueSampling(module).attribute(
                x[:1], target=int(index[0]), n_samples=4
            )
        torch.testing.assert_close(sampled.values[0][0], expected[0])
        with drawing(unit, QUICK.seed):
            expected = captum.KernelShap(module).attribute(
                x[:1], target=int(index[0]), n_samples=4 * 6
            )
    torch.testing.assert_close(fitted.values[0][0].float(), expected[0], rtol=1e-2, atol=1e-3)


def test_grad_cam_by_hand() -> None:
    module, x = cnn().eval(), torch.rand(2, 1, 8, 8)
    index = module(x).argmax(1)
    seen = module[:4](x).detach().requires_grad_()
    score = module[4:](seen).gather(1, index[:, None]).sum()
    weight = torch.autograd.grad(score, seen)[0].mean((2, 3), keepdim=True)
    coarse = (weight * seen).sum(1, keepdim=True).relu().detach()
    expected = functional.interpolate(coarse, (8, 8), mode="bilinear", align_corners=False)
    with opened(module, x) as target:
        found = maps("grad_cam", target)
        of_the_first = maps("grad_cam", target, Settings(layer="0"))
    torch.testing.assert_close(found.values[0], expected)
    assert of_the_first.values[0].shape == (2, 1, 8, 8)
    assert not torch.equal(of_the_first.values[0], found.values[0])


@pytest.mark.parametrize("name", ["occlusion", "feature_ablation", "shapley_sampling"])
def test_three_inputs_are_told_apart(name) -> None:
    """Captum's occlusion miscounts the patches of the third input and after."""
    weights = torch.tensor([1.0, -2.0, 3.0, 0.5, 4.0, 0.25])
    parts = (weights[:2], weights[2:4], weights[4:])
    x = tuple(torch.randn(3, 2) for _ in range(3))
    with opened(Linear(*parts), x, **REGRESSION) as target:
        found = maps(name, target)
    for value, one, weight in zip(found.values, x, parts, strict=True):
        torch.testing.assert_close(value, one * weight, rtol=1e-4, atol=1e-5)


def test_an_average_of_gradients_is_what_it_says() -> None:
    """SmoothGrad of a quadratic: the noise has no mean, and the spread is the unit's own."""
    x = torch.tensor([[1.0, -1.0, 3.0]])
    with opened(Functional(lambda hidden: hidden**2, features=3), x) as target:
        many = maps("smooth_grad", target, Settings(samples=3000)).values[0]
        _, slope = target.gradient(target.inputs, target.every)
    torch.testing.assert_close(many, slope[0], rtol=0.1, atol=0.05)
    assert np.isclose(NOISE, 0.15)
