"""Gradients through a model in eval mode, whatever the caller has switched off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import nn


@contextmanager
def differentiating(module: nn.Module | None = None) -> Iterator[None]:
    """Gradients are recorded while the context lasts.

    Args:
        module: what they pass through. cuDNN's recurrent layers have no backward pass in eval mode;
            torch's own have one, and take their place in a model that lies on a GPU.

    >>> with torch.no_grad(), differentiating():
    ...     torch.is_grad_enabled()
    True
    """
    parts = () if module is None else module.modules()
    recurrent = [part for part in parts if isinstance(part, nn.RNNBase)]
    on_gpu = any(weight.is_cuda for part in recurrent for weight in part.parameters())
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        if on_gpu:
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        yield
