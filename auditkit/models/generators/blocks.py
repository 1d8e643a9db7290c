"""The blocks of a language model: where they are, and what they say of the last token."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn

_NAMED = ("num_hidden_layers", "decoder_layers", "num_decoder_layers", "n_layer")


def blocks_of(module: nn.Module, config: Any, *, encoded: bool) -> nn.ModuleList | None:
    """The list of a model's blocks; of its decoder where there is an encoder too.

    Args:
        module: the model.
        config: its configuration.
        encoded: there is an encoder, whose blocks are not meant.

    Returns:
        The first list of modules that is as long as the configuration says; None without one.
    """
    part: Any = module
    if encoded:
        finds: Any = getattr(module, "get_decoder", None)
        part = finds() if callable(finds) else None
        if not isinstance(part, nn.Module):
            return None
    names = ("decoder_layers", "num_decoder_layers", *_NAMED) if encoded else _NAMED
    sizes = [getattr(config, name, None) for name in names]
    size = next((one for one in sizes if isinstance(one, int)), None)
    lists = [one for one in part.modules() if isinstance(one, nn.ModuleList) and len(one)]
    return next((one for one in lists if len(one) == size), None)


@contextmanager
def heard_at(blocks: Iterable[nn.Module], layers: Sequence[int]) -> Iterator[dict[int, Tensor]]:
    """The output of some blocks at the last token, while the context lasts.

    Args:
        blocks: all of them.
        layers: places of those that are heard, as they are to be called.

    Yields:
        Layer → hidden state of the last token, shape (rows, width), of the last forward.
    """
    found: dict[int, Tensor] = {}
    listed = list(blocks)

    def hear(layer: int, output: Any) -> None:
        states = output if isinstance(output, Tensor) else output[0]
        found[layer] = states[:, -1]

    with ExitStack() as hooks:
        for layer in layers:
            handle = listed[layer].register_forward_hook(
                lambda _module, _given, output, layer=layer: hear(layer, output)
            )
            hooks.callback(handle.remove)
        yield found


__all__ = ["blocks_of", "heard_at"]
