"""Layers by name: which one stands for what the model makes of its input, and what it computes.

A layer is named as PyTorch names it (`encoder.2`), for its output, or as `input of encoder.2`, for
what goes into it. A hook listens while the model is used in the ordinary way, and is gone after.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from auditkit.errors import ConfigurationError

_INPUT = "input of "
_SHOWN = 12
_MEND = "declare model.layer, the name of the one whose output is to be looked at"


def find_layer(module: nn.Module | None, declared: str | None) -> tuple[str, str]:
    """The layer to listen to, and "", or "" and the reason why there is none.

    Without a declaration it is the input of the last layer with weights, where that is a `Linear`:
    the penultimate layer of most classifiers (of several outputs, what the last one registered is
    made of). Layers are looked at and not called.

    Args:
        module: the model; None where it is no module.
        declared: the name that the user gave, if any.

    Raises:
        ConfigurationError: the model has no layer of that name; or is no module, and has none.

    Example:
        >>> network = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1), nn.Sigmoid())
        >>> find_layer(network, None)
        ('input of 2', '')
        >>> find_layer(network, "1")
        ('1', '')
    """
    if module is None:
        if declared is not None:
            raise ConfigurationError(
                f"The layer {declared!r} was declared of a model that is no torch module.",
                mend="Leave it out, or give the module itself.",
            )
        return "", "The model is no torch module, so its layers are not seen."
    if reason := _deaf(module):
        return "", reason
    if declared is None:
        return _penultimate(module)
    _look_up(module, declared)
    return declared, ""


def _deaf(module: nn.Module) -> str:
    """Why a hook would never be called; "" if it would."""
    if isinstance(module, torch.jit.ScriptModule):
        return "The model is TorchScript, whose layers refuse hooks; audit the module it came from."
    if isinstance(module, torch.fx.GraphModule):
        return "The model is a graph without layers of its own; audit the module it came from."
    if type(module).__name__ == "OptimizedModule":
        return "The model is compiled, and passes hooks by; audit the module before it is compiled."
    return ""


def _penultimate(module: nn.Module) -> tuple[str, str]:
    weighing = [(name, part) for name, part in _parts(module) if part._parameters]
    if len(weighing) < 2:
        return "", f"Fewer than two layers of the model have weights of their own; {_MEND}."
    name, last = weighing[-1]
    if not isinstance(last, nn.Linear):
        kind = type(last).__name__
        return "", f"The last layer with weights, {name!r}, is no Linear but a {kind}; {_MEND}."
    return f"{_INPUT}{name}", ""


def _parts(module: nn.Module, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    """All modules with their names, whatever a class makes of `named_modules`; each once."""
    seen: set[int] = set()
    waiting = [(name, module)]
    while waiting:
        name, part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield name, part
        prefix = f"{name}." if name else ""
        inner = [(f"{prefix}{key}", one) for key, one in part._modules.items() if one is not None]
        waiting.extend(reversed(inner))


def _look_up(module: nn.Module, layer: str) -> nn.Module:
    name = layer.removeprefix(_INPUT)
    for found, part in _parts(module):
        if found == name and found:
            return part
    names = [found for found, _ in _parts(module) if found]
    close = difflib.get_close_matches(name, names, n=3)
    # A large network has hundreds of layers: the nearest names, or else the last ones.
    shown = close or names[-_SHOWN:]
    raise ConfigurationError(
        f"The model {type(module).__name__} has no layer {name!r}; "
        f"{'near it' if close else 'the last of its layers'} are {', '.join(map(repr, shown))}.",
        mend="Declare a layer that it has.",
    )


class Heard:
    """What a layer computed in the last pass.

    Attributes:
        tensor: as the layer returned or took it; None if it was not called, or without a tensor.
        channels_first: whether three axes mean (units, channels, length).
    """

    def __init__(self, part: nn.Module) -> None:
        self.tensor: Tensor | None = None
        self.channels_first = type(part).__name__.endswith("1d")

    def note(self, value: Any) -> None:
        """Keep the first tensor of a value."""
        self.tensor = _first_tensor(value)

    def embedding(self, rows: Tensor) -> Tensor:
        """One vector for each of some units, float32 of shape (rows, d).

        Further axes are averaged: the tokens of (units, tokens, d), the length of (units, d,
        length) after a one-dimensional layer (`Conv1d` …), and the space of (units, d, height,
        width). Padded tokens count like others.

        Args:
            rows: positions of units, int64, on any device.
        """
        assert self.tensor is not None
        chosen = self.tensor.detach()[rows.to(self.tensor.device)].float()
        if chosen.ndim == 3 and not self.channels_first:
            return chosen.mean(dim=1)
        if chosen.ndim == 1:
            return chosen[:, None]
        return chosen.flatten(2).mean(dim=2) if chosen.ndim > 2 else chosen

    def lack(self, layer: str, units: int) -> str:
        """Why there is no embedding of this many units; "" if there is."""
        if self.tensor is None:
            return f"The layer {layer!r} took no part in the model's answers, or gave no tensor."
        if self.tensor.ndim < 1 or len(self.tensor) != units or self.tensor.is_complex():
            shape = list(self.tensor.shape)
            return (
                f"The layer {layer!r} has a tensor of shape {shape} for {units} units: its first "
                "axis is not that of the units."
            )
        return ""


def _first_tensor(value: Any) -> Tensor | None:
    if isinstance(value, Tensor):
        return value
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple | list):
        return next((one for part in value if (one := _first_tensor(part)) is not None), None)
    return None


@contextmanager
def listening(module: nn.Module, layer: str) -> Iterator[Heard]:
    """While the context lasts, what a layer computes is heard; of several calls, the last.

    Args:
        module: the model.
        layer: a name that `find_layer` has returned.

    Raises:
        ConfigurationError: there is no such layer.

    Example:
        >>> network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4, 1))
        >>> with listening(network, "0") as heard:
        ...     _ = network(torch.zeros(2, 1, 3, 3))
        >>> heard.embedding(torch.arange(2)).shape
        torch.Size([2, 4])
    """
    part = _look_up(module, layer)
    heard = Heard(part)
    if layer.startswith(_INPUT):
        handle = part.register_forward_pre_hook(
            lambda _, positional, named: heard.note((positional, named)), with_kwargs=True
        )
    else:
        handle = part.register_forward_hook(lambda _, __, returned: heard.note(returned))
    try:
        yield heard
    finally:
        handle.remove()
