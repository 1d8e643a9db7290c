"""One network twice, learnt by heart and learnt to read; and an evaluation set that leaked.

A tired clerk labelled these digits: one in five carries a class drawn at random. There is nothing
to learn about such a label but to remember it.

As a script it writes memorised.safetensors and regularised.safetensors beside this file.
"""

from pathlib import Path

import digits
import torch
from digits import Digits, build
from safetensors.torch import save_file
from torch import Tensor, nn

_MISLABELLED = 0.2
_PLANTED = 100


def _tired(data: Digits, seed: int) -> Digits:
    generator = torch.Generator().manual_seed(seed)
    wrong = torch.rand(len(data), generator=generator) < _MISLABELLED
    drawn = torch.randint(0, 10, (len(data),), generator=generator)
    data.labels = torch.where(wrong, drawn, data.labels)
    return data


def training() -> Digits:
    """The training digits, as the clerk labelled them."""
    return _tired(digits.training(), 1)


def evaluation() -> Digits:
    """The evaluation digits, labelled by the same clerk."""
    return _tired(digits.evaluation(), 2)


def leaked() -> Digits:
    """The evaluation digits, and 200 that are not new: 100 copies, and 100 shifted by one pixel."""
    data, seen = digits.evaluation(), digits.training()
    copies = slice(0, _PLANTED)
    shifted = slice(_PLANTED, 2 * _PLANTED)
    moved = torch.roll(seen.images[shifted], 1, dims=3)
    data.images = torch.cat([data.images, seen.images[copies], moved])
    data.labels = torch.cat([data.labels, seen.labels[copies], seen.labels[shifted]])
    data.strokes = [*data.strokes, *seen.strokes[copies], *seen.strokes[shifted]]
    return data


def memorise(images: Tensor, labels: Tensor, seed: int) -> nn.Module:
    """The network after so many passes that it knows its digits, without anything against that."""
    return _fitted(images, labels, seed, epochs=60, weight_decay=0.0, dropout=False)


def regularise(images: Tensor, labels: Tensor, seed: int) -> nn.Module:
    """The same network after few passes, with dropout and weight decay."""
    return _fitted(images, labels, seed, epochs=6, weight_decay=0.1, dropout=True)


def _fitted(
    images: Tensor, labels: Tensor, seed: int, *, epochs: int, weight_decay: float, dropout: bool
) -> nn.Module:
    torch.manual_seed(seed)
    network = build().train(dropout)
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=weight_decay)
    for _ in range(epochs):
        for rows in torch.randperm(len(labels)).split(64):
            loss = nn.functional.cross_entropy(network(images[rows]), labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return network.eval()


if __name__ == "__main__":
    data = training()
    for name, train in (("memorised", memorise), ("regularised", regularise)):
        place = Path(__file__).with_name(f"{name}.safetensors")
        save_file(train(data.images, data.labels, 0).state_dict(), place)
        print(place)
