"""Layers that are counted as a whole on the device `meta`, where each small operation is dear.

There shapes are worked out by Python code of torch, at a tenth of a millisecond an operation, and a
recurrent layer runs step by step: counting would take as long as the call that it stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from auditkit.evidence.costs.counting import OperationCounter
from auditkit.evidence.costs.formulas import attention, recurrent, steps_in

_RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")
_ALIKE = (
    functional.layer_norm, functional.batch_norm, functional.relu, functional.gelu,
    functional.silu, functional.softmax, functional.dropout, torch.relu, torch.batch_norm,
    torch.layer_norm, torch.sigmoid, torch.tanh,
)  # fmt: skip
"""They return as many numbers as they are given, and are not counted; see `lesser`."""
_PAIRED = (Tensor.add, Tensor.__add__, torch.add, Tensor.mul, Tensor.__mul__, torch.mul)
"""So do these of two tensors of one shape."""


class Shortcuts(TorchFunctionMode):
    """Counts linear, recurrent and attention layers by formula, and returns shapes.

    Args:
        counter: is told what the layers would have taken.
    """

    def __init__(self, counter: OperationCounter) -> None:
        super().__init__()
        self._counter = counter
        self._whole: dict[Any, Callable[..., Any]] = {
            functional.linear: self._linear,
            functional.scaled_dot_product_attention: self._attention,
            functional.multi_head_attention_forward: self._heads,
            **dict.fromkeys(_ALIKE, self._alike),
            **dict.fromkeys(_PAIRED, self._paired),
        }
        self._layers = {getattr(torch, name): name for name in _RECURRENT}

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        del types
        given = dict(kwargs or {})
        found: Any = NotImplemented
        if func in self._whole:
            found = self._whole[func](*args, **given)
        elif func in self._layers and not given:
            found = self._recurrent(self._layers[func], args)
        return func(*args, **given) if found is NotImplemented else found

    def _count(self, name: str, flops: int) -> None:
        self._counter.operations[name] += flops

    def _alike(self, *args: Any, **given: Any) -> Any:
        first = args[0] if args else given.get("input")
        if not isinstance(first, Tensor):
            return NotImplemented
        self._counter.lesser += first.numel()
        return torch.empty_like(first)

    def _paired(self, *args: Any, **given: Any) -> Any:
        if given or len(args) != 2 or not all(isinstance(one, Tensor) for one in args):
            return NotImplemented
        if args[0].shape != args[1].shape or args[0].dtype != args[1].dtype:
            return NotImplemented
        return self._alike(args[0])

    def _linear(self, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Any:  # noqa: A002 - torch's own name
        del bias
        if input.shape[-1:] != weight.shape[-1:]:
            return NotImplemented  # torch will say what is wrong
        self._count("linear", 2 * steps_in(input) * weight.numel())
        return input.new_empty((*input.shape[:-1], *weight.shape[:-1]))

    def _attention(self, query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any) -> Tensor:
        self._count("attention", attention(query, key, value))
        return query.new_empty((*query.shape[:-1], value.shape[-1]))

    def _heads(self, query: Tensor, key: Tensor, value: Tensor, *args: Any, **given: Any) -> Any:
        """Projections, attention and the last projection; of (tokens, units, width)."""
        # After the width: heads, projections, biases of keys and values, zeros that attend.
        plain = len(args) >= 8 and all(one is None for one in args[4:6]) and not args[6]
        if not plain or query.ndim != 3 or given.get("static_k") is not None:
            return NotImplemented
        tokens, units, width = query.shape
        projected = sum(one.numel() for one in (query, key, value, query)) * 2 * width
        self._count("attention", projected + 4 * units * tokens * key.shape[0] * width)
        return query.new_empty(query.shape), self._weights(query, key, args[1], given)

    def _weights(
        self, query: Tensor, key: Tensor, heads: int, given: Mapping[str, Any]
    ) -> Tensor | None:
        if not given.get("need_weights", True):
            return None
        tokens, units, _ = query.shape
        several = () if given.get("average_attn_weights", True) else (heads,)
        return query.new_empty((units, *several, tokens, key.shape[0]))

    def _recurrent(self, name: str, args: Any) -> tuple[Tensor, ...]:
        given, packed = args[0], isinstance(args[1], Tensor) and args[1].ndim == 1
        # Packed: data, sizes of the batches, state, weights; else data, state, weights.
        state, weights, _, _, _, _, both_ways = args[2:9] if packed else args[1:8]
        self._count(name, recurrent(steps_in(given), weights))
        hidden = state[0] if name == "lstm" else state
        width = hidden.shape[-1] * (2 if both_ways else 1)
        out = given.new_empty((*given.shape[:-1], width))
        states = state if name == "lstm" else (state,)
        return (out, *(torch.empty_like(one) for one in states))
