"""A layer is found by name or by its place, heard, and left as it came."""

from __future__ import annotations

from collections import OrderedDict

import pytest
import torch
from torch import nn

from auditkit.errors import ConfigurationError
from auditkit.models import stored_predictions, wrap
from auditkit.models.layers import find_layer, listening


class Encoder(nn.Module):
    """Tokens in, a tuple out, as recurrent and attention layers give it."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.GRU(3, 5, batch_first=True)

    def forward(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.layer(tokens)


class Reader(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.unused = nn.Linear(5, 2)
        self.head = nn.Linear(5, 1)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.head(self.encoder(tokens)[0][:, -1])


def convolutional() -> nn.Sequential:
    body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
    return nn.Sequential(OrderedDict(body=body, flat=nn.Flatten(), head=nn.Linear(4, 2)))


def rows(n: int) -> torch.Tensor:
    return torch.arange(n)


def test_the_penultimate_layer_is_found_without_a_call() -> None:
    class Refusing(nn.Sequential):
        def forward(self, *_: object) -> object:
            raise AssertionError("was called")

        def named_modules(self, *_: object, **__: object) -> object:
            raise AssertionError("was asked")

    network = Refusing(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
    assert find_layer(network, None) == ("input of 2", "")
    assert find_layer(convolutional(), None) == ("input of head", "")


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (
            nn.Sequential(nn.Linear(3, 3), nn.Conv1d(1, 1, 1)),
            "The last layer with weights, '1', is no Linear but a Conv1d; declare model.layer, the "
            "name of the one whose output is to be looked at.",
        ),
        (
            nn.Linear(3, 2),
            "Fewer than two layers of the model have weights of their own; declare model.layer, "
            "the name of the one whose output is to be looked at.",
        ),
        (
            torch.fx.symbolic_trace(nn.Sequential(nn.Linear(3, 1))),
            "The model is a graph without layers of its own; audit the module it came from.",
        ),
        (
            torch.compile(nn.Sequential(nn.Linear(3, 1)), backend="eager"),
            "The model is compiled, and passes hooks by; audit the module before it is compiled.",
        ),
    ],
)
def test_where_there_is_none_the_reason_is_said(network: nn.Module, reason: str) -> None:
    assert find_layer(network, None) == ("", reason)


@pytest.mark.filterwarnings("ignore:`torch.jit")
def test_torchscript_refuses_hooks() -> None:
    scripted = torch.jit.trace(nn.Sequential(nn.Linear(3, 1)), torch.zeros(1, 3))
    model = wrap(scripted, task="binary", outputs="logits", device="cpu", layer="0")
    assert model.layer == ""
    assert not model.capabilities.embeds
    assert model.capabilities.reasons["embeds"].startswith("The model is TorchScript, whose layers")
    assert model.describe()["capabilities"]["embeds"] is False


def test_what_is_no_module_has_no_layers() -> None:
    model = wrap(lambda inputs: inputs, task="regression")
    assert (model.layer, model.capabilities.embeds) == ("", False)
    assert not stored_predictions({"": "score"}, task="regression").capabilities.embeds
    with pytest.raises(ConfigurationError) as caught:
        wrap(lambda inputs: inputs, task="regression", layer="encoder")
    assert str(caught.value) == (
        "The layer 'encoder' was declared of a model that is no torch module. Leave it out, or "
        "give the module itself."
    )


def test_an_unknown_name_lists_those_near_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        wrap(Reader(), task="binary", outputs="logits", device="cpu", layer="encoder.layers")
    assert str(caught.value) == (
        "The model Reader has no layer 'encoder.layers'; near it are 'encoder.layer', 'encoder'. "
        "Declare a layer that it has."
    )
    with pytest.raises(ConfigurationError, match=r"the last of its layers are .*'unused', 'head'"):
        find_layer(Reader(), "zzz")
    with pytest.raises(ConfigurationError, match="has no layer ''"):
        find_layer(Reader(), "")


def test_a_declared_layer_is_part_of_what_the_model_is() -> None:
    declared = wrap(Reader(), task="binary", outputs="logits", device="cpu", layer="encoder.layer")
    assert declared.describe()["layer"] == "encoder.layer"
    found = wrap(Reader(), task="binary", outputs="logits", device="cpu")
    assert found.describe()["layer"] == "input of head"


def test_further_axes_are_averaged() -> None:
    network, images = convolutional(), torch.randn(6, 1, 3, 3)
    with torch.no_grad(), listening(network, "body.0") as heard:
        network(images)
    expected = network.body[0](images).mean(dim=(2, 3)).detach()
    torch.testing.assert_close(heard.embedding(rows(6)), expected)

    reader, tokens = Reader(), torch.randn(4, 7, 3)
    with torch.no_grad(), listening(reader, "encoder.layer") as heard:
        reader(tokens)
    expected = reader.encoder(tokens)[0].mean(dim=1).detach()
    torch.testing.assert_close(heard.embedding(torch.tensor([3, 0])), expected[[3, 0]])

    series, signal = nn.Sequential(nn.Conv1d(2, 5, 3), nn.Flatten()), torch.randn(4, 2, 9)
    with torch.no_grad(), listening(series, "0") as heard:
        series(signal)
    expected = series[0](signal).mean(dim=2).detach()
    torch.testing.assert_close(heard.embedding(rows(4)), expected)


def test_the_input_of_a_layer() -> None:
    network, images = convolutional(), torch.randn(6, 1, 3, 3)
    with torch.no_grad(), listening(network, "input of head") as heard:
        network(images)
    torch.testing.assert_close(heard.embedding(rows(6)), network[:2](images).detach())
    one = nn.Sequential(nn.Flatten(0), nn.Sigmoid())
    with listening(one, "0") as heard:
        one(torch.zeros(3, 1))
    assert heard.embedding(rows(3)).shape == (3, 1)


def test_why_a_layer_gives_nothing() -> None:
    reader = Reader()
    with listening(reader, "unused") as heard:
        reader(torch.randn(4, 7, 3))
    assert heard.lack("unused", 4) == (
        "The layer 'unused' took no part in the model's answers, or gave no tensor."
    )
    with listening(reader, "head") as heard:
        reader(torch.randn(4, 7, 3))
    assert heard.lack("head", 4) == ""
    assert heard.lack("head", 5) == (
        "The layer 'head' has a tensor of shape [4, 1] for 5 units: its first axis is not that of "
        "the units."
    )


def test_hooks_are_gone_even_if_the_model_breaks_off() -> None:
    reader = Reader()
    mine = reader.head.register_forward_hook(lambda *_: None)
    before = dict(reader.head._forward_hooks)
    for layer in ("head", "input of head"):
        with pytest.raises((ValueError, RuntimeError)), listening(reader, layer):
            reader(torch.zeros(1))
        assert dict(reader.head._forward_hooks) == before
        assert not reader.head._forward_pre_hooks
        assert not reader.head._forward_pre_hooks_with_kwargs
    mine.remove()


def test_a_layer_called_by_keyword() -> None:
    class ByName(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(2, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(input=x)

    network = ByName()
    with listening(network, "input of head") as heard:
        network(torch.ones(3, 2))
    assert heard.embedding(rows(3)).tolist() == [[1, 1]] * 3
