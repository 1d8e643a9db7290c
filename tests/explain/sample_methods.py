"""Small networks of every family, and a target opened on one of them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from auditkit.explain.method import Maps, Settings
from auditkit.explain.methods import METHODS
from auditkit.explain.target import NotExplainable, Target, targeting
from auditkit.models import wrap

QUICK = Settings(samples=4, regions=8)
OWN = tuple(
    name for name in METHODS if name not in ("integrated_gradients", "saliency", "input_x_gradient")
)
"""The methods of this folder, without those of the path integrator."""


@contextmanager
def opened(
    module: Any, x: Any, targets: Tensor | None = None, /, **declared: Any
) -> Iterator[Target]:
    """A module of three classes with logits, unless something else is declared, as a target."""
    baseline = declared.pop("baseline", None)
    usual = {"task": "multiclass", "outputs": "logits", "classes": ("a", "b", "c")}
    model = wrap(module, **(declared if "task" in declared else {**usual, **declared}))
    with targeting(model, x, model.heads[0], targets, baseline=baseline) as target:
        assert isinstance(target, Target), target
        yield target


def maps(name: str, target: Target, settings: Settings = QUICK) -> Maps:
    """The maps of a method that has some."""
    found = METHODS[name](target, settings)
    assert isinstance(found, Maps), found
    return found


def refusal(name: str, target: Target, settings: Settings = QUICK) -> str:
    """Why a method has no maps."""
    found = METHODS[name](target, settings)
    assert isinstance(found, NotExplainable), found
    assert found.reason.endswith("."), found.reason
    return found.reason


class Linear(nn.Module):
    """A number that is linear in one or several inputs of any shape."""

    def __init__(self, *weights: Tensor) -> None:
        super().__init__()
        self.weights = nn.ParameterList(weights)

    def forward(self, *inputs: Tensor) -> Tensor:
        pairs = zip(inputs, self.weights, strict=True)
        return torch.stack([(x * w).flatten(1).sum(1) for x, w in pairs]).sum(0) + 0.7


def scripted(module: nn.Module) -> nn.Module:
    """The same as TorchScript."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.script(module)


def mlp(features: int = 6, classes: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(features, 16),
        nn.ReLU(),
        nn.Linear(16, 16),
        nn.Tanh(),
        nn.Linear(16, classes),
    )


def cnn() -> nn.Sequential:
    """For [n, 1, 8, 8]; begins with a ReLU that works in place after its convolution."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 8, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(128, 3),
    )


class Recurrent(nn.Module):
    """For [n, steps, 4]."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.LSTM(4, 8, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.inner(x)[0][:, -1])


class Attentive(nn.Module):
    """For [n, steps, 4]."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.TransformerEncoderLayer(4, 2, 16, batch_first=True)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.inner(x).mean(1))


class Functional(nn.Module):
    """A multilayer perceptron whose nonlinearity is a function and no layer."""

    def __init__(self, function: Any, features: int = 6) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(features, 16), nn.Linear(16, 3)
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.function(self.first(x)))


class Reused(nn.Module):
    """The same ReLU twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Linear(6, 16), nn.Linear(16, 16), nn.Linear(16, 3)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.relu(self.second(self.relu(self.first(x)))))


class Text(nn.Module):
    """For token ids [n, positions] and a mask; 0 pads, 1 begins, 2 is the mask token."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(30, 5, padding_idx=0)
        self.inner = nn.Linear(5, 8)
        self.relu = nn.ReLU()
        self.head = nn.Linear(8, 3)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        weight = attention_mask[..., None].float()
        hidden = self.relu(self.inner(self.embedding(input_ids))) * weight
        return self.head(hidden.sum(1) / weight.sum(1))


def sentences() -> dict[str, Tensor]:
    ids = torch.tensor([[1, 7, 9, 12, 0, 0], [1, 5, 5, 20, 21, 0], [1, 29, 8, 3, 4, 6]])
    return {"input_ids": ids, "attention_mask": (ids != 0).long()}


TEXT = {"inputs": {"medium": "text", "neutral": 2, "special": (0, 1)}}
