"""Inert records of plain torch layers, rebuilt with torch's own constructors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from auditkit.errors import ModelError
from auditkit.models.inert_pickle import damaged
from auditkit.models.inert_records import (
    LayerRecord,
    ParameterRecord,
    StorageRecord,
    TensorRecord,
)

MAX_LAYERS = 10_000
MAX_DEPTH = 50

# Attributes of every module that hold nothing in a plain one.
_EMPTY = frozenset(
    {
        "_non_persistent_buffers_set",
        "_backward_hooks",
        "_backward_pre_hooks",
        "_is_full_backward_hook",
        "_forward_hooks",
        "_forward_hooks_with_kwargs",
        "_forward_hooks_always_called",
        "_forward_pre_hooks",
        "_forward_pre_hooks_with_kwargs",
        "_state_dict_hooks",
        "_state_dict_pre_hooks",
        "_load_state_dict_pre_hooks",
        "_load_state_dict_post_hooks",
    }
)
_MEMBERS = frozenset({"_parameters", "_buffers", "_modules", "training"})

# One row a layer: its constructor, and the attributes that are arguments of it, with their types.
_Arguments = Mapping[str, tuple[type, ...]]
_FLAG, _WHOLE, _REAL = (bool,), (int,), (float, int)
_ROWS: Mapping[str, tuple[Callable[..., nn.Module], _Arguments]] = {
    "Linear": (nn.Linear, {"in_features": _WHOLE, "out_features": _WHOLE}),
    "Identity": (nn.Identity, {}),
    "ReLU": (nn.ReLU, {"inplace": _FLAG}),
    "Sigmoid": (nn.Sigmoid, {}),
    "Tanh": (nn.Tanh, {}),
    "Softmax": (nn.Softmax, {"dim": (int, type(None))}),
    "LogSoftmax": (nn.LogSoftmax, {"dim": (int, type(None))}),
    "LeakyReLU": (nn.LeakyReLU, {"negative_slope": _REAL, "inplace": _FLAG}),
    "ELU": (nn.ELU, {"alpha": _REAL, "inplace": _FLAG}),
    "GELU": (nn.GELU, {"approximate": (str,)}),
    "Dropout": (nn.Dropout, {"p": _REAL, "inplace": _FLAG}),
    "BatchNorm1d": (
        nn.BatchNorm1d,
        {
            "num_features": _WHOLE,
            "eps": _REAL,
            "momentum": (float, int, type(None)),
            "affine": _FLAG,
            "track_running_stats": _FLAG,
        },
    ),
    "Flatten": (nn.Flatten, {"start_dim": _WHOLE, "end_dim": _WHOLE}),
}


class Rebuilder:
    """Builds modules from records and the bytes of the storages that these refer to.

    Args:
        storages: key → bytes, little-endian.
        name: of the file, for messages.
    """

    def __init__(self, storages: Mapping[str, bytes], name: str) -> None:
        self._storages = storages
        self._name = name
        self._parameters: dict[int, nn.Parameter] = {}  # tied parameters stay tied
        self._built = 0

    def build(self, record: object, depth: int = 0) -> nn.Module:
        """A fresh module with the record's structure, values, modes and `requires_grad`.

        Raises:
            ModelError: the record is no layer, contradicts itself, or is too large or deep.
        """
        self._built += 1
        if depth > MAX_DEPTH or self._built > MAX_LAYERS:
            raise self._damaged(f"more than {MAX_LAYERS} layers, or {MAX_DEPTH} within each other")
        if not isinstance(record, LayerRecord) or not isinstance(self._state(record), dict):
            raise self._damaged(f"a {type(record).__name__} where a layer belongs")
        state = self._state(record)
        if not isinstance(state.get("training", True), bool):
            raise self._damaged("a layer that is neither training nor not")
        if record.layer[1] == "Sequential":
            module = self._sequential(state, depth)
        else:
            module = self._layer(record.layer[1], state)
        module.training = state.get("training", True)
        return module

    def _state(self, record: LayerRecord) -> dict[str, Any]:
        return getattr(record, "state", None)  # type: ignore[return-value]  # absent: not a dict

    def _sequential(self, state: dict[str, Any], depth: int) -> nn.Module:
        self._check_attributes("Sequential", state, {})
        if self._members(state, "_parameters") or self._members(state, "_buffers"):
            raise self._damaged("a Sequential with tensors of its own")
        whole = nn.Sequential()
        for name, part in self._members(state, "_modules").items():
            try:
                whole.add_module(name, self.build(part, depth + 1))
            except (TypeError, KeyError) as error:
                raise self._damaged(f"a layer is called {name!r}") from error
        return whole

    def _layer(self, kind: str, state: dict[str, Any]) -> nn.Module:
        constructor, types = _ROWS[kind]
        self._check_attributes(kind, state, types)
        arguments = {name: state[name] for name in types if name in state}
        if self._members(state, "_modules"):
            raise self._damaged(f"a {kind} with layers of its own")
        tensors = {
            **self._members(state, "_parameters"),
            **self._members(state, "_buffers"),
        }
        held = {name: self._tensor(value) for name, value in tensors.items() if value is not None}
        self._check_sizes(kind, arguments, held)
        if kind == "Linear":
            arguments["bias"] = "bias" in held
        try:
            # Without memory and without random numbers: every value comes from the file.
            with torch.device("meta"):
                module = constructor(**arguments)
            if kind == "BatchNorm1d" and arguments.get("track_running_stats", True):
                held.setdefault("num_batches_tracked", torch.tensor(0))  # younger than 1.0
            module.load_state_dict(held, assign=True)
            for name, value in held.items():
                # load_state_dict takes this from the module that it fills.
                value.requires_grad_(self._requires_grad(tensors.get(name)))
        except (RuntimeError, ValueError, TypeError) as error:
            raise self._damaged(f"a {kind} whose values don't fit its attributes") from error
        return module

    def _check_sizes(self, kind: str, arguments: dict[str, Any], held: dict[str, Tensor]) -> None:
        """Before anything is allocated by what the file says."""
        if kind == "Linear":
            expected = (arguments.get("out_features"), arguments.get("in_features"))
            found = tuple(held["weight"].shape) if "weight" in held else ()
            if found != expected or min(found) < 1:
                raise self._damaged(f"a Linear of {expected} with weights of {found}")

    def _check_attributes(self, kind: str, state: dict[str, Any], types: _Arguments) -> None:
        for name, value in state.items():
            if name in types:
                if type(value) not in types[name]:
                    raise self._damaged(f"a {kind} whose {name} is a {type(value).__name__}")
                if isinstance(value, float) and not math.isfinite(value):
                    raise self._damaged(f"a {kind} whose {name} is {value}")
            elif name in _EMPTY:
                if value:
                    raise self._unusual(f"a {kind} with {name}")
            elif name not in _MEMBERS:
                raise self._unusual(f"a {kind} with the attribute {name!r}")

    def _members(self, state: dict[str, Any], name: str) -> dict[str, Any]:
        members = state.get(name, {})
        if not isinstance(members, dict) or not all(isinstance(key, str) for key in members):
            raise self._damaged(f"{name} is no table of names")
        return members

    def _tensor(self, record: object) -> Tensor:
        if isinstance(record, TensorRecord):
            return self._values(record)
        if not isinstance(record, ParameterRecord):
            raise self._damaged(f"a {type(record).__name__} where a tensor belongs")
        if id(record) not in self._parameters:
            values = self._values(record.tensor)
            if not values.is_floating_point():
                raise self._damaged(f"a parameter of {values.dtype}")
            self._parameters[id(record)] = nn.Parameter(values, record.requires_grad)
        return self._parameters[id(record)]

    def _requires_grad(self, record: object) -> bool:
        return isinstance(record, ParameterRecord) and record.requires_grad

    def _values(self, record: TensorRecord) -> Tensor:
        storage, shape, strides = record.storage, record.shape, record.strides
        size = math.prod(shape)
        last = record.offset + sum(
            (n - 1) * step for n, step in zip(shape, strides, strict=False) if n > 0
        )
        inside = record.offset >= 0 and (size == 0 or last < storage.count)
        if len(shape) != len(strides) or not inside or size > storage.count:
            raise self._damaged(f"a tensor of {list(shape)} beyond its storage")
        if size == 0:
            return torch.zeros(shape, dtype=storage.dtype)
        values = torch.frombuffer(bytearray(self._bytes(storage)), dtype=storage.dtype)
        return values.as_strided(shape, strides, record.offset).clone()

    def _bytes(self, storage: StorageRecord) -> bytes:
        data = self._storages.get(storage.key, b"")
        expected = storage.count * storage.dtype.itemsize
        if len(data) != expected:
            raise self._damaged(f"a storage of {len(data)} bytes; expected {expected}")
        return data

    def _damaged(self, why: str) -> ModelError:
        return damaged(self._name, why)

    def _unusual(self, what: str) -> ModelError:
        return ModelError(
            f"{self._name} holds {what}, which a plain torch layer does not have.",
            mend="Save model.state_dict(), and name a factory that builds the model.",
        )
