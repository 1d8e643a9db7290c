"""From what the data give to what a forward takes: arrays, frames, tensors and nests of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from auditkit.errors import ModelError

_SHOWN = 3
_SHAPED = (Tensor, np.ndarray, pd.DataFrame, pd.Series)


def as_tensors(inputs: Any, dtype: torch.dtype | None = torch.float32) -> Any:
    """Frames and arrays as tensors, also inside tuples, lists and dicts; all else as it is.

    Args:
        inputs: numeric columns of a frame become a tensor of shape [n, columns]; an array keeps its
            shape and, unless it holds floating-point numbers, its dtype.
        dtype: of frames and of floating-point arrays; None for float32 frames and arrays as they
            are.

    Raises:
        ModelError: a column or array that is not numeric.

    >>> as_tensors(pd.DataFrame({"age": [41, 29], "hours": [40.0, 38.5]})).shape
    torch.Size([2, 2])
    """
    if isinstance(inputs, Tensor):
        return inputs
    if isinstance(inputs, pd.DataFrame):
        return _frame_as_tensor(inputs, dtype)
    if isinstance(inputs, np.ndarray):
        return _array_as_tensor(inputs, dtype)
    return _mapped(lambda part: as_tensors(part, dtype), inputs)


def _frame_as_tensor(frame: pd.DataFrame, dtype: torch.dtype | None) -> Tensor:
    odd = [
        f"{name!r} ({kind})"
        for name, kind in frame.dtypes.items()
        if not pd.api.types.is_numeric_dtype(kind) or kind.kind == "c"
    ]
    if odd:
        raise ModelError(
            f"{len(odd)} of {frame.shape[1]} feature columns are not numeric: "
            f"{', '.join(odd[:_SHOWN])}{' …' * (len(odd) > _SHOWN)}; expected numbers.",
            mend="Give a preprocess that turns rows into the model's inputs.",
        )
    # A copy, since a frame may hand out memory that must not be written to.
    values = frame.to_numpy(dtype=np.float32, na_value=np.nan, copy=True)
    return torch.from_numpy(values).to(dtype or torch.float32)


def _array_as_tensor(array: np.ndarray, dtype: torch.dtype | None) -> Tensor:
    if array.dtype.kind not in "fiub":
        raise ModelError(
            f"The inputs are an array of dtype {array.dtype}; expected numbers.",
            mend="Give a preprocess that turns rows into the model's inputs.",
        )
    tensor = torch.tensor(array)
    return tensor.to(dtype) if dtype and tensor.is_floating_point() else tensor


def to_device(prepared: Any, device: torch.device) -> Any:
    """Every tensor of a nest on a device; mappings (a tokenizer's too) become plain dicts."""
    if isinstance(prepared, Tensor):
        return prepared.to(device, non_blocking=True)
    return _mapped(lambda part: to_device(part, device), prepared)


def _mapped(function: Callable[[Any], Any], nest: Any) -> Any:
    """`function` on each part of a tuple, list or mapping; anything else stays as it is."""
    if isinstance(nest, Mapping):
        return {key: function(value) for key, value in nest.items()}
    if isinstance(nest, tuple) and hasattr(nest, "_fields"):
        return type(nest)(*(function(value) for value in nest))
    if isinstance(nest, tuple | list):
        return type(nest)(function(value) for value in nest)
    return nest


def _shapes_in(nest: Any) -> Iterator[tuple[int, ...]]:
    if isinstance(nest, _SHAPED):
        yield tuple(nest.shape)
    elif isinstance(nest, Mapping | tuple | list):
        for value in nest.values() if isinstance(nest, Mapping) else nest:
            yield from _shapes_in(value)


def units_in(prepared: Any) -> int | None:
    """Number of units in a batch: the length of its first part; None where it can't be told.

    A list may be one unit an element, so nothing is concluded from it.
    """
    if isinstance(prepared, list):
        return None
    shape = next(_shapes_in(prepared), ())
    return shape[0] if shape else None


def describe_inputs(nest: Any) -> str:
    """A nest by dtypes and shapes, for messages.

    >>> describe_inputs({"ids": torch.zeros(2, 3, dtype=torch.long), "mask": None})
    "{'ids': int64 [2, 3], 'mask': NoneType}"
    """
    if isinstance(nest, Tensor):
        return f"{str(nest.dtype).removeprefix('torch.')} {list(nest.shape)}"
    if isinstance(nest, Mapping):
        parts = (f"{key!r}: {describe_inputs(value)}" for key, value in nest.items())
        return "{" + ", ".join(parts) + "}"
    if isinstance(nest, tuple | list):
        shown = [describe_inputs(value) for value in nest[:_SHOWN]]
        return f"({', '.join(shown)}{', …' * (len(nest) > _SHOWN)})"
    return type(nest).__name__


class Call:
    """How prepared inputs are handed to a function.

    A tuple is spread over the arguments; so is a list (a `DataLoader` makes lists of tuples),
    unless the function takes a single argument. A mapping is spread over keyword arguments, unless
    the function takes a single argument of another name. Anything else is the only argument. To
    hand over a list or dict whole whatever the signature, put it into a tuple: `(images,)`.
    """

    def __init__(self, function: Callable[..., Any], signature_of: Callable[..., Any]) -> None:
        self.function = function
        self._names, self._required, self._open, self._keywords = _signature(signature_of)

    def __call__(self, prepared: Any) -> Any:
        """The function's own result."""
        if isinstance(prepared, tuple) or (isinstance(prepared, list) and self._takes_several):
            return self.function(*prepared)
        if isinstance(prepared, Mapping) and self._takes_keywords(prepared):
            return self.function(**prepared)
        return self.function(prepared)

    @property
    def _takes_several(self) -> bool:
        return self._open or len(self._names) > 1

    def _takes_keywords(self, prepared: Mapping[str, Any]) -> bool:
        known = self._keywords or set(prepared) <= self._names
        return known or self._required != 1


def _signature(function: Callable[..., Any]) -> tuple[set[str], int, bool, bool]:
    """(names of arguments, how many are required, whether *args, whether **kwargs)."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # built in: nothing is known, so nothing is assumed
        return set(), 0, True, True
    kinds = [parameter.kind for parameter in parameters]
    plain = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = sum(parameter.default is parameter.empty for parameter in plain)
    return (
        {parameter.name for parameter in plain},
        required,
        inspect.Parameter.VAR_POSITIONAL in kinds,
        inspect.Parameter.VAR_KEYWORD in kinds,
    )


def input_dtype(module: nn.Module) -> torch.dtype:
    """Floating-point dtype of the first parameter that has one, float32 without any."""
    floating = (p.dtype for p in module.parameters() if p.dtype.is_floating_point)
    return next(floating, torch.float32)


# What each kind of first layer calls the width of its inputs, and which axis that is.
_WIDTHS = {
    nn.Linear: ("in_features", "features"),
    nn.modules.conv._ConvNd: ("in_channels", "channels"),
    nn.RNNBase: ("input_size", "features a step"),
    nn.modules.batchnorm._BatchNorm: ("num_features", "features"),
    nn.Embedding: ("num_embeddings", "different token ids (integers)"),
}


def describe_expected(module: nn.Module) -> str:
    """What the first layer of a known kind takes; "" if there is none."""
    for name, part in module.named_modules():
        for kind, (attribute, what) in _WIDTHS.items():
            if isinstance(part, kind):
                dtype = "" if kind is nn.Embedding else f" of {_short(input_dtype(module))}"
                where = f"its first layer, {name!r} ({type(part).__name__})," if name else "it"
                return f"{where} takes {getattr(part, attribute)} {what}{dtype}"
    return ""


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
