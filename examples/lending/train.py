"""Train the network in seconds; write applications.csv and model.safetensors beside this file."""

from pathlib import Path

import torch
from lending import applications, build, encode
from safetensors.torch import save_file
from torch import nn

HERE = Path(__file__).parent


def train(epochs: int = 150) -> nn.Module:
    """The network after some steps on all training applications at once.

    In double precision, so that what it decides does not hang on the order of a sum.
    """
    rows = applications()
    rows = rows[rows["split"] == "training"]
    inputs = encode(rows).double()
    approved = torch.tensor((rows["outcome"] == "approved").to_numpy(), dtype=torch.float64)
    torch.manual_seed(0)
    network = build().double()
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.02, weight_decay=1.0)
    for _ in range(epochs):
        loss = nn.functional.binary_cross_entropy_with_logits(network(inputs), approved)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network.float().eval()


if __name__ == "__main__":
    applications().to_csv(HERE / "applications.csv", index=False, lineterminator="\n")
    save_file(train().state_dict(), HERE / "model.safetensors")
    print(HERE / "applications.csv", HERE / "model.safetensors", sep="\n")
