"""Attention that can be looked at, of models whose fast attention keeps it to itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

_SETTING = "_attn_implementation_internal"


@contextmanager
def eager(module: nn.Module, wanted: bool = True) -> Iterator[None]:
    """Attention computed so that its shares are known, while the context lasts."""
    settings = _settings(module) if wanted else []
    before = [getattr(one, _SETTING) for one in settings]
    for one in settings:
        setattr(one, _SETTING, "eager")
    try:
        yield
    finally:
        for one, value in zip(settings, before, strict=True):
            setattr(one, _SETTING, value)


def unheard_attention(module: nn.Module) -> str:
    """Why a model's attention cannot be looked at; "" if it can."""
    settings = _settings(module)
    if settings and all(getattr(one, _SETTING) == "eager" for one in settings):
        return ""
    can = getattr(module, "_can_set_attn_implementation", None)
    if settings and callable(can) and can():
        return ""
    name = type(module).__name__
    return f"The attention of {name} is not computed in a way that could be looked at."


def attention_on(layers: Sequence[Tensor], tokens: int) -> Tensor:
    """The share of the last token's attention that lies on each token.

    Args:
        layers: of each layer that looks, shape (rows, heads, queries, keys); a layer with a window
            has fewer keys, the last ones.
        tokens: how many there are.

    Returns:
        Mean over heads and layers, shape (rows, tokens), float32.
    """
    total = None
    for one in layers:
        share = one[:, :, -1].float().mean(1)
        share = torch.nn.functional.pad(share, (tokens - share.shape[-1], 0))
        total = share if total is None else total + share
    assert total is not None  # a model without attention is not asked for it
    return total / len(layers)


def _settings(module: nn.Module) -> list[Any]:
    """Configurations of the model and its parts that say how attention is computed, each once."""
    found = [getattr(part, "config", None) for part in module.modules()]
    return [one for one in {id(one): one for one in found}.values() if hasattr(one, _SETTING)]


__all__ = ["attention_on", "eager", "unheard_attention"]
