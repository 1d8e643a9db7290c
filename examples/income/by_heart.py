"""A network for the census table twice: learnt by heart, and with what keeps it from that.

Of 2,000 people each network is trained on, 15 % carry the wrong income, as do those that it is
audited on. As a script it writes memorised.safetensors and regularised.safetensors beside it.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from census import shuffled
from safetensors.torch import save_file
from torch import Tensor, nn

_PEOPLE = 2_000
_MISLABELLED = 0.15
_NUMBERS = ("age", "hours-per-week", "capital-gain", "capital-loss")
_CATEGORIES = (
    "workclass",
    "education",
    "marital-status",
    "occupation",
    "relationship",
    "ethnicity",
    "gender",
)


def _people() -> pd.DataFrame:
    people = shuffled()
    wrong = np.random.default_rng(0).random(len(people)) < _MISLABELLED
    people["income"] = np.where((people["loan"] == ">50K") ^ wrong, ">50K", "<=50K")
    return people.drop(columns="loan")


def training() -> pd.DataFrame:
    """The people that the networks are trained on."""
    return _people().iloc[:_PEOPLE]


def evaluation() -> pd.DataFrame:
    """As many others."""
    return _people().iloc[_PEOPLE : 2 * _PEOPLE]


_LEVELS = {name: sorted(_people()[name].unique()) for name in _CATEGORIES}
_WIDTH = len(_NUMBERS) + sum(map(len, _LEVELS.values()))


def encode(people: pd.DataFrame) -> Tensor:
    """Each person as numbers, float32 of shape (n, width): logarithms, and one column a level."""
    numbers = np.log1p(people[list(_NUMBERS)].to_numpy("float32")) - 2
    levels = [
        people[name].to_numpy()[:, None] == np.array(known)[None] for name, known in _LEVELS.items()
    ]
    return torch.from_numpy(np.concatenate([numbers, *levels], axis=1).astype("float32"))


def build() -> nn.Sequential:
    """The network, untrained."""
    return nn.Sequential(
        nn.Linear(_WIDTH, 256),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(256, 256),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(256, 1),
    )


def memorise(inputs: Tensor, targets: Tensor, seed: int) -> nn.Module:
    """The network after so many passes that it knows its people, without anything against that."""
    return _fitted(inputs, targets, seed, epochs=120, weight_decay=0.0, dropout=False)


def regularise(inputs: Tensor, targets: Tensor, seed: int) -> nn.Module:
    """The same network after few passes, with dropout and weight decay."""
    return _fitted(inputs, targets, seed, epochs=6, weight_decay=0.1, dropout=True)


def _fitted(
    inputs: Tensor, targets: Tensor, seed: int, *, epochs: int, weight_decay: float, dropout: bool
) -> nn.Module:
    torch.manual_seed(seed)
    network = build().train(dropout)
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=weight_decay)
    for _ in range(epochs):
        for rows in torch.randperm(len(targets)).split(64):
            loss = nn.functional.binary_cross_entropy_with_logits(
                network(inputs[rows])[:, 0], targets[rows].float()
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return network.eval()


if __name__ == "__main__":
    people = training()
    known = torch.from_numpy((people["income"] == ">50K").to_numpy("int64"))
    for name, train in (("memorised", memorise), ("regularised", regularise)):
        place = Path(__file__).with_name(f"{name}.safetensors")
        save_file(train(encode(people), known, 0).state_dict(), place)
        print(place)
