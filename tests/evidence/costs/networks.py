"""Small networks whose operations can be written down, and the number that they take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from auditkit.models import wrap
from auditkit.models.wrapped import WrappedModel


class Recurrent(nn.Module):
    """A recurrent layer read at its last step."""

    def __init__(self, layer: nn.RNNBase, width: int) -> None:
        super().__init__()
        self.layer, self.out = layer, nn.Linear(width, 2)

    def forward(self, series: Tensor) -> Tensor:
        last: Tensor = self.out(self.layer(series)[0][:, -1])
        return last


class Transformer(nn.Module):
    """Two encoder layers, of which torch has a fast path, and a mean over tokens."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
        self.layers, self.out = nn.TransformerEncoder(layer, 2), nn.Linear(64, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        found: Tensor = self.out(self.layers(tokens).mean(1))
        return found


class Attention(nn.Module):
    """Nothing but attention between tokens."""

    def forward(self, tokens: Tensor) -> Tensor:
        heads = tokens[:, None]
        return nn.functional.scaled_dot_product_attention(heads, heads, heads)[:, 0, 0]


@dataclass(frozen=True)
class Network:
    """A network, the shape of a unit, and the operations of a unit."""

    made: Callable[[], nn.Module]
    unit: tuple[int, ...]
    flops: float

    def inputs(self, units: int) -> Tensor:
        torch.manual_seed(1)
        return torch.randn(units, *self.unit)

    def wrapped(self) -> WrappedModel:
        torch.manual_seed(0)
        return wrapped(self.made())


def wrapped(model: nn.Module | Callable[..., Tensor]) -> WrappedModel:
    return wrap(model, task="multiclass", classes=("a", "b"), outputs="logits", device="cpu")


def _convolutions() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, groups=2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 2),
    )  # fmt: skip


def _perceptron() -> nn.Module:
    return nn.Sequential(nn.Linear(16, 64), nn.GELU(), nn.LayerNorm(64), nn.Linear(64, 2))


_TOKENS, _WIDTH = 16, 64
# Queries, keys and values; two products of tokens by tokens; the projection; two dense layers.
_LAYER = 2 * _TOKENS * (
    _WIDTH * 3 * _WIDTH + 2 * _TOKENS * _WIDTH + _WIDTH * _WIDTH + 2 * _WIDTH * 128
)  # fmt: skip
_STEPS = 20

NETWORKS = {
    "perceptron": Network(_perceptron, (16,), 2 * (16 * 64 + 64 * 2)),
    "convolutions": Network(
        # 14 × 14 places of 8 filters of 3 × 3 × 3; 5 × 5 of 16 filters of 3 × 3 × 4.
        _convolutions, (3, 16, 16), 2 * (14**2 * 8 * 27 + 5**2 * 16 * 36 + 16 * 2),
    ),
    "transformer": Network(
        Transformer, (_TOKENS, _WIDTH), 2 * _LAYER + 2 * _WIDTH * 2
    ),
    "attention": Network(Attention, (_TOKENS, _WIDTH), 2 * 2 * _TOKENS**2 * _WIDTH),
    "lstm": Network(
        lambda: Recurrent(nn.LSTM(8, 32, 2, batch_first=True, bidirectional=True), 64), (_STEPS, 8),
        # Four gates, two ways: of the input and of the state; the second layer reads both ways.
        2 * (_STEPS * 2 * 4 * 32 * ((8 + 32) + (64 + 32)) + 64 * 2),
    ),
    "projected lstm": Network(
        lambda: Recurrent(nn.LSTM(8, 32, batch_first=True, proj_size=5), 5), (_STEPS, 8),
        2 * (_STEPS * (4 * 32 * (8 + 5) + 32 * 5) + 5 * 2),
    ),
    "gru": Network(
        lambda: Recurrent(nn.GRU(8, 32, batch_first=True), 32), (_STEPS, 8),
        2 * (_STEPS * 3 * 32 * (8 + 32) + 32 * 2),
    ),
    "rnn": Network(
        lambda: Recurrent(nn.RNN(8, 32, batch_first=True), 32), (_STEPS, 8),
        2 * (_STEPS * 32 * (8 + 32) + 32 * 2),
    ),
}  # fmt: skip
