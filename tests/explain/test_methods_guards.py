"""Where Captum fails without a sign: here there is a reason, or the map is withheld."""

from __future__ import annotations

import captum.attr as captum
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from auditkit.explain.method import Settings
from auditkit.explain.methods.completeness import completeness
from auditkit.explain.methods.operations import operations
from auditkit.explain.methods.registry import METHODS
from auditkit.models.digest import parameter_digest
from tests.explain.sample_methods import (
    OWN,
    QUICK,
    Attentive,
    Functional,
    Linear,
    Recurrent,
    Reused,
    cnn,
    maps,
    mlp,
    opened,
    refusal,
)

PROPAGATING = ("deep_lift", "deep_lift_shap", "lrp")
TABLE = torch.linspace(-2, 2, 30).reshape(5, 6)
STEPS = torch.linspace(-2, 2, 80).reshape(4, 5, 4)


class OwnReLU(torch.autograd.Function):
    """A ReLU that the look at the graph does not know by name."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp_min(0)

    @staticmethod
    def backward(ctx, slope: Tensor) -> Tensor:
        return slope * (ctx.saved_tensors[0] > 0)


class Products(nn.Module):
    """An attention by hand: the product of two things that depend on the input."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.head = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head((self.query(x) @ self.key(x).transpose(1, 2) @ x).mean(1))


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner, self.relu, self.head = nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x + self.relu(self.inner(x)))


@pytest.mark.parametrize(
    ("module", "x", "said"),
    [
        (Functional(functional.relu), TABLE, "relu"),
        (Functional(torch.Tensor.relu_), TABLE, "relu"),
        (Functional(functional.gelu), TABLE, "gelu"),
        (Functional(torch.round), TABLE, "round"),
        (nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.Linear(8, 3)), TABLE, "gelu"),
        (nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.Linear(8, 3)), TABLE, "layer norm"),
        (nn.Sequential(*mlp(), nn.Softmax(dim=1)), TABLE, "explain the logits"),
        (Attentive(), STEPS, "attention"),
        (Recurrent(), STEPS, "a recurrent layer"),
        (Products(), STEPS, "bmm of two parts that both depend on the input"),
        (Reused(), TABLE, "relu more than once"),
    ],
)
def test_deep_lift_says_what_it_has_no_rule_for(module, x, said) -> None:
    with opened(module, x) as target:
        for name in ("deep_lift", "deep_lift_shap"):
            assert said in refusal(name, target)


@pytest.mark.parametrize("stride", [1, (2, 1)])
def test_windows_that_overlap_have_no_rule(stride) -> None:
    """Captum counts a number once that is the largest of several windows: wrong, without a sign."""
    layers = [nn.Conv2d(1, 2, 3), nn.Tanh(), nn.MaxPool2d(2, stride), nn.Flatten()]
    module = nn.Sequential(*layers, nn.LazyLinear(3))
    x = torch.rand(3, 1, 6, 6)
    module(x)
    with opened(module, x) as target:
        assert "max pooling whose windows overlap" in refusal("deep_lift", target)


def test_deep_lift_of_a_residual_network_adds_up() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
            self.norm, self.other = nn.BatchNorm2d(4), nn.BatchNorm2d(4)
            self.relu, self.last, self.pool = nn.ReLU(inplace=True), nn.ReLU(), nn.MaxPool2d(2)
            self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))

        def forward(self, x: Tensor) -> Tensor:
            first = self.pool(self.relu(self.norm(self.first(x))))
            return self.head(self.last(self.other(self.second(first)) + first))

    x = torch.rand(4, 1, 8, 8)
    with opened(Block(), x, baseline=torch.rand(4, 1, 8, 8)) as target:
        found = maps("deep_lift", target)
    assert found.gap is not None
    assert found.gap.max() < 1e-3


def test_what_captum_makes_of_a_functional_relu() -> None:
    """The control: without a look at the model, a map that is wrong and says nothing."""
    torch.manual_seed(3)
    module, x = Functional(functional.relu).eval(), 3 * torch.randn(64, 6)
    with pytest.warns(UserWarning, match="hooks"):
        _, delta = captum.DeepLift(module).attribute(
            x.requires_grad_(), target=0, return_convergence_delta=True
        )
    change = (module(x) - module(torch.zeros(1, 6)))[:, 0]
    assert (delta.abs() / change.abs()).median() > 0.05


@pytest.mark.parametrize("name", ["deep_lift", "deep_lift_shap"])
def test_what_the_look_misses_shows_in_the_sum(name) -> None:
    x = 3 * torch.randn(40, 6)
    with opened(Functional(OwnReLU.apply), x) as target:
        found = maps(name, target)
    assert found.gap is not None
    assert torch.equal(found.shown, found.gap <= 0.05)
    lost = int((~found.shown).sum())
    assert lost > 20
    assert f"maps of {lost} of 40 units don't add up" in found.withheld
    assert f"by up to {float(found.gap.max()):.1%} of it" in found.withheld


def test_two_layers_in_a_row_are_kept_apart() -> None:
    """Captum's own DeepLIFT is wrong where a pooling follows a ReLU, and says nothing."""
    module, x, base = cnn().eval(), torch.rand(6, 1, 8, 8), torch.rand(6, 1, 8, 8)
    index = module(x).argmax(1)
    with pytest.warns(UserWarning, match="hooks"):
        _, delta = captum.DeepLift(module).attribute(
            x.clone().requires_grad_(), base, target=index, return_convergence_delta=True
        )
    change = (module(x) - module(base)).gather(1, index[:, None])[:, 0]
    assert (delta / change).abs().median() > 0.2
    with opened(module, x, baseline=base) as target:
        found = maps("deep_lift", target)
        several = maps("deep_lift_shap", target)
    assert found.gap is not None
    assert found.gap.max() < 1e-4
    assert several.shown.all()


@pytest.mark.parametrize(
    ("module", "x", "said"),
    [
        (Attentive(), STEPS, "LayerNorm"),
        (Recurrent(), STEPS, "LSTM"),
        (Functional(functional.gelu), TABLE, "gelu"),
        (nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.Linear(8, 3)), TABLE, "GELU"),
        (Residual(), TABLE, "add"),
    ],
)
def test_lrp_says_what_it_has_no_rule_for(module, x, said) -> None:
    with opened(module, x) as target:
        assert said in refusal("lrp", target)


def test_lrp_needs_layers_of_their_own() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.head = nn.Linear(6, 6), nn.Linear(6, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.inner(self.inner(x).relu()).relu())

    with opened(Twice(), TABLE) as target:
        assert "the model uses inner more than once" in refusal("lrp", target)


@pytest.mark.parametrize(
    "between",
    [
        [nn.Identity()],
        [nn.Dropout2d(0.5)],
        [nn.Dropout(0.5)],
        [nn.MaxPool2d(2, 1), nn.Identity()],
        [nn.AvgPool2d(2), nn.Dropout2d(0.5), nn.Conv2d(4, 4, 2, bias=False), nn.Tanh()],
        [nn.Flatten(2), nn.Conv1d(4, 2, 3, bias=False), nn.ReLU(inplace=True), nn.MaxPool1d(2)],
        [nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(2)],
    ],
)
def test_relevance_is_kept_where_there_is_no_bias(between) -> None:
    """Layers that hand on the tensor they were given are no place for Captum's rule."""
    module = nn.Sequential(
        *(nn.Conv2d(1, 4, 3, bias=False), nn.ReLU(), *between, nn.Flatten()),
        nn.LazyLinear(3, bias=False),
    )
    x = torch.randn(4, 1, 8, 8)
    module.eval()(x)
    with opened(module, x) as target:
        found = maps("lrp", target)
    assert found.gap is not None
    assert found.gap.max() < 1e-3
    assert found.shown.all()


def test_relevance_that_biases_take_withholds_the_map() -> None:
    with opened(mlp(), TABLE) as target:
        found = maps("lrp", target)
    assert found.gap is not None
    assert (found.shown == (found.gap <= 0.05)).all()
    assert not found.shown.all()
    assert "LRP maps" in found.withheld


class Sometimes(nn.Module):
    """Passes the look at one unit, and is refused by Captum: its ReLU works twice on several."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.other, self.relu = nn.Linear(6, 8), nn.Tanh(), nn.ReLU()
        self.last = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.relu(self.first(self.other(x)))
        return self.last(self.relu(hidden) if len(x) > 1 else hidden)


def test_after_an_error_within_captum_nothing_is_left_behind() -> None:
    module = Sometimes()
    before = {name: dict(vars(part)) for name, part in module.named_modules()}
    digest = parameter_digest(module)
    with opened(module, TABLE) as target:
        reason = refusal("deep_lift", target)
        assert reason.startswith("DeepLIFT could not be run on this model (RuntimeError: A Module")
        _untouched(module, before, digest)


def _untouched(module: nn.Module, before: dict, digest: str) -> None:
    for name, part in module.named_modules():
        present = vars(part)
        assert present.keys() == before[name].keys()
        for key, value in before[name].items():
            if key != "training":
                assert present[key] is value, (name, key)
        for table in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks"):
            assert not present[table], (name, table)
    assert parameter_digest(module) == digest


@pytest.mark.parametrize("name", OWN)
def test_model_inputs_and_random_state_are_left_as_they_were(name) -> None:
    """In training mode, with dropout and batch normalisation, which no method may notice."""
    layers = [nn.BatchNorm2d(1), *cnn()[:-1], nn.Dropout(0.5), nn.Linear(128, 3)]
    module, x = nn.Sequential(*layers).train(), torch.rand(3, 1, 8, 8)
    copy, digest = x.clone(), parameter_digest(module)
    before = {key: dict(vars(part)) for key, part in module.named_modules()}
    state, asked = torch.get_rng_state(), [p.requires_grad for p in module.parameters()]
    with opened(module, x) as target:
        held = [tensor.clone() for tensor in target.inputs]
        first, second = METHODS[name](target, QUICK), METHODS[name](target, QUICK)
        for tensor, was in zip(target.inputs, held, strict=True):
            assert torch.equal(tensor, was)
            assert not tensor.requires_grad
            assert tensor.grad is None
    torch.testing.assert_close(first.values, second.values, rtol=0, atol=0)
    _untouched(module, before, digest)
    assert torch.equal(x, copy)
    assert not x.requires_grad
    assert torch.equal(torch.get_rng_state(), state)
    assert all(part.training for part in module.modules())
    assert [p.requires_grad for p in module.parameters()] == asked
    assert all(p.grad is None for p in module.parameters())


@pytest.mark.parametrize("name", OWN)
def test_a_map_does_not_depend_on_the_units_beside_it(name) -> None:
    x = torch.rand(5, 1, 8, 8)
    with opened(cnn(), x) as target:
        rows = torch.tensor([3, 1])
        whole = maps(name, target)
        few = maps(name, target.part(rows))
        small = maps(name, target, Settings(samples=4, regions=8, chunk=16))
    torch.testing.assert_close(few.values[0], whole.values[0][rows], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(small.values[0], whole.values[0], rtol=1e-4, atol=1e-6)


class Small(nn.Module):
    """Has memory for eight rows at once."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = cnn()

    def forward(self, x: Tensor) -> Tensor:
        if len(x) > 8:
            raise torch.cuda.OutOfMemoryError(f"{len(x)} rows")
        return self.inner(x)


@pytest.mark.parametrize("name", OWN)
def test_where_memory_ends_fewer_rows_are_asked_about(name) -> None:
    module, x = Small(), torch.rand(6, 1, 8, 8)
    with opened(module.inner, x) as target:
        expected = maps(name, target, Settings(samples=6, regions=16))
    with opened(module, x) as target:
        found = maps(name, target, Settings(samples=6, regions=16))
    torch.testing.assert_close(found.values[0], expected.values[0], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", ["smooth_grad", "gradient_shap", "shapley_sampling"])
def test_another_seed_draws_otherwise(name) -> None:
    with opened(mlp(), TABLE) as target:
        first, second = (maps(name, target, Settings(seed=s, samples=4)) for s in (0, 1))
    assert not torch.equal(first.values[0], second.values[0])


@pytest.mark.parametrize("name", ["smooth_grad", "gradient_shap"])
def test_a_gradient_that_a_step_stops_is_no_map(name) -> None:
    """Captum gives zeros of a rounded model, without a word."""
    with opened(nn.Sequential(nn.Linear(6, 3), Step()), TABLE) as target:
        found = maps(name, target)
        assert not found.shown.any()
        assert "zero everywhere: a step in the model lets none through" in found.withheld
        assert maps("occlusion", target).shown.all()


class Step(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.round()


def test_a_number_that_is_not_finite_is_not_shown() -> None:
    class Root(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.sqrt().sum(1)

    x = torch.tensor([[4.0, 1.0], [1.0, 9.0]])
    base = torch.tensor([[0.0, 0.0], [-1.0, 0.0]])
    with opened(Root(), x, baseline=base, task="regression") as target:
        found = maps("feature_ablation", target)
    assert found.shown.tolist() == [True, False]
    assert found.withheld == "The map has numbers that are not finite."


def test_the_gap_of_a_map_of_nothing() -> None:
    """No change to share out and nothing shared out is right; something shared out is not."""
    with opened(Linear(torch.zeros(6)), TABLE[:1], task="regression") as target:
        nothing = completeness(target, (torch.zeros(1, 6),), torch.zeros(1))
        something = completeness(target, (torch.ones(1, 6),), torch.zeros(1))
    assert nothing.kept.all()
    assert not something.kept.any()
    assert "by an amount that cannot be told" in something.withheld("Some")


def test_the_graph_without_the_layers_that_have_a_rule() -> None:
    with opened(cnn(), torch.rand(2, 1, 8, 8)) as target:
        kinds = (nn.ReLU, nn.MaxPool2d)
        found = operations(target, lambda part: isinstance(part, kinds))
        whole = operations(target, lambda part: False)
    assert {"relu", "maxpool2dwithindices"} <= whole.outside
    assert not {"relu", "maxpool2dwithindices"} & found.outside
    assert {"convolution", "addmm"} <= found.outside
    assert not found.joining
    assert not found.repeated


def test_a_warning_goes_along_with_what_is_blind() -> None:
    assert "blind to small markers" in METHODS["grad_cam"].warning
    assert METHODS["kernel_shap"].title == "Baseline Shapley values (kernel SHAP)"
    assert "correlated" in METHODS["kernel_shap"].warning
    assert "input × gradient" in METHODS["lrp"].warning
