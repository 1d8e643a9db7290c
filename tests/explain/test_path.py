"""The path integral against closed forms and Captum, and what it says of its own error."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients, Saliency
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from auditkit.errors import ModelError
from auditkit.explain import NotExplainable, PathIntegral, Target, along, integrated, targeting
from auditkit.explain.nodes import gauss_legendre
from auditkit.models import wrap
from tests.explain.functions import Function, regression


def explained(model, inputs, targets=None, baseline=None, **options) -> PathIntegral:
    with targeting(model, inputs, model.heads[0], targets, baseline=baseline) as target:
        assert isinstance(target, Target), target
        return integrated(target, **options)


def by_rule(model, inputs, count, **options) -> PathIntegral:
    with targeting(model, inputs, model.heads[0]) as target:
        assert isinstance(target, Target), target
        return along(target, gauss_legendre(count), **options)


def network(outputs: int = 3) -> nn.Module:
    return nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Dropout(0.5), nn.Linear(16, outputs))


X = torch.linspace(-1, 1, 35).reshape(7, 5)


@given(st.lists(st.integers(-1000, 1000).map(lambda one: one / 100), min_size=5, max_size=5),
       st.integers(-5, 5))  # fmt: skip
@settings(max_examples=15)
def test_a_linear_model_is_explained_exactly(weights, bias) -> None:
    """IG = w · (x − b), at any number of steps."""
    w = torch.tensor(weights, dtype=torch.float64)
    base = torch.full((1, 5), 0.3, dtype=torch.float64)
    model = regression(lambda x: x @ w + bias)
    found = explained(model, X.double(), baseline=base)
    torch.testing.assert_close(found.values[0], w * (X.double() - base), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(found.saliency[0], w.expand(7, 5))
    assert (found.gradients == 17).all()


def test_a_linear_model_converges_at_once() -> None:
    model = regression(lambda x: x @ torch.tensor([1.0, -2.0, 3.0, 0.0, 0.5]))
    found = explained(model, X)
    assert found.converged.all()
    assert found.error.max() < 1e-5
    assert found.gap.max() < 1e-4


def test_a_known_integral() -> None:
    """f = exp(s·x): IG_i = x_i s_i (exp(s·x) − 1) / (s·x) from zero."""
    scale = torch.tensor([0.5, -1.0, 0.25, 1.5, 2.0], dtype=torch.float64)
    model = regression(lambda x: (x @ scale).exp())
    x = X.double() + 0.05
    dot = x @ scale
    expected = x * scale * ((dot.exp() - 1) / dot)[:, None]
    found = explained(model, x)
    torch.testing.assert_close(found.values[0], expected, rtol=1e-9, atol=1e-9)
    assert found.converged.all()
    assert (found.gradients == 17).all()


def test_products_are_shared_as_the_axioms_ask() -> None:
    """f = x₀ x₁: each factor gets half of the product."""
    model = regression(lambda x: x[:, 0] * x[:, 1])
    found = explained(model, X)
    half = X[:, 0] * X[:, 1] / 2
    torch.testing.assert_close(found.values[0][:, 0], half)
    torch.testing.assert_close(found.values[0][:, 1], half)
    assert not found.values[0][:, 2:].any()


@pytest.mark.parametrize("chunk", [1, 3, 7, 1000, None])
def test_captum_agrees_at_equal_nodes(chunk) -> None:
    module = network().eval()
    model = wrap(module, task="multiclass", outputs="logits", classes=("a", "b", "c"))
    found = by_rule(model, X, 32, chunk=chunk)
    index = module(X).argmax(1)
    expected = IntegratedGradients(module).attribute(X, target=index, n_steps=32)
    assert float((found.values[0] - expected).abs().max() / expected.abs().max()) <= 1e-6
    gradient = Saliency(module).attribute(X.clone().requires_grad_(), target=index, abs=False)
    torch.testing.assert_close(found.saliency[0], gradient, rtol=1e-6, atol=1e-8)
    with torch.no_grad():
        outputs, base = module(X), module(torch.zeros(1, 5))[0]
    torch.testing.assert_close(found.output, outputs[torch.arange(7), index])
    torch.testing.assert_close(found.at_baseline, base[index])
    assert not found.converged.any()  # one rule alone says nothing of its error
    assert found.error.isnan().all()


@given(st.integers(1, 200), st.integers(0, 2**20))
@settings(max_examples=10)
def test_chunks_change_nothing(chunk, seed) -> None:
    torch.manual_seed(seed)
    model = wrap(network(), task="multiclass", outputs="logits", classes=("a", "b", "c"))
    x = torch.randn(5, 5)
    one, other = explained(model, x), explained(model, x, chunk=chunk)
    torch.testing.assert_close(one.values, other.values, rtol=1e-4, atol=1e-6)
    assert one.gradients.tolist() == other.gradients.tolist()


def test_each_unit_has_as_many_nodes_as_it_needs() -> None:
    """A straight unit is done at once, whoever lies beside it."""
    steep = regression(lambda x: (3 * x[:, 0] * x[:, 1] - 9).sigmoid() + x.sum(1))
    x = torch.tensor([[1.0, 0.0, 1, 1, 1], [9.0, 9.0, 1, 1, 1], [1.0, 0.1, 1, 1, 1]])
    found = explained(steep, x)
    assert found.gradients[0] == 17
    assert found.gradients[1] > 17
    alone = explained(steep, x[1:2])
    torch.testing.assert_close(found.values[0][1:2], alone.values[0])


def test_the_estimate_is_the_distance_of_two_nested_rules() -> None:
    """By hand, from the Chebyshev series through the same nodes, with a quarter on top."""
    model = regression(lambda x: (6 * x).tanh().sum(1))
    x = torch.full((1, 1), 2.0, dtype=torch.float64)
    found = explained(model, x, tolerance=1e-3)
    n = int(found.gradients[0]) - 1

    def by_hand(intervals):
        # The integral of the interpolating Chebyshev series, term by term.
        nodes = (1 + np.cos(np.pi * np.arange(intervals + 1) / intervals)) / 2
        values = 6 / np.cosh(12 * nodes) ** 2
        series = np.polynomial.chebyshev.Chebyshev.fit(nodes, values, intervals, domain=[0, 1])
        return 2.0 * (series.integ()(1) - series.integ()(0))

    fine, coarse, coarser = (by_hand(n // d) for d in (1, 2, 4))
    assert float(found.values[0]) == pytest.approx(fine, rel=1e-6)
    moved, before = abs(fine - coarse) / abs(fine), abs(coarse - coarser) / abs(coarse)
    assert float(found.error[0]) == pytest.approx(1.25 * max(moved, before / 2), rel=1e-4)


def test_the_estimate_bounds_the_error_of_networks_with_kinks() -> None:
    torch.manual_seed(3)
    module = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(),
                           nn.Linear(32, 1))  # fmt: skip
    model, x = wrap(module, task="regression"), torch.randn(200, 8)
    found, reference = explained(model, x), by_rule(model, x, 1000)
    exact = reference.values[0].double()
    error = (found.values[0] - exact).norm(dim=1) / exact.norm(dim=1)
    assert float((error > found.error).double().mean()) <= 0.05
    assert float((error > found.gap).double().mean()) > 0.5  # the gap alone is no error bar


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

    weights = torch.arange(35.0).reshape(7, 5) / 35
    mask = X > -0.5
    by_name = {"values": X, "weights": weights, "mask": mask}
    for inputs in ((X, weights, mask), [X, weights, mask], by_name):
        # Function takes *inputs, so a dict is given to a function that knows its names.
        kind = Named if isinstance(inputs, dict) else Function
        found = explained(wrap(kind(together), task="regression"), inputs)
        half = X * weights * mask / 2
        torch.testing.assert_close(found.values, (half, half))


class Named(Function):
    def forward(self, values, weights, mask):
        return self.function(values, weights, mask)


def test_one_of_several_numbers_can_be_chosen() -> None:
    module = nn.Linear(5, 2)
    model = wrap(module, task="regression", classes=("north", "east"))
    found = explained(model, X, targets=torch.ones(7, dtype=torch.int64))
    torch.testing.assert_close(found.values[0], X * module.weight[1].detach())


def test_no_units() -> None:
    model = regression(lambda x: x.sum(1))
    with targeting(model, torch.zeros(0, 5), model.heads[0]) as target:
        assert target == NotExplainable("There are no units to explain.")


def test_a_rounding_model_is_not_taken_for_converged() -> None:
    """Its gradient is zero everywhere, so both rules agree on nothing: the gap tells."""
    model = regression(lambda x: x.sum(1) * 0 + (3 * x.sum(1)).round())
    found = explained(model, X + 1)
    assert not found.values[0].any()
    assert found.error.isnan().all()
    torch.testing.assert_close(found.gap, torch.ones(7, dtype=torch.float64))
    assert not found.converged.any()


def test_a_unit_that_is_the_baseline_has_nothing_to_explain() -> None:
    model = regression(lambda x: x.square().sum(1))
    inputs = torch.cat([torch.zeros(1, 5), X])
    found = explained(model, inputs)
    assert found.converged.all()
    assert found.error[0].isnan()
    assert found.gap[0] == 0


def test_a_jump_is_not_converged() -> None:
    """A steep step is hit by few nodes: 2n of them say something else than n."""
    model = regression(lambda x: (2000 * (x[:, 0] - 0.37)).sigmoid() + 0 * x.sum(1))
    found = explained(model, torch.ones(3, 5))
    assert not found.converged.any()
    assert (found.gradients == 129).all()
    assert (found.error > 0.04).all()


def test_outputs_that_are_not_numbers_do_not_converge() -> None:
    model = regression(lambda x: x.sum(1) * torch.nan)
    found = explained(model, X)
    assert not found.converged.any()


def test_one_broken_unit_spoils_no_other() -> None:
    """The gradient of one unit is NaN: the others in its chunk converge all the same."""
    model = regression(lambda x: (x + 0.1).sqrt().sum(1) * 0 + (x**2).sum(1))
    x = torch.tensor([[1.0, 2.0], [-0.7, 1.0], [2.0, 1.0]])
    found = explained(model, x)
    assert found.values[0][1].isnan().all()
    assert found.converged.tolist() == [True, False, True]
    torch.testing.assert_close(found.values[0][[0, 2]], x[[0, 2]] ** 2, rtol=1e-4, atol=1e-5)


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
        explained(model, X)


@pytest.mark.parametrize("options", [{"tolerance": 0}, {"chunk": 0}])
def test_wrong_numbers_are_refused(options) -> None:
    model = regression(lambda x: x.sum(1))
    with pytest.raises(ValueError, match="expected a positive tolerance and chunk"):
        explained(model, X, **options)


def test_a_model_that_breaks_half_way_is_given_back() -> None:
    """The backward pass fails at the third chunk; the model is as it came all the same."""
    module = network(1).train()
    calls = []

    def fail(gradient):
        calls.append(gradient)
        if len(calls) > 2:
            raise RuntimeError("out of luck")
        return gradient

    module.register_forward_hook(
        lambda part, given, result: (
            result.register_hook(fail) and None if result.requires_grad else None
        )
    )
    model = wrap(module, task="regression")
    with pytest.raises(ModelError, match="out of luck"):
        explained(model, X, chunk=2)
    assert module.training
    assert all(parameter.requires_grad for parameter in module.parameters())


def test_inputs_and_baselines_must_fit_each_other() -> None:
    model = regression(lambda x, y: x.sum(1) + y.sum(1))
    with pytest.raises(ValueError, match="inputs of several lengths"):
        explained(model, (X, X[:3]))
    with pytest.raises(ValueError, match="the baseline lacks the input '1'"):
        explained(model, (X, X), baseline=(X,))


def test_memory_does_not_grow_with_the_units() -> None:
    """What the backward passes keep at once is one chunk, however many units and nodes."""
    module = nn.Sequential(nn.Linear(5, 64), nn.Tanh(), nn.Linear(64, 1))
    model = wrap(module, task="regression")
    most = {}
    for units in (4, 64):
        kept: list[int] = []
        saved = torch.autograd.graph.saved_tensors_hooks(
            lambda tensor, kept=kept: kept.append(len(tensor)) or tensor, lambda tensor: tensor
        )
        with saved:
            explained(model, torch.randn(units, 5), chunk=16)
        most[units] = max(kept)
    assert most[64] <= max(most[4], 64)  # 64 rows of weights
