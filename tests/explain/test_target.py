"""What can be explained and what cannot, and that it is left as it came."""

from __future__ import annotations

from collections import namedtuple

import pytest
import torch
from torch import nn

from auditkit.errors import ModelError
from auditkit.explain import NotExplainable, Target, targeting
from auditkit.models import stored_predictions, wrap
from tests.explain.functions import Function, regression

X = torch.linspace(-1, 1, 35).reshape(7, 5)


def opened(model, inputs, targets=None):
    """A target, or why there is none; closed at once."""
    with targeting(model, inputs, model.heads[0], targets) as target:
        return target


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (torch.zeros(7, 5, dtype=torch.int64), "no layer was found that embeds them as tokens"),
        ((X, torch.zeros(7, dtype=torch.int32)), "The input '1' is int32 beside others"),
        (X > 0, "The model has no floating-point input."),
        ((X, "text"), "The input '1' is no tensor."),
        ("text", "The input '' is no tensor."),
        (torch.zeros(0, 5), "There are no units to explain."),
    ],
)
def test_inputs_that_cannot_be_explained(inputs, said) -> None:
    found = opened(regression(lambda *inputs: inputs[0].sum(1)), inputs)
    assert isinstance(found, NotExplainable)
    assert said in found.reason
    assert found.reason.endswith(".")


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (stored_predictions({"s": "p"}, task="binary"), "The model is not here"),
        (
            wrap(nn.Linear(5, 2), task="custom", unit_metrics=lambda output, target: output),
            "A custom output has no single number",
        ),
        (
            wrap(nn.Linear(5, 2), task="regression", classes=("north", "east")),
            "several numbers, and none of them was chosen",
        ),
        (
            regression(lambda x: nn.functional.dropout(x, 0.5, training=True).sum(1)),
            "gives other answers when it is asked the same again",
        ),
        (regression(lambda x: ((x - x.mean(0)) ** 2).sum(1)), "depends on the units beside it"),
    ],
)
def test_models_that_cannot_be_explained(model, said) -> None:
    found = opened(model, X)
    assert isinstance(found, NotExplainable)
    assert said in found.reason
    assert found.reason.endswith(".")


def blocked(x):
    with torch.no_grad():
        return x.sum(1)


def quantised():
    torch.backends.quantized.engine = torch.backends.quantized.supported_engines[-1]
    plain = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 1)).eval()
    return torch.ao.quantization.quantize_dynamic(plain, {nn.Linear}, dtype=torch.qint8)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: wrap(Function(blocked), task="regression"), "No gradient reaches the inputs"),
        (lambda: regression(lambda x: x.argmax(1).float()), "No gradient reaches the inputs"),
        (lambda: wrap(quantised(), task="regression"), "since it is quantised"),
        (lambda: wrap(blocked, task="regression"), "The model is a callable"),
        (lambda: wrap(nn.Linear(5, 1), task="regression", device="keep"), "by its forward alone"),
    ],
)
def test_models_without_a_gradient_can_be_asked_all_the_same(make, said) -> None:
    model = make()
    with targeting(model, X, model.heads[0]) as target:
        assert isinstance(target, Target)
        assert said in target.obstacle
        assert target.value(target.inputs, target.every).shape == (7,)


Output = namedtuple("Output", ["logits", "extra"])


@pytest.mark.parametrize("kind", ["tuple", "mapping", "fields"])
def test_outputs_and_inputs_of_many_kinds(kind) -> None:
    layer = nn.Linear(5, 3)
    returned = {
        "tuple": lambda y: (y, y * 0),
        "mapping": lambda y: {"logits": y, "extra": y * 0},
        "fields": lambda y: Output(y, y * 0),
    }[kind]

    class Wrapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, pixel_values):
            return returned(self.layer(pixel_values))

    model = wrap(Wrapped(), task="multiclass", outputs="logits", classes=("a", "b", "c"))
    with targeting(model, {"pixel_values": X}, model.heads[0]) as target:
        assert isinstance(target, Target)
        assert target.names == ("pixel_values",)
        value, (gradient,) = target.gradient(target.inputs, target.every)
        expected = layer(X)
        torch.testing.assert_close(value, expected.max(1).values.detach())
        torch.testing.assert_close(gradient, layer.weight[expected.argmax(1)].detach())


def test_the_gradient_of_the_sum_is_that_of_each_unit() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1)).eval()
    model = wrap(module, task="regression")
    with targeting(model, X, model.heads[0]) as target:
        _, (together,) = target.gradient(target.inputs, target.every)
        for row in range(7):
            one = torch.tensor([row])
            _, (alone,) = target.gradient((X[one],), one)
            torch.testing.assert_close(together[one], alone)


def test_a_part_and_another_place() -> None:
    model = wrap(nn.Linear(5, 3), task="multiclass", outputs="logits", classes=("a", "b", "c"))
    index = torch.tensor([0, 1, 2, 0, 1, 2, 0])
    with targeting(model, X, model.heads[0], index) as target:
        rows = torch.tensor([5, 1])
        part = target.part(rows)
        assert part.units == 2
        assert part.index.tolist() == [2, 1]
        both = part.value(part.inputs, part.every), target.value((X[rows],), rows)
        torch.testing.assert_close(*both)
        moved = part.moved((X[rows] + 1,))
        assert not torch.equal(moved.value(moved.inputs, moved.every), both[0])
        assert target.preferred(target.outputs(target.inputs, target.every), target.every).any()


@pytest.mark.parametrize(
    ("task", "outputs", "last", "expected"),
    [
        ("binary", "logits", nn.Identity(), torch.sigmoid),
        ("binary", "probabilities", nn.Sigmoid(), torch.sigmoid),
        ("regression", None, nn.Identity(), lambda raw: raw),
    ],
)
def test_probabilities(task, outputs, last, expected) -> None:
    layer = nn.Linear(5, 1)
    model = wrap(nn.Sequential(layer, last), task=task, outputs=outputs)
    with targeting(model, X, model.heads[0]) as target, torch.no_grad():
        found = target.probability(target.outputs(target.inputs, target.every), target.every)
        torch.testing.assert_close(found, expected(layer(X)[:, 0]))


def test_a_scale_for_gaps() -> None:
    model = regression(lambda x: x.sum(1))
    with targeting(model, X, model.heads[0]) as target:
        assert target.scale == pytest.approx(float(X.sum(1).std()))
    with targeting(model, X[:1], model.heads[0]) as target:
        assert target.scale == 0
    sure = wrap(nn.Sequential(nn.Linear(5, 1), nn.Sigmoid()), task="binary",
                outputs="probabilities")  # fmt: skip
    with targeting(sure, X, sure.heads[0]) as target:
        assert target.scale == 1


def test_a_backward_pass_that_fails_is_one_clear_error() -> None:
    class Broken(torch.autograd.Function):
        @staticmethod
        def forward(_, x):
            return x.sum(1)

        @staticmethod
        def backward(*_):
            raise KeyError("lost")

    found = opened(regression(Broken.apply), X)
    assert isinstance(found, Target)
    assert found.obstacle == "The backward pass of the model failed (KeyError: 'lost')."


def test_a_forward_that_fails_is_the_users_to_see() -> None:
    model = wrap(nn.Linear(3, 1), task="regression")
    with pytest.raises(ModelError, match="it takes 3 features"):
        opened(model, X)
