"""A copy of a module that has shapes and no numbers: it computes nothing, and takes no memory."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

_META = torch.device("meta")


def meta_copy(module: nn.Module) -> nn.Module:
    """A deep copy on the device `meta`; of the module itself no number is copied or changed.

    Tensors that hang on a module without being registered are copied too, as shapes.

    Args:
        module: in the mode in which it is to be asked; a compiled one is taken as it was written.

    Raises:
        TypeError: some tensor of it cannot be copied without its numbers. A module may hold
            anything, so that copying it may raise any other error too.

    >>> meta_copy(nn.Linear(3, 2)).weight.device
    device(type='meta')
    """
    plain = getattr(module, "_orig_mod", module)
    copied: nn.Module = copy.deepcopy(plain, _shapes_of(plain))
    if any(not held.is_meta for held in (*copied.parameters(), *copied.buffers())):
        raise TypeError("some of its tensors cannot be copied without their numbers")
    return copied


def _shapes_of(module: nn.Module) -> dict[int, Any]:
    """Memory of `copy.deepcopy`: for each tensor, what stands for it in the copy."""
    found: dict[int, Any] = {}
    for part in module.modules():
        loose = [value for value in vars(part).values() if isinstance(value, Tensor)]
        for tensor in (*part.parameters(False), *part.buffers(False), *loose):
            if id(tensor) not in found:
                found[id(tensor)] = _shape(tensor)
    return found


def _shape(tensor: Tensor) -> Tensor:
    bare = tensor.detach().to(_META)
    return nn.Parameter(bare, requires_grad=False) if isinstance(tensor, nn.Parameter) else bare
