"""Where a model runs: on the best device, on a named one, or where it already lies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from auditkit.errors import ConfigurationError, ModelError


@dataclass(frozen=True)
class Placement:
    """Where a module runs.

    Attributes:
        device: where inputs go.
        move: whether the module is moved there while it is borrowed.
        kept: why it stays where it is, and so is supported by its forward alone; "" if it is an
            ordinary module.
    """

    device: torch.device
    move: bool
    kept: str = ""


def place(module: nn.Module, requested: str | torch.device) -> Placement:
    """Decide where a module runs.

    Args:
        module: the model.
        requested: `auto` (CUDA if there is one, else the CPU; a module that must not be moved stays
            where it is), `keep`, or the name of a device.

    Raises:
        ConfigurationError: no such device here, or a device named for a module that is spread over
            several devices, sharded or quantised.
        ModelError: the weights hold no values.
    """
    obstacle = _obstacle(module)
    if _is_empty(module):
        raise ModelError(
            "The model's weights are on the meta device: they have shapes, but no values.",
            mend="Load the weights before wrapping the model.",
        )
    if requested == "keep" or (requested == "auto" and obstacle):
        return Placement(_first_device(module), False, obstacle or "it was asked to stay (keep)")
    if obstacle:
        raise ConfigurationError(
            f"The model was asked to run on {str(requested)!r}, but {obstacle}.",
            mend="Give device='keep'.",
        )
    device = _best() if requested == "auto" else named_device(requested)
    return Placement(device, move=_devices(module) != {device})


def named_device(requested: str | torch.device) -> torch.device:
    """The device of this name, with its index where it has one.

    Raises:
        ConfigurationError: no such device here.

    >>> named_device("cpu")
    device(type='cpu')
    """
    try:
        # An empty tensor finds out whether the device is there, and which index is the current.
        return torch.empty(0, device=requested).device
    except (RuntimeError, AssertionError, NotImplementedError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"The device {str(requested)!r} is not available here.",
            mend="Give 'auto', 'keep', 'cpu', or a device that torch finds on this machine.",
        ) from error


def _best() -> torch.device:
    if not torch.cuda.is_available():
        return named_device("cpu")
    # torchrun starts a process for each device, and says to each which one is its own.
    own = os.environ.get("LOCAL_RANK")
    return named_device("cuda" if own is None else f"cuda:{own}")


def _obstacle(module: nn.Module) -> str:
    """Why a module must not be moved; "" if it may be."""
    placed = getattr(module, "hf_device_map", None)
    if placed:
        where = ", ".join(sorted({str(device) for device in dict(placed).values()}))
        return f"it is dispatched over {where}"
    if getattr(module, "is_quantized", False) or _has_quantised_parts(module):
        return "it is quantised"
    if any(_is_sharded(part) for part in module.modules()):
        return "it is sharded over processes"
    devices = sorted(map(str, _devices(module)))
    return f"it is spread over {', '.join(devices)}" if len(devices) > 1 else ""


def _is_empty(module: nn.Module) -> bool:
    return {device.type for device in _devices(module)} == {"meta"}


def _has_quantised_parts(module: nn.Module) -> bool:
    if any("quantized" in type(part).__module__ for part in module.modules()):
        return True
    if any(type(part).__module__.startswith("bitsandbytes") for part in module.modules()):
        return True
    return any(tensor.is_quantized for tensor in _tensors(module))


def _is_sharded(part: nn.Module) -> bool:
    if "FullyShardedDataParallel" in type(part).__name__ or hasattr(part, "_get_fsdp_state"):
        return True
    return any(hasattr(parameter, "device_mesh") for parameter in part.parameters(recurse=False))


def _tensors(module: nn.Module) -> Iterator[Tensor]:
    yield from module.parameters()
    yield from module.buffers()


def _devices(module: nn.Module) -> set[torch.device]:
    return {tensor.device for tensor in _tensors(module)}


def _first_device(module: nn.Module) -> torch.device:
    """Where the first layer computes; offloaded weights are on `meta` until they are needed."""
    found = (tensor.device for tensor in _tensors(module) if tensor.device.type != "meta")
    return next(found, torch.device("cpu"))
