"""Functions in place of networks."""

from __future__ import annotations

from torch import nn

from auditkit.models import WrappedModel, wrap


class Function(nn.Module):
    """A function of the input in place of a network."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


def regression(function) -> WrappedModel:
    """A function as a regression."""
    return wrap(Function(function), task="regression")
