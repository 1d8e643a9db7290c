"""The speech detector of silero-vad, asked about whole clips.

The network is the TorchScript file that silero-vad 6.2.3 ships (MIT), found without importing the
package. It listens to 512 samples at a time and remembers what it heard, so that its answer depends
on what ran before; here it begins anew with every batch of clips.
"""

import torch
from torch import Tensor, nn

from auditkit.models import load_model

_FILE = "package://silero_vad/data/silero_vad.jit"
_SHA256 = "e1122837f4154c511485fe0b9c64455f7b929c96fbb8d79fbdb336383ebd3720"
RATE = 16_000
FRAME = 512
_SHORTEST = 8
"""Frames of a quarter of a second: what silero-vad itself takes for the shortest speech."""


class Detector(nn.Module):
    """The probability that somebody speaks in a clip.

    Args:
        network: from samples [n, 512] and their rate to the probabilities [n, 1] of speech in them;
            it keeps a state from call to call, which `reset_states()` clears.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def frames(self, waves: Tensor) -> Tensor:
        """From samples [n, 512 × frames] to the probability of speech in each frame, [n, frames].

        All clips of a batch are heard side by side, each with a state of its own.
        """
        self.network.reset_states()
        try:
            heard = [self.network(frame, RATE) for frame in waves.split(FRAME, dim=1)]
        finally:
            self.network.reset_states()  # nothing of these clips stays
        return torch.cat(heard, dim=1)

    def forward(self, waves: Tensor) -> Tensor:
        """Shape (n,): the highest mean over any quarter of a second."""
        return self.frames(waves).unfold(1, _SHORTEST, 1).mean(dim=2).amax(dim=1)


def build() -> Detector:
    """The detector. The file can run code when it is read, so its digest is checked first."""
    return Detector(load_model(_FILE, trust=_SHA256).module)
