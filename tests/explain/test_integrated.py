"""Integrated gradients against closed forms and Captum; what cannot be explained, and why."""

from __future__ import annotations

import warnings

import pytest
import torch
from captum.attr import IntegratedGradients, Saliency
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from auditkit.errors import ModelError
from auditkit.explain import Attributions, NotExplainable, integrated_gradients
from auditkit.models import stored_predictions, wrap


class Function(nn.Module):
    """A function of the input in place of a network."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


def regression(function) -> tuple:
    model = wrap(Function(function), task="regression")
    return model, model.heads[0]


def explained(model, inputs, **options) -> Attributions:
    found = integrated_gradients(model, inputs, model.heads[0], **options)
    assert isinstance(found, Attributions)
    return found


def network(outputs: int = 3) -> nn.Module:
    return nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Dropout(0.5), nn.Linear(16, outputs))


X = torch.linspace(-1, 1, 35).reshape(7, 5)


@given(st.lists(st.floats(-10, 10), min_size=5, max_size=5), st.floats(-5, 5))
@settings(max_examples=15)
def test_a_linear_model_is_explained_exactly(weights, bias) -> None:
    """IG = w · (x − b), at any number of steps."""
    w = torch.tensor(weights, dtype=torch.float64)
    base = torch.full((1, 5), 0.3, dtype=torch.float64)
    model, _ = regression(lambda x: x @ w + bias)
    found = explained(model, X.double(), baseline=base, steps=2)
    torch.testing.assert_close(found.values[0], w * (X.double() - base), rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(found.saliency[0], w.expand(7, 5))
    assert found.steps == 4


def test_a_linear_model_converges_at_once() -> None:
    model, _ = regression(lambda x: x @ torch.tensor([1.0, -2.0, 3.0, 0.0, 0.5]))
    found = explained(model, X, steps=1)
    assert found.converged.all()
    assert found.error_estimate.max() < 1e-5
    assert found.completeness_gap.max() < 1e-4


def test_a_known_integral() -> None:
    """f = exp(s·x): IG_i = x_i s_i (exp(s·x) − 1) / (s·x) from zero; Gauss–Legendre is exact."""
    scale = torch.tensor([0.5, -1.0, 0.25, 1.5, 2.0], dtype=torch.float64)
    model, _ = regression(lambda x: (x @ scale).exp())
    x = X.double() + 0.05
    dot = x @ scale
    expected = x * scale * ((dot.exp() - 1) / dot)[:, None]
    found = explained(model, x, steps=8)
    torch.testing.assert_close(found.values[0], expected, rtol=1e-5, atol=1e-7)
    assert found.converged.all()


def test_products_are_shared_as_the_axioms_ask() -> None:
    """f = x₀ x₁: each factor gets half of the product."""
    model, _ = regression(lambda x: x[:, 0] * x[:, 1])
    found = explained(model, X, steps=2)
    half = X[:, 0] * X[:, 1] / 2
    torch.testing.assert_close(found.values[0][:, 0], half)
    torch.testing.assert_close(found.values[0][:, 1], half)
    assert not found.values[0][:, 2:].any()


@pytest.mark.parametrize("chunk", [1, 3, 7, 1000])
@pytest.mark.parametrize("targets", [None, torch.tensor([0, 1, 2, 0, 1, 2, 0])])
def test_captum_agrees(chunk, targets) -> None:
    module = network().eval()
    model = wrap(module, task="multiclass", outputs="logits", classes=("a", "b", "c"))
    found = integrated_gradients(model, X, model.heads[0], targets, steps=16, chunk=chunk)
    assert isinstance(found, Attributions)
    index = module(X).argmax(1) if targets is None else targets
    expected = IntegratedGradients(module).attribute(X, target=index, n_steps=32)
    torch.testing.assert_close(found.values[0], expected, rtol=1e-4, atol=1e-6)
    gradient = Saliency(module).attribute(X.clone().requires_grad_(), target=index, abs=False)
    torch.testing.assert_close(found.saliency[0], gradient, rtol=1e-4, atol=1e-6)


def test_the_error_estimate_is_the_distance_of_both_rules() -> None:
    module = network(1).eval()
    model = wrap(module, task="regression")
    found = explained(model, 5 * X, steps=2)
    method = IntegratedGradients(module)
    coarse, fine = (method.attribute(5 * X, target=0, n_steps=n) for n in (2, 4))
    expected = (fine - coarse).norm(dim=1) / fine.norm(dim=1)
    torch.testing.assert_close(found.error_estimate, expected.double(), rtol=1e-4, atol=1e-7)
    with torch.no_grad():
        output = module(5 * X)[:, 0]
        difference = output - module(torch.zeros(1, 5))[0]
    scale = difference.abs().clamp_min(0.01 * float(output.std()))
    gap = (fine.sum(1) - difference).abs() / scale
    torch.testing.assert_close(found.completeness_gap, gap.double(), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("task", "outputs", "columns", "expected"),
    [
        ("binary", "logits", 1, lambda raw: raw[:, 0]),
        ("binary", "logits", 2, lambda raw: raw[:, 1]),
        ("regression", None, 1, lambda raw: raw[:, 0]),
    ],
)
def test_what_is_explained_of_a_single_number(task, outputs, columns, expected) -> None:
    """The positive class's output, whatever the targets say: completeness tells which it was."""
    module = network(columns).eval()
    model = wrap(module, task=task, outputs=outputs)
    found = explained(model, X, targets=torch.zeros(7, dtype=torch.int64))
    with torch.no_grad():
        difference = expected(module(X)) - expected(module(torch.zeros(1, 5)))
    torch.testing.assert_close(found.values[0].sum(1), difference, rtol=1e-3, atol=1e-5)


def test_probabilities_are_explained_as_they_are() -> None:
    module = nn.Sequential(network(1), nn.Sigmoid()).eval()
    model = wrap(module, task="binary", outputs="probabilities")
    found = explained(model, X)
    with torch.no_grad():
        difference = (module(X) - module(torch.zeros(1, 5)))[:, 0]
    torch.testing.assert_close(found.values[0].sum(1), difference, rtol=1e-3, atol=1e-5)


def test_labels_of_a_multilabel_head() -> None:
    module = network().eval()
    model = wrap(module, task="multilabel", outputs="logits", classes=("a", "b", "c"))
    top = explained(model, X, targets=torch.ones(7, 3))
    chosen = explained(model, X, targets=module(X).argmax(1))
    torch.testing.assert_close(top.values[0], chosen.values[0])


def test_several_inputs_and_a_mask() -> None:
    def together(values, weights, mask):
        return (values * weights * mask).sum(1)

    model, head = regression(together)
    weights = torch.arange(35.0).reshape(7, 5) / 35
    mask = X > -0.5
    by_name = {"values": X, "weights": weights, "mask": mask}
    for inputs, names in (
        ((X, weights, mask), ("0", "1")),
        ([X, weights, mask], ("0", "1")),
        (by_name, ("values", "weights")),
    ):
        # Function takes *inputs, so a dict is given to a function that knows its names.
        used = model if not isinstance(inputs, dict) else wrap(Named(together), task="regression")
        found = integrated_gradients(used, inputs, head, steps=2)
        assert isinstance(found, Attributions)
        assert found.names == names
        half = X * weights * mask / 2
        torch.testing.assert_close(found.values, (half, half))


class Named(Function):
    def forward(self, values, weights, mask):
        return self.function(values, weights, mask)


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (torch.zeros(4, 5, dtype=torch.int64), "The input is int64, such as token ids"),
        ((X, torch.zeros(7, dtype=torch.int32)), "The input '1' is int32, such as token ids"),
        (X > 0, "The model has no floating-point input."),
        ((X, "text"), "The input '1' is no tensor."),
        ("text", "The input '' is no tensor."),
    ],
)
def test_inputs_that_cannot_be_explained(inputs, said) -> None:
    model, head = regression(lambda *inputs: inputs[0].sum(1))
    found = integrated_gradients(model, inputs, head)
    assert isinstance(found, NotExplainable)
    assert said in found.reason


def blocked(x):
    with torch.no_grad():
        return x.sum(1)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (wrap(Function(blocked), task="regression"), "No gradient reaches the inputs of Function"),
        (wrap(Function(lambda x: x.argmax(1)), task="regression"), "No gradient reaches"),
        (wrap(Function(lambda x: x[:, 0].detach()), task="regression"), "No gradient reaches"),
        (wrap(blocked, task="regression"), "The model is a callable"),
        (wrap(nn.Linear(5, 1), task="regression", device="keep"), "by its forward alone"),
        (stored_predictions({"s": "p"}, task="binary"), "The model is not here"),
        (
            wrap(nn.Linear(5, 2), task="custom", unit_metrics=lambda output, target: output),
            "A custom output has no single number",
        ),
        (
            wrap(nn.Linear(5, 2), task="regression", classes=("north", "east")),
            "several numbers, and none of them was chosen",
        ),
    ],
)
def test_models_that_cannot_be_explained(model, said) -> None:
    found = integrated_gradients(model, X, model.heads[0])
    assert isinstance(found, NotExplainable)
    assert said in found.reason
    assert found.reason.endswith(".")


def test_one_of_several_numbers_can_be_chosen() -> None:
    module = nn.Linear(5, 2)
    model = wrap(module, task="regression", classes=("north", "east"))
    found = explained(model, X, targets=torch.ones(7, dtype=torch.int64), steps=1)
    torch.testing.assert_close(found.values[0], X * module.weight[1].detach())


def test_no_units() -> None:
    model, head = regression(lambda x: x.sum(1))
    found = integrated_gradients(model, torch.zeros(0, 5), head)
    assert found == NotExplainable("There are no units to explain.")


def test_a_rounding_model_is_not_taken_for_converged() -> None:
    """Its gradient is zero everywhere, so both rules agree on nothing: the gap tells."""
    model, _ = regression(lambda x: x.sum(1) * 0 + (3 * x.sum(1)).round())
    found = explained(model, X + 1)
    assert not found.values[0].any()
    assert found.error_estimate.isnan().all()
    torch.testing.assert_close(found.completeness_gap, torch.ones(7, dtype=torch.float64))
    assert not found.converged.any()


def test_a_unit_that_is_the_baseline_has_nothing_to_explain() -> None:
    model, _ = regression(lambda x: x.square().sum(1))
    inputs = torch.cat([torch.zeros(1, 5), X])
    found = explained(model, inputs)
    assert found.converged.all()
    assert found.error_estimate[0].isnan()
    assert found.completeness_gap[0] == 0


def test_a_jump_is_not_converged() -> None:
    """A steep step is hit by few nodes: 2n steps say something else than n."""
    model, _ = regression(lambda x: (200 * (x[:, 0] - 0.37)).sigmoid() + 0 * x.sum(1))
    found = explained(model, torch.ones(3, 5), steps=4)
    assert not found.converged.any()
    assert (found.error_estimate > 0.05).all()


def test_outputs_that_are_not_numbers_do_not_converge() -> None:
    model, _ = regression(lambda x: x.sum(1) * torch.nan)
    found = explained(model, X)
    assert not found.converged.any()


def test_the_model_and_the_inputs_are_left_as_they_came() -> None:
    module = network().train()
    module[0].weight.grad = torch.ones_like(module[0].weight)
    model = wrap(module, task="multiclass", outputs="logits", classes=("a", "b", "c"))
    inputs, digest = X.clone(), model.digest()
    state = torch.get_rng_state()
    explained(model, inputs)
    assert module.training
    assert module[2].training
    assert all(parameter.requires_grad for parameter in module.parameters())
    assert torch.equal(module[0].weight.grad, torch.ones_like(module[0].weight))
    assert module[3].weight.grad is None
    assert not inputs.requires_grad
    assert inputs.grad is None
    assert torch.equal(inputs, X)
    assert model.digest() == digest
    assert torch.equal(torch.get_rng_state(), state)
    assert not any(part._forward_hooks for part in module.modules())


def test_dropout_is_off() -> None:
    model = wrap(network(1).train(), task="regression")
    torch.testing.assert_close(explained(model, X).values, explained(model, X).values)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_it_works_where_gradients_are_off(context) -> None:
    model = wrap(network(1), task="regression")
    expected = explained(model, X)
    with context():
        made_here = X.clone()
        torch.testing.assert_close(explained(model, made_here).values, expected.values)


def test_recurrent_networks_and_double_precision() -> None:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cells, self.score = nn.LSTM(5, 4, batch_first=True), nn.Linear(4, 1)

        def forward(self, x):
            return self.score(self.cells(x)[0][:, -1])

    model = wrap(Recurrent().double(), task="regression")
    found = explained(model, torch.randn(3, 6, 5, dtype=torch.float64))
    assert found.values[0].shape == (3, 6, 5)
    assert found.converged.all()


def test_nothing_is_printed_or_warned() -> None:
    model = wrap(network(1), task="regression")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        explained(model, X, chunk=2)


def test_a_failing_forward_is_the_users_to_see() -> None:
    model = wrap(nn.Linear(3, 1), task="regression")
    with pytest.raises(ModelError, match="it takes 3 features"):
        integrated_gradients(model, X, model.heads[0])


@pytest.mark.parametrize("options", [{"steps": 0}, {"chunk": 0}])
def test_wrong_numbers_are_refused(options) -> None:
    model, head = regression(lambda x: x.sum(1))
    with pytest.raises(ValueError, match="expected positive steps and chunk"):
        integrated_gradients(model, X, head, **options)


def test_inputs_and_baselines_must_fit_each_other() -> None:
    model, head = regression(lambda x, y: x.sum(1) + y.sum(1))
    with pytest.raises(ValueError, match="inputs of several lengths"):
        integrated_gradients(model, (X, X[:3]), head)
    with pytest.raises(ValueError, match="the baseline lacks the input '1'"):
        integrated_gradients(model, (X, X), head, baseline=(X,))
