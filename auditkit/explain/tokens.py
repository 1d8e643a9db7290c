"""Token ids, explained through the layer that embeds them.

Between two token ids there is nothing; between two embeddings there is. While a target is open the
embedding layer gives what it is told to give, and the rest of the model cannot tell the difference:
position and segment embeddings, masks and everything after them stay the model's own.

The baseline is a neutral token (mask, padding or end of text), never an embedding of zeros, which
no model has seen: with layer normalisation the attributions from there do not even converge.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from auditkit.errors import ConfigurationError, ModelError
from auditkit.explain.nest import Nest, named_parts
from auditkit.models.wrapped import WrappedModel

_NEUTRAL = ("mask_token_id", "pad_token_id", "eos_token_id")
_SPECIAL = ("pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id")
_MASK = "attention_mask"


@dataclass(eq=False)
class Embedded:
    """The embeddings of token ids, and the place where others can be put.

    Attributes:
        name: of the input that holds the ids.
        ids: int64 [n, positions].
        inputs: their embeddings, [n, positions, width].
        baseline: those of the neutral token; special and padding tokens keep their own.
    """

    name: str
    ids: Tensor
    inputs: Tensor
    baseline: Tensor
    _given: list[Tensor] = field(default_factory=list)

    @contextmanager
    def giving(self, embeddings: Tensor) -> Iterator[None]:
        """The layer's next answer about tokens is these embeddings, [m, positions, width].

        Raises:
            ModelError: the model did not ask the layer while the context lasted.
        """
        self._given.append(embeddings)
        try:
            yield
            if self._given:
                raise ModelError(
                    "The model did not use the embeddings that its layer gave of the tokens.",
                    mend="Give a preprocess that returns floating-point inputs.",
                )
        finally:
            self._given.clear()

    def answer(self, module: nn.Module, arguments: Any, found: Tensor) -> Tensor | None:
        """As a hook of the layer: what it gives instead of what it found."""
        del module, arguments
        if not self._given or found.shape != self._given[0].shape:
            return None
        return self._given.pop()


@contextmanager
def embedded(model: WrappedModel, placed: Any, nest: Nest) -> Iterator[Embedded | str | None]:
    """The embeddings of a model's token ids, while the context lasts.

    Args:
        model: opened.
        placed: what it is given.
        nest: the same, taken apart.

    Yields:
        None where there are no token ids; else the embeddings, or the reason why there are none.
    """
    if nest.ids is None:
        yield None
        return
    parts = {key: part for key, part in named_parts(placed).items() if isinstance(part, Tensor)}
    layer = _layer(model, placed, parts[nest.ids])
    if layer is None:
        yield (
            "The inputs are whole numbers, and no layer was found that embeds them as tokens; let "
            "preprocess make floating-point numbers of what are no tokens."
        )
        return
    neutral, special = _silent(model, layer)
    if neutral is None:
        yield (
            "It is not known which token says nothing; declare model.inputs.neutral, the id of the "
            "mask or padding token."
        )
        return
    through = _embeddings(nest.ids, parts, layer, neutral, special)
    handle = layer.register_forward_hook(through.answer)
    try:
        yield through
    finally:
        handle.remove()


def _layer(model: WrappedModel, placed: Any, ids: Tensor) -> nn.Module | None:
    """The layer that embeds ids: the one that the module names, or that is given them."""
    module = model.module
    if module is None or isinstance(module, torch.jit.ScriptModule):
        return None
    if (named := _named(module)) is not None:
        return named
    heard: list[nn.Module] = []

    def hear(part: nn.Module, arguments: Any) -> None:
        first = arguments[0] if arguments else None
        if isinstance(first, Tensor) and first.shape == ids.shape and torch.equal(first, ids):
            heard.append(part)

    embeddings = [part for part in module.modules() if isinstance(part, nn.Embedding)]
    handles = [part.register_forward_pre_hook(hear) for part in embeddings]
    try:
        with torch.no_grad():
            model.forward(placed)
    finally:
        for handle in handles:
            handle.remove()
    return heard[0] if heard else None


def _named(module: nn.Module) -> nn.Module | None:
    """The layer that the module itself calls its embeddings, if it does."""
    named = getattr(module, "get_input_embeddings", None)
    try:
        found = named() if callable(named) else None
    except (AttributeError, NotImplementedError):  # as transformers' models say that they have none
        return None
    return found if isinstance(found, nn.Module) else None


def _silent(model: WrappedModel, layer: nn.Module) -> tuple[int | None, frozenset[int]]:
    """The neutral token, and the tokens that stand for no text.

    What the user declares is taken at their word; what a configuration names only where there is
    such a token: -1 is written there for none, and a list for several that end a text.
    """
    size, padding = getattr(layer, "num_embeddings", None), getattr(layer, "padding_idx", None)
    configuration = getattr(model.module, "config", None)

    def named(*names: str) -> list[int]:
        found = [getattr(configuration, name, None) for name in names]
        each = [one for held in found for one in (held if isinstance(held, list) else [held])]
        every = [one for one in (*each, padding) if isinstance(one, int)]
        return [one for one in every if one >= 0 and (size is None or one < size)]

    declared = model.inputs.neutral
    neutral = next(iter(named(*_NEUTRAL)), None) if declared is None else declared
    if model.inputs.special:
        return neutral, frozenset((*model.inputs.special, *named()))
    return neutral, frozenset(named(*_SPECIAL))


def _embeddings(
    name: str, parts: dict[str, Tensor], layer: nn.Module, neutral: int, special: frozenset[int]
) -> Embedded:
    ids = parts[name].clone()
    size = getattr(layer, "num_embeddings", None)
    if size is not None and not 0 <= neutral < size:
        raise ConfigurationError(
            f"model.inputs.neutral is {neutral}; the model knows the tokens 0 to {size - 1}.",
            mend="Give the id of its mask or padding token.",
        )
    with torch.no_grad():
        inputs = layer(ids).detach().clone()
        silence = layer(torch.full_like(ids[:1, :1], neutral)).detach()
    kept = torch.isin(ids, torch.tensor(sorted(special), dtype=ids.dtype, device=ids.device))
    mask = parts.get(_MASK)
    if mask is not None and mask.shape == ids.shape:
        kept = kept | (mask == 0)
    return Embedded(name, ids, inputs, torch.where(kept[..., None], inputs, silence))
