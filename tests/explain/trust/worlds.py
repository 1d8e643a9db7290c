"""Small models, and methods of which it is known how good they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from auditkit.explain.method import Family, Maps, Method, Settings
from auditkit.explain.target import NotExplainable, Target, targeting
from auditkit.models import wrap


def maps_of(values, gradients: float = 0.0, forwards: float = 0.0, **more) -> Maps:
    shown = torch.ones(len(values[0]), dtype=torch.bool)
    return Maps(
        tuple(values), more.pop("shown", shown), gradients=gradients, forwards=forwards, **more
    )


def method(name: str, attribute, family: Family = Family.GRADIENT, **more) -> Method:
    return Method(name, name.replace("_", " "), family, "a test", attribute, **more)


def _gradient(target: Target, settings: Settings) -> Maps:
    return maps_of(target.gradient(target.inputs, target.every)[1], gradients=1)


def _times_input(target: Target, settings: Settings) -> Maps:
    found = target.gradient(target.inputs, target.every)[1]
    apart = [one - base for one, base in zip(target.inputs, target.baseline, strict=True)]
    return maps_of([g * d for g, d in zip(found, apart, strict=True)], gradients=1)


def _input_only(target: Target, settings: Settings) -> Maps:
    return maps_of([one.abs() for one in target.inputs])


def _random(target: Target, settings: Settings) -> Maps:
    made = torch.Generator().manual_seed(settings.seed + 99)
    return maps_of([torch.rand(one.shape, generator=made) for one in target.inputs])


def _backwards(target: Target, settings: Settings) -> Maps:
    found = _times_input(target, settings).values
    return maps_of([1 / (one.abs() + 1e-3) for one in found], gradients=1)


GRADIENT = method("gradient", _gradient)
TIMES_INPUT = method("times_input", _times_input, times_input=True)
INPUT_ONLY = method("input_only", _input_only, Family.PERTURBATION, needs_gradient=False)
RANDOM = method("random", _random, Family.ACTIVATION, needs_gradient=False)
BACKWARDS = method("backwards", _backwards, Family.PATH, times_input=True)
ZERO = method("zero", lambda target, settings: maps_of([0 * one for one in target.inputs]))
NONE = method("none", lambda target, settings: NotExplainable("There is no rule for this layer."))


@contextmanager
def opened(module: nn.Module, inputs, task: str = "multiclass", **options) -> Iterator[Target]:
    named = {"outputs": "logits"} if task != "regression" else {}
    if task == "multiclass":
        named["classes"] = tuple(f"class {one}" for one in range(options.pop("classes", 3)))
    model = wrap(module, task=task, device="cpu", **named)
    with targeting(model, inputs, model.heads[0], **options) as target:
        assert isinstance(target, Target), target
        yield target


def table(n: int = 48, columns: int = 16, seed: int = 0) -> torch.Tensor:
    """Columns that all have one scale, and none at the baseline."""
    made = torch.Generator().manual_seed(seed)
    sign = torch.randint(0, 2, (n, columns), generator=made) * 2 - 1
    return sign * (1 + 0.1 * torch.rand((n, columns), generator=made))


def network(columns: int = 16, outputs: int = 3) -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Linear(columns, 32), nn.Tanh(), nn.Linear(32, 24), nn.Tanh(), nn.Linear(24, outputs)
    )


class Linear(nn.Module):
    """One number, with weights that differ from each other by much."""

    def __init__(self, columns: int = 16) -> None:
        super().__init__()
        self.only = nn.Linear(columns, 1)
        with torch.no_grad():
            self.only.weight.copy_(0.7 ** torch.arange(columns)[None])
            self.only.bias.zero_()

    def forward(self, x):
        return self.only(x)[:, 0]


def state_of(module: nn.Module) -> dict[str, tuple[bytes, bool, int]]:
    """Every bit of a module, who needs gradients, and which tensor it is."""
    held = [*module.named_parameters(remove_duplicate=False), *module.named_buffers()]
    return {
        name: (one.detach().numpy().tobytes(), one.requires_grad, id(one)) for name, one in held
    }
