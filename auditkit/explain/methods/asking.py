"""How Captum asks a target: the units' places go along as the last argument.

Captum repeats additional arguments as it repeats inputs; so masks, token ids and the index of the
explained output find their rows, however often a unit is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from auditkit.explain.target import Target, Tensors

CHUNK = 64
"""Rows that a perturbation method asks about at once, where the settings name no number."""


def asker(target: Target) -> Callable[..., Tensor]:
    """What Captum calls: the tensors in the place of the inputs, then the places of their units.

    Returns:
        A function to [m], the explained number.
    """

    def ask(*arguments: Tensor) -> Tensor:
        *tensors, rows = arguments
        pairs = zip(tensors, target.inputs, strict=True)
        # Captum draws its noise in single precision, whatever the model's.
        return target.value(tuple(one.to(own.dtype) for one, own in pairs), rows)

    return ask


class Asked(nn.Module):
    """The same as a module, for the methods that hang hooks into one.

    Attributes:
        inner: the audited module, which Captum finds here.
    """

    def __init__(self, target: Target) -> None:
        super().__init__()
        assert target.module is not None
        self.inner = target.module
        self._target = target

    def forward(self, *arguments: Tensor) -> Tensor:
        """[m] the explained number; see `asker`."""
        *tensors, rows = arguments
        return self._target.value(tuple(tensors), rows)


def sum_gradient(
    forward_fn: Callable[..., Any],
    inputs: Tensors | Tensor,
    target_ind: Any = None,
    additional_forward_args: Any = None,
) -> Tensors:
    """In the place of Captum's `gradient_func`: one root for all rows, where Captum has one each.

    The gradient of a sum is the gradient of each unit where no unit sees another, to the last bit.

    Args:
        forward_fn: as Captum gives it, which names its arguments.
        inputs: which require gradients.
        target_ind: index of the output, as Captum gives it.
        additional_forward_args: likewise.

    Example:
        >>> one = torch.tensor([[3.0], [4.0]], requires_grad=True)
        >>> sum_gradient(lambda x: x[:, 0] ** 2, (one,))[0].tolist()
        [[6.0], [8.0]]
    """
    from captum._utils.common import _run_forward

    with torch.enable_grad():
        outputs = _run_forward(forward_fn, inputs, target_ind, additional_forward_args)
        return torch.autograd.grad(outputs.sum(), inputs)


def slices(target: Target, size: int) -> Iterator[Target]:
    """The target in parts of so many units; the last one may be smaller."""
    for start in range(0, target.units, size):
        yield target.part(target.every[start : start + size])


def marked(tensors: Tensors) -> Tensors:
    """Copies that require gradients: Captum leaves its mark on what it is given."""
    return tuple(tensor.detach().clone().requires_grad_() for tensor in tensors)


def joined(parts: list[Tensors]) -> Tensors:
    """Tensors of several parts of the units, put together on the CPU."""
    return tuple(
        torch.cat([tensor.detach().cpu() for tensor in column])
        for column in zip(*parts, strict=True)
    )
