"""A digest of parameters and buffers, computed where they lie.

Each tensor is hashed on its own device by an integer sum that wraps around, so that nothing but
two numbers per tensor is read back; a sha256 over names, shapes, dtypes and these numbers is the
digest. It is the same on every device and for every layout in memory. It finds any change that
happens by accident; it is no proof against somebody who constructs a collision on purpose, for
which the sha256 of the model's file is there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from auditkit.errors import ModelError

# Elements hashed at a time: the intermediate int64 values stay in the cache of a CPU, and a GPU is
# kept busy. The hash does not depend on it.
_CHUNK = {"cpu": 1 << 16}
_CHUNK_ELSEWHERE = 1 << 24
_INTEGERS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
# Odd 64-bit constants with well mixed bits (from SplitMix64 and MurmurHash3), as signed integers.
_PLACE = -0x61C8864680B583EB
_MIX_A = -0x40A7B892E31B1A47
_MIX_B = -0x00AE502812AA7333

Fingerprint = tuple[str, tuple[int, ...], tuple[int, ...]]


def parameter_digest(module: nn.Module) -> str:
    """Digest of all parameters and buffers of a module, `parameters:` and 64 hexadecimal digits.

    Raises:
        ModelError: a tensor has no values to hash (meta, lazy), or none that can be reached.

    >>> parameter_digest(nn.Identity())[:23]
    'parameters:44136fa355b3'
    """
    return digest_of(fingerprints(module))


def digest_of(prints: Mapping[str, Fingerprint]) -> str:
    """The digest that belongs to the fingerprints of a module."""
    plain = json.dumps(dict(sorted(prints.items())), separators=(",", ":"))
    return "parameters:" + hashlib.sha256(plain.encode()).hexdigest()


def fingerprints(module: nn.Module) -> dict[str, Fingerprint]:
    """Name → (dtype, shape, hashes) of each parameter and buffer; one read of each device.

    Raises:
        ModelError: see `parameter_digest`.
    """
    found = dict(named_tensors(module))
    pending = {name: _parts(name, tensor) for name, tensor in found.items()}
    flat = [number for parts in pending.values() for number in parts]
    read = iter(_read(flat))
    return {
        name: (
            str(found[name].dtype),
            tuple(found[name].shape),
            tuple(next(read) for _ in pending[name]),
        )
        for name in pending
    }


def changed(before: Mapping[str, Fingerprint], after: Mapping[str, Fingerprint]) -> list[str]:
    """Names of the tensors that differ, appeared or went."""
    return sorted(
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    )


def named_tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Every parameter, buffer (persistent or not) and packed tensor of a quantised module.

    A compiled module has the names of the module that it was compiled from.
    """
    seen: set[str] = set()
    for prefix, part in module.named_modules(remove_duplicate=False):
        prefix = (prefix + "." if prefix else "").replace("_orig_mod.", "")
        own = {**dict(part._parameters), **dict(part._buffers)}
        tensors: dict[str, Any] = {prefix + name: value for name, value in own.items()}
        tensors.update(_packed(part, prefix))
        for name, value in tensors.items():
            if isinstance(value, Tensor) and name not in seen:
                seen.add(name)
                yield name, value


def _packed(part: nn.Module, prefix: str) -> dict[str, Any]:
    """What a module keeps elsewhere than in parameters and buffers, as quantised layers do."""
    if type(part)._save_to_state_dict is nn.Module._save_to_state_dict:
        return {}
    state: dict[str, Any] = {}
    part._save_to_state_dict(state, prefix, True)
    return dict(_leaves(state))


def _leaves(entries: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in entries.items():
        if isinstance(value, tuple | list):
            yield from _leaves({f"{name}.{index}": item for index, item in enumerate(value)})
        else:
            yield name, value


def _read(numbers: list[Tensor]) -> list[int]:
    """The values of many scalars, read once per device."""
    by_device: dict[torch.device, list[int]] = {}
    for index, number in enumerate(numbers):
        by_device.setdefault(number.device, []).append(index)
    values = [0] * len(numbers)
    for indices in by_device.values():
        together = torch.stack([numbers[index] for index in indices]).tolist()
        for index, value in zip(indices, together, strict=True):
            values[index] = value
    return values


def _parts(name: str, tensor: Tensor) -> list[Tensor]:
    """Hashes of one tensor: two numbers for each plain tensor that it is made of."""
    if tensor.device.type == "meta" or is_lazy(tensor):
        raise ModelError(
            f"The tensor {name!r} holds no values here "
            f"({'it is on the meta device' if tensor.device.type == 'meta' else 'it is lazy'}), so "
            "the model's parameters can't be identified.",
            mend="Load the weights before wrapping the model; weights that are offloaded to disk "
            "are not supported.",
        )
    try:
        with torch.no_grad():
            return [number for plain in _plain(tensor.detach()) for number in _hashes(plain)]
    except (RuntimeError, NotImplementedError, TypeError) as error:
        raise ModelError(
            f"The tensor {name!r} of type {type(tensor).__name__} and dtype {tensor.dtype} can't "
            "be read for the digest.",
            mend="Wrap the model as a callable, or dequantise it.",
        ) from error


def _plain(tensor: Tensor) -> list[Tensor]:
    """Strided tensors of ordinary dtypes that together hold a tensor's values."""
    if hasattr(tensor, "to_local"):  # a shard of a distributed tensor
        return _plain(tensor.to_local())
    if tensor.is_quantized:
        return [tensor.int_repr(), *_scales(tensor)]
    if tensor.layout is torch.sparse_coo:
        whole = tensor.coalesce()
        return [whole.indices(), whole.values()]
    if tensor.layout is not torch.strided:
        return _plain(tensor.to_sparse()) if tensor.is_sparse_csr else [tensor.to_dense()]
    if hasattr(tensor, "__tensor_flatten__"):  # a subclass made of several tensors
        names, _ = tensor.__tensor_flatten__()
        return [plain for name in names for plain in _plain(getattr(tensor, name))]
    return [torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor]


def _scales(tensor: Tensor) -> list[Tensor]:
    if tensor.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
        scale, zero = tensor.q_scale(), tensor.q_zero_point()
        return [torch.tensor([scale, zero], dtype=torch.float64, device=tensor.device)]
    return [tensor.q_per_channel_scales(), tensor.q_per_channel_zero_points()]


def _hashes(tensor: Tensor) -> list[Tensor]:
    """Two wrapping sums over mixed (value, place) pairs: any single change alters both."""
    whole = tensor.resolve_neg().contiguous().reshape(-1)
    bits = whole.view(_INTEGERS[whole.element_size()])
    chunk = _CHUNK.get(bits.device.type, _CHUNK_ELSEWHERE)
    sums = torch.zeros(2, dtype=torch.int64, device=bits.device)
    for start in range(0, bits.numel(), chunk):
        part = bits[start : start + chunk].to(torch.int64)
        place = torch.arange(start + 1, start + 1 + part.numel(), device=bits.device)
        mixed = _mix(part + place * _PLACE)
        sums[0] += mixed.sum()
        sums[1] += (mixed ^ (mixed >> 17)).mul_(2 * place + 1).sum()
    return [sums[0], sums[1]]


def _mix(number: Tensor) -> Tensor:
    """Every bit of the input reaches every bit of the output (the finisher of SplitMix64)."""
    number = number.bitwise_xor(number >> 30).mul_(_MIX_A)
    number.bitwise_xor_(number >> 27).mul_(_MIX_B)
    return number.bitwise_xor_(number >> 31)
