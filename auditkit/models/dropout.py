"""The dropout layers of a model at work while everything else stays as in use.

Source: Gal and Ghahramani, "Dropout as a Bayesian approximation", ICML 2016.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from auditkit.errors import ModelError
from auditkit.models.borrowing import random_states_kept

_LAYERS = (
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
)
# torch's own layers that drop inside themselves, and do nothing else differently in training.
_HOLDERS = (nn.MultiheadAttention, nn.RNNBase)


def why_not(module: object) -> str:
    """Why no dropout of a model can be switched on; "" if it can. A full sentence.

    >>> why_not(nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5)))
    ''
    """
    if not isinstance(module, nn.Module):
        return "The model is no torch module here, so it has no dropout layer to switch on."
    if isinstance(module, torch.jit.ScriptModule):
        return "The model is scripted or traced: the mode of its dropout is not to be relied on."
    if isinstance(module, torch.fx.GraphModule) and "train" in vars(module):
        return "The model was exported, and has the mode in which it was exported and no other."
    if not _dropping_layers(module):
        return (
            "The model has no dropout layer with a rate above 0; dropout that its forward calls as "
            "a function cannot be switched on by itself."
        )
    return ""


@contextmanager
def dropping(module: nn.Module) -> Iterator[None]:
    """Dropout layers in training mode, all others as they are; afterwards as they came.

    Batch normalisation, for one, goes on with the statistics that it has learned. torch's attention
    and recurrent layers, which drop inside themselves, count as dropout layers. The fused path of
    torch's transformers, which takes no notice of dropout, is switched off meanwhile.

    Args:
        module: usually borrowed, and in eval mode.

    Raises:
        ModelError: nothing can be switched on, see `why_not`.
    """
    reason = why_not(module)
    if reason:
        raise ModelError(reason, mend="Ask for no Monte Carlo dropout of this model.")
    held = [(layer, layer.training) for layer in _dropping_layers(module)]
    fused = torch.backends.mha.get_fastpath_enabled()
    try:
        torch.backends.mha.set_fastpath_enabled(False)
        for layer, _ in held:
            layer.training = True  # the flag alone: train() could do more than that
        yield
    finally:
        for layer, training in held:
            layer.training = training
        torch.backends.mha.set_fastpath_enabled(fused)


@contextmanager
def seeded(seed: int, *places: int) -> Iterator[None]:
    """torch's random numbers are those of a seed and a place, and afterwards what they were.

    Args:
        seed: of the run; not negative.
        places: which repeat, and where it matters which batch of it; not negative.

    >>> with seeded(3, 0):
    ...     once = torch.rand(2)
    >>> with seeded(3, 0):
    ...     again = torch.rand(2)
    >>> bool((once == again).all())
    True
    """
    state = np.random.SeedSequence(seed, spawn_key=places).generate_state(1, np.uint64)
    with random_states_kept():
        torch.manual_seed(int(state[0]))
        yield


def _dropping_layers(module: nn.Module) -> list[nn.Module]:
    return [part for part in module.modules() if _drops(part)]


def _drops(part: nn.Module) -> bool:
    if isinstance(part, _LAYERS):
        return part.p > 0
    if isinstance(part, _HOLDERS):
        # Between its layers alone does a recurrent network drop.
        return part.dropout > 0 and getattr(part, "num_layers", 2) > 1
    return False
