"""A module is borrowed and given back as it came, whatever happens in between.

Each `_remember_*` function looks at one thing and returns the function that restores it; an
`ExitStack` runs these in reverse order, each of them even if another one fails.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

Restore = Callable[[], None]

_HOOKS = (
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)
_PARAMETER_HOOKS = ("_backward_hooks", "_post_accumulate_grad_hooks")
_MEMBERS = ("_parameters", "_buffers", "_modules")


@contextmanager
def borrowed(module: nn.Module, device: torch.device | None = None) -> Iterator[nn.Module]:
    """The module in eval mode, on a device, its parameters frozen; afterwards as it came.

    Restored are: the mode of every submodule, `requires_grad` and gradients, hooks of modules and
    parameters, which parameters, buffers and submodules there are, the tensors they hold if the
    module was moved, and the random states of torch (CPU and CUDA), NumPy and Python. Values that
    somebody writes into the module's own tensors are not: `auditkit.models.digest` finds those.

    Args:
        module: any module; it may be compiled, scripted or exported.
        device: where it is needed; None leaves it where it is.
    """
    if device is not None and device.type == "cuda":
        # Else there is no random state to remember yet.
        torch.cuda.init()  # type: ignore[no-untyped-call]
    with ExitStack() as undo:
        undo.callback(_remember_random_states())
        undo.callback(_remember_hooks(module))
        undo.callback(_freeze(module))
        if device is not None:
            undo.callback(_remember_tensors(module))
            module.to(device)
        undo.callback(_remember_modes(module))
        _evaluate(module)
        yield module


@contextmanager
def random_states_kept() -> Iterator[None]:
    """The random states of torch, NumPy and Python are afterwards what they were."""
    restore = _remember_random_states()
    try:
        yield
    finally:
        restore()


def _evaluate(module: nn.Module) -> None:
    try:
        module.eval()
    except NotImplementedError:
        # An exported program has the mode in which it was exported, and no other.
        return


def _remember_random_states() -> Restore:
    cpu, numpy_state, python = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002 - the global generator is what has to be left alone
    started = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    cuda = torch.cuda.get_rng_state_all() if started else None

    def restore() -> None:
        torch.set_rng_state(cpu)
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)

    return restore


def _remember_modes(module: nn.Module) -> Restore:
    modes = [(part, part.training) for part in module.modules()]
    was_training = module.training

    def restore() -> None:
        if was_training:
            # Some layers do more in train() than to set a flag: those with low-rank adapters take
            # the adapters out of the weights again.
            _train(module)
        for part, training in modes:
            part.training = training

    return restore


def _train(module: nn.Module) -> None:
    try:
        module.train()
    except NotImplementedError:
        return  # exported, as in _evaluate


def _freeze(module: nn.Module) -> Restore:
    """Take the gradients away, so that nothing is added to them, and put them back."""
    # One made in inference mode never has a gradient, and its flag could not be set again.
    held = [
        (parameter, parameter.requires_grad, parameter.grad)
        for parameter in _parameters(module)
        if not parameter.is_inference()
    ]
    for parameter, required, _ in held:
        parameter.grad = None
        if required:
            parameter.requires_grad_(False)

    def restore() -> None:
        for parameter, required, gradient in held:
            if parameter.requires_grad is not required:
                parameter.requires_grad_(required)
            parameter.grad = gradient

    return restore


def _parameters(module: nn.Module) -> list[nn.Parameter]:
    return list(module.parameters())


def _remember_hooks(module: nn.Module) -> Restore:
    tables = [
        (table, list(table.items()))
        for part in module.modules()
        for name in _HOOKS
        if isinstance(table := getattr(part, name, None), MutableMapping)
    ]
    members = [
        (table, dict(table.items()))
        for part in module.modules()
        for name in _MEMBERS
        if isinstance(table := getattr(part, name, None), MutableMapping)
    ]
    of_parameters = [
        (parameter, name, _copy(getattr(parameter, name, None)))
        for parameter in _parameters(module)
        for name in _PARAMETER_HOOKS
    ]

    def restore() -> None:
        for table, items in tables:
            if list(table.items()) != items:
                table.clear()
                table.update(items)
        for table, held in members:
            _put_back(table, held)
        for parameter, name, held_hooks in of_parameters:
            _put_hooks_back(parameter, name, held_hooks)

    return restore


def _copy(table: MutableMapping[Any, Any] | None) -> dict[Any, Any] | None:
    return None if table is None else dict(table)


def _put_back(table: MutableMapping[str, Any], held: dict[str, Any]) -> None:
    """Compare by identity: comparing tensors would compare their elements."""
    same_keys = list(table) == list(held)
    if same_keys and all(table[name] is value for name, value in held.items()):
        return
    if not same_keys:
        table.clear()
    for name, value in held.items():
        table[name] = value


def _put_hooks_back(parameter: nn.Parameter, name: str, held: dict[Any, Any] | None) -> None:
    table = getattr(parameter, name, None)
    if _copy(table) == held:
        return
    if table is not None:
        table.clear()
        table.update(held or {})
    if held is None:
        setattr(parameter, name, None)


def _remember_tensors(module: nn.Module) -> Restore:
    """The tensors themselves, not their values: moving back would copy, and could be incomplete."""
    parameters = [(parameter, parameter.data) for parameter in _parameters(module)]
    buffers = [
        (part, name, buffer)
        for part in module.modules()
        for name, buffer in list(part._buffers.items())
        if buffer is not None
    ]

    def restore() -> None:
        for parameter, data in parameters:
            parameter.data = data
        for part, name, buffer in buffers:
            part._buffers[name] = buffer

    return restore
