"""Train the digit classifier in a few seconds, and two more as members of an ensemble.

Writes model.safetensors, member-1.safetensors and member-2.safetensors beside this file.
"""

from pathlib import Path

import torch
from digits import build, training
from safetensors.torch import save_file
from torch import nn


def train(seed: int, epochs: int = 8, batch_size: int = 64) -> nn.Module:
    """The network after some passes over the training digits; the same on every machine's CPU."""
    torch.manual_seed(seed)
    network, data = build(), training()
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.01)
    network.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(data)).split(batch_size):
            loss = nn.functional.cross_entropy(network(data.images[rows]), data.labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return network.eval()


if __name__ == "__main__":
    for seed, name in enumerate(("model", "member-1", "member-2")):
        place = Path(__file__).with_name(f"{name}.safetensors")
        save_file(train(seed).state_dict(), place)
        print(place)
