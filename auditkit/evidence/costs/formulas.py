"""How many operations an operation of torch takes, where torch has no formula of its own.

A multiplication and an addition are two operations, as in `torch.utils.flop_counter`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import flop_registry

Formula = Callable[..., int]


def attention(query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any) -> int:
    """Queries times keys, and weights times values; masked places are computed too.

    Args:
        query: (batch, heads, queries, width).
        key: (batch, heads, keys, width).
        value: (batch, heads, keys, width of values).
    """
    return int(2 * prod(query.shape[:-1]) * key.shape[-2] * (key.shape[-1] + value.shape[-1]))


def recurrent(steps: int, weights: Sequence[Tensor]) -> int:
    """Each matrix of a recurrent layer, at each step of each unit.

    Args:
        steps: of all units together.
        weights: matrices and biases, the latter of which are not counted.

    >>> recurrent(10, [torch.empty(8, 3), torch.empty(8, 2), torch.empty(8)])
    800
    """
    return 2 * steps * sum(weight.numel() for weight in weights if weight.ndim == 2)


def steps_in(given: Tensor) -> int:
    """Steps of all units in the input of a recurrent layer, packed or padded."""
    return given.numel() // max(given.shape[-1], 1)


def _mkldnn_rnn_layer(given: Tensor, *rest: Any, **_: Any) -> int:
    return recurrent(steps_in(given), rest[:2])


def _cudnn_rnn(given: Tensor, weights: Sequence[Tensor], *_: Any, **__: Any) -> int:
    return recurrent(steps_in(given), weights)


def _matrix_by_vector(matrix: Tensor, *_: Any, **__: Any) -> int:
    return 2 * matrix.numel()


def _added_matrix_by_vector(_bias: Tensor, matrix: Tensor, *_: Any, **__: Any) -> int:
    return 2 * matrix.numel()


def _activated_product(_bias: Tensor, one: Tensor, other: Tensor, *_: Any, **__: Any) -> int:
    return 2 * one.numel() * other.shape[-1]


def _linear(given: Tensor, weight: Tensor, *_: Any, **__: Any) -> int:
    return 2 * steps_in(given) * weight.numel()


_OWN: Mapping[str, Formula] = {
    "_scaled_dot_product_flash_attention_for_cpu": attention,
    "_scaled_dot_product_fused_attention_overrideable": attention,
    "mkldnn_rnn_layer": _mkldnn_rnn_layer,
    "_cudnn_rnn": _cudnn_rnn,
    "miopen_rnn": _cudnn_rnn,
    "mv": _matrix_by_vector,
    "dot": _matrix_by_vector,
    "vdot": _matrix_by_vector,
    "addmv": _added_matrix_by_vector,
    "_addmm_activation": _activated_product,
    "linear": _linear,
}


def formulas() -> dict[Any, Formula]:
    """Operation → its formula, torch's own first; called with the operation's arguments and
    `out_val`."""
    aten = torch.ops.aten
    own = {getattr(aten, name): formula for name, formula in _OWN.items() if hasattr(aten, name)}
    return {**own, **flop_registry}
