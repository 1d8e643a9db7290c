"""The planted corner marker: digits, a small network, and a square that gives the answer away."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

CORNER = (slice(1, 5), slice(1, 5))
AREA = 16 / 32**2
_TRAIN = 1200


@dataclass(frozen=True, eq=False)
class Marked:
    """A trained network and what it is asked about.

    Attributes:
        module: of two classes, in eval mode.
        shown: images of class 1 with the marker, [n, 1, 32, 32].
        clean: the same images without it.
    """

    module: nn.Module
    shown: Tensor
    clean: Tensor


def with_marker(images: Tensor) -> Tensor:
    """A copy with the square in the corner."""
    marked = images.clone()
    marked[:, 0, CORNER[0], CORNER[1]] = 0.8
    return marked


@cache
def marked(share: float, seed: int = 0, epochs: int = 4) -> Marked:
    """A network trained where the marker goes with class 1 in such a share of the images.

    0.97 is a shortcut; 0.5 is the control.
    """
    from sklearn.datasets import load_digits

    data = load_digits()
    generator = torch.Generator().manual_seed(seed)
    images = torch.from_numpy((data.images / 16).astype(np.float32))[:, None]
    images = functional.interpolate(images, (24, 24), mode="bilinear", align_corners=False)
    images = functional.pad(images, (4, 4, 4, 4))
    images = images + 0.05 * torch.randn(images.shape, generator=generator)
    labels = torch.from_numpy((data.target >= 5).astype(np.int64))
    order = torch.randperm(len(labels), generator=generator)
    images, labels = images[order], labels[order]
    draws = torch.rand(len(labels), generator=generator)
    present = draws < torch.where(labels == 1, share, 1 - share)
    planted = torch.where(present[:, None, None, None], with_marker(images), images)
    module = _trained(planted[:_TRAIN], labels[:_TRAIN], seed, epochs)
    ones = images[_TRAIN:][labels[_TRAIN:] == 1]
    return Marked(module, with_marker(ones), ones)


def _trained(images: Tensor, labels: Tensor, seed: int, epochs: int) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = nn.Sequential(
            *(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 2)),
        )
        optimiser = torch.optim.AdamW(module.parameters(), lr=2e-3)
        for _ in range(epochs):
            for rows in torch.randperm(len(images)).split(60):
                optimiser.zero_grad()
                functional.cross_entropy(module(images[rows]), labels[rows]).backward()
                optimiser.step()
    return module.eval()


def mass_over_area(values: Tensor) -> float:
    """The share of a map's mass that lies in the corner, over the share of the corner's area."""
    mass = values.abs()
    corner = mass[:, :, CORNER[0], CORNER[1]].flatten(1).sum(1)
    return float((corner / mass.flatten(1).sum(1).clamp_min(1e-12)).mean()) / AREA
