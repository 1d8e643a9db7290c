"""What a language model has read so far: its cache, and what goes on from there."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from auditkit.errors import ModelError

_CACHES = ("self_attention_cache", "cross_attention_cache")
_NEEDED = ("batch_repeat_interleave", "batch_select_indices")


@dataclass(eq=False)
class Reading:
    """Some rows, read up to some token; a `Step.state` of models of transformers.

    Attributes:
        cache: keys and values of the tokens read, as transformers keeps them.
        mask: of the tokens read, 1 where there is one, int64 of shape (rows, tokens); of an
            encoder's input for a sequence-to-sequence model.
        positions: of the next token of each row, int64 of shape (rows,).
        fixed: further tensors that the model is given at each step, rows first.
    """

    cache: Any
    mask: Tensor
    positions: Tensor
    fixed: dict[str, Tensor] = field(default_factory=dict)

    def expanded(self, times: int) -> Reading:
        """Each row `times` times, side by side; this one is used up."""
        if times == 1:
            return self
        self.cache.batch_repeat_interleave(times)
        return Reading(
            self.cache,
            self.mask.repeat_interleave(times, 0),
            self.positions.repeat_interleave(times, 0),
            {name: one.repeat_interleave(times, 0) for name, one in self.fixed.items()},
        )

    def selected(self, rows: Tensor) -> Reading:
        """Some of the rows; this one stays usable."""
        cache = _twin(self.cache)
        cache.batch_select_indices(rows)
        return replace(
            self,
            cache=cache,
            mask=self.mask[rows],
            positions=self.positions[rows],
            fixed={name: one[rows] for name, one in self.fixed.items()},
        )


def refuse_cache(cache: Any, model: str) -> None:
    """Refuse what a model keeps of the tokens read, if it cannot be copied, expanded and cut.

    Raises:
        ModelError: it is no cache of keys and values alone, as of models with a recurrent state.
    """
    parts = [getattr(cache, name, None) for name in _CACHES]
    every = [one for one in parts if one is not None] or [cache]
    layers = [layer for one in every for layer in getattr(one, "layers", ())]
    if all(hasattr(one, name) for one in (*every, *layers) for name in _NEEDED):
        return
    raise ModelError(
        f"What {model} keeps of the tokens that it has read is no cache of keys and values, and "
        "cannot be copied for several answers.",
        mend="Give a function that answers prompts instead: generator: {function: …}.",
    )


def _twin(cache: Any) -> Any:
    """A cache that can be cut without cutting this one.

    Layers that grow by concatenation never write into their tensors, so that these can be shared
    until one of the two grows; all others are copied.
    """
    from transformers.cache_utils import DynamicLayer

    twin = copy.copy(cache)
    for name in _CACHES:
        if hasattr(cache, name):
            setattr(twin, name, _twin(getattr(cache, name)))
    if hasattr(cache, "is_updated"):
        twin.is_updated = dict(cache.is_updated)
    if "layers" in vars(cache):
        twin.layers = [
            copy.copy(layer) if isinstance(layer, DynamicLayer) else copy.deepcopy(layer)
            for layer in cache.layers
        ]
    return twin


__all__ = ["Reading", "refuse_cache"]
