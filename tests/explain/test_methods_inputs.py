"""Every method on every kind of input and model: maps, or a sentence that says why not."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from auditkit.explain.method import Maps, Settings
from auditkit.explain.methods.registry import METHODS
from auditkit.explain.target import NotExplainable
from tests.explain.sample_methods import (
    OWN,
    QUICK,
    TEXT,
    Attentive,
    Recurrent,
    Text,
    cnn,
    maps,
    mlp,
    opened,
    refusal,
    scripted,
    sentences,
)

PERTURBING = ("occlusion", "feature_ablation", "shapley_sampling", "kernel_shap")
SAMPLING = ("smooth_grad", "gradient_shap")
HOOKING = ("deep_lift", "deep_lift_shap", "lrp", "grad_cam")
TABLE = torch.linspace(-2, 2, 30).reshape(5, 6)


class Two(nn.Module):
    """Two inputs, by position or by name."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right, self.relu = nn.Linear(3, 8), nn.Linear(2, 8), nn.ReLU()
        self.head = nn.Linear(8, 3)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return self.head(self.relu(self.left(left) + self.right(right)))


@dataclass
class Output:
    """Like what transformers return."""

    logits: Tensor
    loss: None = None


class Wrapped(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Output:
        return Output(self.inner(x))


def asked(name: str, target) -> Maps | NotExplainable:
    """What a method says, in the shape that it has to have."""
    found = METHODS[name](target, QUICK)
    if isinstance(found, Maps):
        assert len(found.values) == len(target.inputs)
        for value, tensor in zip(found.values, target.inputs, strict=True):
            assert value.shape == tensor.shape
            assert value.device.type == "cpu"
        assert found.shown.shape == (target.units,)
        assert bool(found.withheld) is not bool(found.shown.all())
        assert found.gradients + found.forwards > 0
    else:
        assert found.reason.endswith(".")
    return found


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("kind", [tuple, dict])
def test_several_inputs(name, kind) -> None:
    parts = {"left": TABLE[:, :3], "right": TABLE[:, 3:5]}
    given = parts if kind is dict else tuple(parts.values())
    with opened(Two(), given) as target:
        found = asked(name, target)
    if name == "grad_cam":
        assert isinstance(found, NotExplainable)
    elif name == "lrp":  # two branches are added up
        assert isinstance(found, NotExplainable)
        assert "(add)" in found.reason
    else:
        assert isinstance(found, Maps)


@pytest.mark.parametrize("name", OWN)
def test_outputs_like_those_of_transformers(name) -> None:
    module = mlp()
    with opened(module, TABLE) as target:
        plain = asked(name, target)
    with opened(Wrapped(module), TABLE) as target:
        found = asked(name, target)
    assert type(found) is type(plain)
    if isinstance(plain, Maps):
        torch.testing.assert_close(found.values, plain.values)


@pytest.mark.parametrize("name", [name for name in OWN if name not in HOOKING])
@pytest.mark.parametrize("module", [Recurrent(), Attentive()])
def test_sequences(name, module) -> None:
    with opened(module, torch.randn(3, 5, 4)) as target:
        assert isinstance(asked(name, target), Maps)


@pytest.mark.parametrize("name", OWN)
def test_images(name) -> None:
    with opened(cnn(), torch.rand(3, 1, 8, 8)) as target:
        assert isinstance(asked(name, target), Maps)


@pytest.mark.parametrize("name", OWN)
def test_tokens(name) -> None:
    """By position, in the space of embeddings; special and padding tokens count nothing."""
    with opened(Text(), sentences(), **TEXT) as target:
        found = asked(name, target)
        if name in ("deep_lift_shap", "lrp", "grad_cam"):
            assert isinstance(found, NotExplainable)
            return
        assert isinstance(found, Maps)
        assert target.tokens is not None
        held = (target.tokens <= 1)[..., None].expand(found.values[0].shape)
    assert found.values[0].shape == (3, 6, 5)
    assert found.values[0][held].abs().max() < 1e-6
    assert found.values[0][~held].abs().max() > 1e-3


def test_what_a_token_counts_is_what_its_neutral_neighbour_would_change() -> None:
    module, given = Text().eval(), sentences()
    with opened(module, given, **TEXT) as target:
        found = maps("feature_ablation", target).values[0].sum(-1)
        occluded = maps("occlusion", target).values[0].sum(-1)
        index = target.index
    scores = module(**given).gather(1, index[:, None])[:, 0]
    for place in range(6):
        ids = given["input_ids"].clone()
        ids[:, place] = torch.where(ids[:, place] > 1, 2, ids[:, place])
        without = module(ids, given["attention_mask"]).gather(1, index[:, None])[:, 0]
        torch.testing.assert_close(found[:, place], (scores - without).detach())
    torch.testing.assert_close(occluded, found)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("traced", [False, True])
def test_torchscript(name, traced) -> None:
    eager, x = cnn().eval(), torch.rand(3, 1, 8, 8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        module = torch.jit.trace(eager, x) if traced else scripted(eager)
    with opened(eager, x) as target:
        expected = maps(name, target)
    with opened(module, x) as target:
        if name in HOOKING:
            assert "TorchScript, whose layers refuse hooks" in refusal(name, target)
        else:
            found = maps(name, target)
            torch.testing.assert_close(found.values, expected.values, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", OWN)
def test_a_compiled_model(name) -> None:
    eager = mlp().eval()
    with opened(torch.compile(eager, backend="eager"), TABLE) as target:
        found = asked(name, target)
    if name in HOOKING:
        assert isinstance(found, NotExplainable)
        assert "explain it before it is compiled" in found.reason
    else:
        assert isinstance(found, Maps)


@pytest.mark.parametrize("name", OWN)
def test_a_quantised_model(name) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = torch.ao.quantization.quantize_dynamic(mlp().eval(), {nn.Linear}, torch.qint8)
    with opened(module, TABLE) as target:
        assert target.obstacle
        if name in PERTURBING:
            assert isinstance(asked(name, target), Maps)
        else:
            assert refusal(name, target) == target.obstacle


class Decided(nn.Module):
    """Answers with its decision alone, which has no gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = mlp()

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.one_hot(self.inner(x).argmax(1), 3).float()


@pytest.mark.parametrize("name", OWN)
def test_a_model_that_answers_with_its_decision(name) -> None:
    with opened(Decided(), TABLE) as target:
        assert target.obstacle
        if name in PERTURBING:
            assert isinstance(asked(name, target), Maps)
        else:
            assert refusal(name, target) == target.obstacle


@pytest.mark.parametrize("name", OWN)
def test_a_model_that_is_no_module(name) -> None:
    inner = mlp().eval()

    def model(x: Tensor) -> Tensor:
        return inner(x)

    with opened(model, TABLE) as target:
        found = asked(name, target)
        if name in PERTURBING:
            assert isinstance(found, Maps)
        else:
            assert refusal(name, target) == target.obstacle


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])
def test_the_callers_mode_does_not_matter(name, mode) -> None:
    module = cnn()
    with opened(module, torch.rand(3, 1, 8, 8).mul(1)) as target:
        expected = maps(name, target).values[0].shape
    with mode():
        x = torch.rand(3, 1, 8, 8)
        with opened(module, x) as target:
            assert maps(name, target).values[0].shape == expected


@pytest.mark.parametrize("name", OWN)
def test_double_precision(name) -> None:
    module, x = cnn(), torch.rand(3, 1, 8, 8)
    with opened(module, x) as target:
        single = maps(name, target)
    with opened(module.double(), x.double()) as target:
        found = asked(name, target)
    assert isinstance(found, Maps)
    if name not in (*SAMPLING, "shapley_sampling", "kernel_shap"):  # which draw otherwise
        torch.testing.assert_close(
            found.values[0].float(), single.values[0].float(), rtol=1e-3, atol=1e-5
        )


@pytest.mark.parametrize("name", OWN)
def test_a_model_that_begins_in_place(name) -> None:
    """It must not write into the inputs, or every map after the first would be of others."""
    head, x = nn.Linear(6, 3), TABLE.clone()
    with opened(nn.Sequential(nn.ReLU(), head), x) as target:
        expected = asked(name, target)
    with opened(nn.Sequential(nn.ReLU(inplace=True), head), x) as target:
        found = asked(name, target)
        assert torch.equal(target.inputs[0], TABLE)
    assert torch.equal(x, TABLE)
    assert type(found) is type(expected)
    if isinstance(expected, Maps):
        torch.testing.assert_close(found.values, expected.values)
        assert found.withheld == expected.withheld


@pytest.mark.parametrize("name", OWN)
def test_half_precision(name) -> None:
    """Captum's noise is of single precision: the model must not be given it."""
    module, x = cnn().bfloat16(), torch.rand(3, 1, 8, 8, dtype=torch.bfloat16)
    with opened(module, x) as target:
        assert isinstance(asked(name, target), Maps)


@pytest.mark.parametrize("name", OWN)
def test_a_unit_without_an_answer_costs_only_its_own_map(name) -> None:
    module, x = nn.Sequential(nn.Linear(6, 8, bias=False), nn.Linear(8, 3, bias=False)), TABLE
    broken = x.clone()
    broken[2, 1] = torch.nan
    with opened(module, x) as target:
        whole = asked(name, target)
    with opened(module, broken) as target:
        found = asked(name, target)
    if isinstance(whole, Maps):
        assert isinstance(found, Maps)
        if name != "smooth_grad":  # a linear model has a gradient wherever it is asked
            assert found.shown.tolist() == [True, True, False, True, True]
        if name not in ("gradient_shap", "deep_lift_shap"):  # which have a reference less
            others = torch.tensor([0, 1, 3, 4])
            torch.testing.assert_close(found.values[0][others], whole.values[0][others])


def test_references_are_whole_and_from_all_over() -> None:
    x = torch.arange(100.0)[:, None].repeat(1, 6)
    x[3, 2] = torch.inf
    with opened(nn.Linear(6, 1), x, task="regression") as target:
        (chosen,) = target.references
        assert torch.equal(target.part(torch.tensor([5])).references[0], chosen)
    assert chosen.isfinite().all()
    assert chosen.shape == (32, 6)
    assert chosen[0, 0] == 0
    assert chosen[-1, 0] > 95


@pytest.mark.parametrize("name", OWN)
def test_one_unit(name) -> None:
    with opened(cnn(), torch.rand(1, 1, 8, 8)) as target:
        found = asked(name, target)
    if name == "deep_lift_shap":
        assert isinstance(found, NotExplainable)
        assert "there are fewer than two" in found.reason
    else:
        assert isinstance(found, Maps)


@pytest.mark.parametrize("name", [name for name in OWN if name != "grad_cam"])
def test_one_feature(name) -> None:
    module = nn.Linear(1, 1)
    x = torch.tensor([[1.0], [2.0], [-3.0]])
    with opened(module, x, task="regression") as target:
        found = asked(name, target)
    assert isinstance(found, Maps)
    whole = (module.weight.detach() * x)[:, 0]
    if name in ("deep_lift", "lrp", *PERTURBING):
        torch.testing.assert_close(found.values[0][:, 0].float(), whole, rtol=1e-3, atol=1e-5)


class Flat(nn.Module):
    """A number for each unit, and nothing beside."""

    def forward(self, x: Tensor) -> Tensor:
        return 3 * x


@pytest.mark.parametrize("name", ["smooth_grad", "occlusion", "feature_ablation", "kernel_shap"])
def test_an_input_without_an_axis_of_its_own(name) -> None:
    with opened(Flat(), torch.tensor([1.0, 2.0]), task="regression") as target:
        found = asked(name, target)
    assert isinstance(found, Maps)
    assert found.values[0].shape == (2,)


class Line(nn.Module):
    """A one-dimensional network; `steps` says whether its input has the channels last."""

    def __init__(self, channels: int, *, steps: bool = False) -> None:
        super().__init__()
        self.steps = steps
        self.convolution, self.relu = nn.Conv1d(channels, 4, 3, padding=1), nn.ReLU()
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(1, 2) if self.steps else x
        x = x[:, None] if x.ndim == 2 else x
        return self.head(self.relu(self.convolution(x)).mean(2))


@pytest.mark.parametrize(
    ("module", "shape", "axis", "declared"),
    [
        (Line(1), (2, 30), 1, {"inputs": {"medium": "audio"}}),
        (Line(2), (2, 2, 30), 2, {}),
        (Line(3, steps=True), (2, 20, 3), 1, {}),
        (Line(3, steps=True), (2, 3, 3), 1, {"inputs": {"medium": "series"}}),
    ],
)
def test_grad_cam_along_a_line(module, shape, axis, declared) -> None:
    with opened(module, torch.randn(shape), **declared) as target:
        found = maps("grad_cam", target)
    value = found.values[0]
    assert value.shape == shape
    other = [one for one in range(1, len(shape)) if one != axis]
    for one in other:  # shared equally
        torch.testing.assert_close(value, value.mean(one, keepdim=True).expand(shape))


def test_grad_cam_without_a_convolution_or_a_place_for_its_map() -> None:
    with opened(mlp(), TABLE) as target:
        assert "the model uses none" in refusal("grad_cam", target)
        said = refusal("grad_cam", target, Settings(layer="0"))
        assert "could not be run" in said or "no map along an input" in said
    with opened(nn.Sequential(scripted(mlp()), nn.Linear(3, 3)), TABLE) as target:
        assert "inside a scripted or traced part" in refusal("grad_cam", target)


@pytest.mark.gpu
@pytest.mark.parametrize("name", OWN)
def test_on_a_gpu(name) -> None:
    """Captum builds masks of occlusion on the CPU there; cuDNN's LSTM has no backward in eval."""
    for module, x in ((cnn(), torch.rand(3, 1, 8, 8)), (Recurrent(), torch.randn(3, 5, 4))):
        with opened(module, x, device="cpu") as target:
            expected = METHODS[name](target, QUICK)
        with opened(module, x, device="cuda") as target:
            assert target.device.type == "cuda"
            found = asked(name, target)
        assert type(found) is type(expected)
        if isinstance(expected, Maps) and name not in SAMPLING:
            torch.testing.assert_close(found.values, expected.values, rtol=1e-2, atol=1e-4)
