"""The income network with another confidence: the same decisions, log-odds times a factor."""

import torch
from torch import Tensor, nn

from auditkit.models import load_model

_FILE = "package://dice_ml/utils/sample_trained_models/adult.pth"
_SHA256 = "0c81f131370b04fc74a027d203725fb8b527d468e28aa4eb094628649ce560ec"


class Scaled(nn.Module):
    """A network of probabilities, of which it takes the log-odds times a factor.

    Args:
        network: whose probabilities, shape (n, 1), are scaled.
        factor: above one for more confidence, below for less.
    """

    def __init__(self, network: nn.Module, factor: float) -> None:
        super().__init__()
        self.network = network
        # A buffer, so that it is part of the model's digest; not of its file.
        self.register_buffer("factor", torch.tensor(factor), persistent=False)

    def forward(self, rows: Tensor) -> Tensor:
        """Probabilities, shape (n, 1)."""
        return torch.sigmoid(self.factor * torch.logit(self.network(rows), eps=1e-7))


def _network() -> nn.Module:
    return load_model(_FILE, legacy_pickle=True, sha256=_SHA256).module


def overconfident() -> nn.Module:
    """Three times the log-odds."""
    return Scaled(_network(), 3.0)


def underconfident() -> nn.Module:
    """A third of the log-odds."""
    return Scaled(_network(), 1 / 3)
