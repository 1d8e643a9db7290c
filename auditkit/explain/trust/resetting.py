"""Layers of a model with random weights, and afterwards with their own again, to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from auditkit.errors import ModelError
from auditkit.explain.target import Target
from auditkit.models.dropout import seeded


@dataclass(frozen=True, eq=False)
class Layer:
    """A part of a model that has weights of its own.

    Attributes:
        name: as PyTorch names it; "" for the model itself.
        module: the part.
    """

    name: str
    module: nn.Module


def why_no_reset(module: object) -> str:
    """Why the weights of a model cannot be drawn anew; "" if they can. A full sentence.

    >>> why_no_reset(nn.Linear(2, 2))
    ''
    >>> why_no_reset(nn.ReLU())
    'The model has no weights of floating-point numbers that could be drawn anew.'
    """
    if not isinstance(module, nn.Module):
        return "The model is no torch module here, so its weights are out of reach."
    if any(isinstance(part, torch.jit.ScriptModule) for part in module.modules()):
        return (
            "The model, or a part of it, is scripted or traced: weights may be built into its code."
        )
    held = [*module.parameters(), *module.buffers()]
    if any(is_lazy(tensor) for tensor in held):
        return "The model has lazy layers whose weights do not exist yet."
    if _quantised(module):
        return "The model is quantised: its weights are packed, and not drawn anew by themselves."
    if any(tensor.is_meta for tensor in held):
        return "Some weights of the model have no values."
    if any(tensor.is_inference() for tensor in held):
        return "The weights were made in inference mode, where they can't be changed and restored."
    if not any(parameter.is_floating_point() for parameter in module.parameters()):
        return "The model has no weights of floating-point numbers that could be drawn anew."
    return ""


def _quantised(module: nn.Module) -> bool:
    whole = any(
        not parameter.is_floating_point() and not parameter.is_complex()
        for parameter in module.parameters()
    )
    return whole or any(
        "quantized" in type(part).__module__ or hasattr(part, "_packed_params")
        for part in module.modules()
    )


def layers(target: Target) -> tuple[Layer, ...]:
    """The layers that have weights, from the output to the input.

    In the order in which a unit passes them; those that are never called, such as a weight that the
    forward multiplies with itself, have the place in which the model lists them.

    Args:
        target: whose module has weights, see `why_no_reset`.

    Raises:
        ModelError: the model could not take its inputs.
    """
    module = target.module
    assert module is not None
    found = [Layer(name, part) for name, part in module.named_modules() if _own(part)]
    called = _called(target, [layer.module for layer in found])
    place = {id(layer.module): index for index, layer in enumerate(found)}
    times = [called.get(id(layer.module)) for layer in found]
    latest = -1
    keys = []
    for layer, time in zip(found, times, strict=True):
        # A part that is not called stands right after the one that is listed before it.
        latest = latest if time is None else time
        keys.append((latest, place[id(layer.module)]))
    order = sorted(range(len(found)), key=lambda index: keys[index], reverse=True)
    return tuple(found[index] for index in order)


def _called(target: Target, parts: Iterable[nn.Module]) -> dict[int, int]:
    """When each part was called last, counted from 0, as one unit passes the model."""
    times: dict[int, int] = {}
    count = 0

    def note(part: nn.Module, arguments: Any) -> None:
        nonlocal count
        del arguments
        times[id(part)] = count
        count += 1

    one = target.every[:1]
    with ExitStack() as stack, torch.no_grad():
        for part in parts:
            stack.callback(part.register_forward_pre_hook(note).remove)
        target.outputs(tuple(tensor[one] for tensor in target.inputs), one)
    return times


@contextmanager
def reset(parts: Sequence[Layer], seed: int, draw: int = 0) -> Iterator[None]:
    """Layers with weights drawn anew; afterwards with their own, whatever happens in between.

    A layer that knows how to begin anew (`reset_parameters`) does so; what that leaves as it was,
    and the weights of all others, are put into a random order within each tensor, so that they keep
    their size and lose what was learned. The random numbers of a layer depend on the seed, the draw
    and its place alone, and the global ones are left as they are.

    Values, the tensors themselves (tied weights stay tied), buffers and `requires_grad` are
    restored. A weight whose values are all equal has no order to lose, and stays.

    Args:
        parts: from the output to the input; the first ones of `layers`.
        seed: of the run.
        draw: which of several.

    Raises:
        ModelError: the `reset_parameters` of a layer failed.
    """
    with ExitStack() as undo:
        for restore in _remembered(parts):
            undo.callback(restore)
        for place, layer in enumerate(parts):
            with seeded(seed, draw, place), torch.no_grad():
                _draw(layer)
        yield


def _draw(layer: Layer) -> None:
    own = _own(layer.module)
    before = [parameter.clone() for parameter in own]
    anew = getattr(layer.module, "reset_parameters", None)
    if callable(anew):
        try:
            anew()
        except Exception as error:  # a layer may be the user's code
            raise ModelError(
                f"reset_parameters of the layer {layer.name!r} failed "
                f"({type(error).__name__}: {error}).",
                mend="Let it draw the layer's weights anew, without arguments.",
            ) from error
    now = _own(layer.module)
    if len(now) != len(own):
        raise ModelError(
            f"reset_parameters of the layer {layer.name!r} took weights away.",
            mend="Let it draw the layer's weights anew, without arguments.",
        )
    for parameter, was in zip(now, before, strict=True):
        if torch.equal(parameter, was):
            order = torch.randperm(was.numel()).to(was.device)
            parameter.copy_(was.flatten()[order].reshape(was.shape))


def _own(part: nn.Module) -> list[nn.Parameter]:
    """The weights of a part that belong to no part of it."""
    return [one for one in part.parameters(recurse=False) if one.is_floating_point()]


def _remembered(parts: Sequence[Layer]) -> Iterator[Callable[[], None]]:
    """What restores each table of weights, and each weight, once."""
    seen: set[int] = set()
    for layer in parts:
        for part in layer.module.modules():
            for table in (part._parameters, part._buffers):
                if id(table) in seen:
                    continue
                seen.add(id(table))
                yield _table(table)
                for tensor in table.values():
                    if tensor is not None and id(tensor) not in seen:
                        seen.add(id(tensor))
                        yield _values(tensor)


def _table(table: dict[str, Any]) -> Callable[[], None]:
    held = dict(table)

    def restore() -> None:
        table.clear()
        table.update(held)

    return restore


def _values(tensor: Tensor) -> Callable[[], None]:
    # Through .data: autograd would count the change, and the tensor may lie in another's storage.
    data, kept, required = tensor.data, tensor.detach().clone(), tensor.requires_grad

    def restore() -> None:
        tensor.data = data
        data.copy_(kept)
        if tensor.requires_grad is not required:
            tensor.requires_grad_(required)

    return restore
