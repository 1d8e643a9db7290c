"""Train two heads on the reviews in seconds: head.safetensors, and control.safetensors beside it.

Logistic regression on embeddings that stay as they are, in double precision, so that the decisions
are the same on every machine.
"""

from pathlib import Path

import torch
from reviews import reviews
from safetensors.torch import save_file
from sentiment import LENGTH, Sentiment, encoder, folder
from tokenizers import Tokenizer
from torch import Tensor, nn

HERE = Path(__file__).parent
_PENALTY = 1e-4


def embeddings(network: Sentiment, texts: list[str]) -> Tensor:
    """Float64 of shape (n, 384)."""
    tokenizer = Tokenizer.from_file(str(folder() / "tokenizer.json"))
    tokenizer.enable_truncation(LENGTH)
    tokenizer.enable_padding(length=LENGTH)
    encoded = tokenizer.encode_batch(texts)
    ids = torch.tensor([one.ids for one in encoded])
    mask = torch.tensor([one.attention_mask for one in encoded])
    with torch.no_grad():
        parts = [network.embed(*pair) for pair in zip(ids.split(64), mask.split(64), strict=True)]
    return torch.cat(parts).double()


def head(inputs: Tensor, good: Tensor) -> nn.Linear:
    """The head that fits best, by as many steps as it takes."""
    found = nn.Linear(inputs.shape[1], 1).double()
    nn.init.zeros_(found.weight)
    nn.init.zeros_(found.bias)
    optimiser = torch.optim.LBFGS(found.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        fit = nn.functional.binary_cross_entropy_with_logits(found(inputs)[:, 0], good)
        total = fit + _PENALTY * found.weight.square().sum()
        total.backward()
        return total

    optimiser.step(loss)
    return found.float()


if __name__ == "__main__":
    rows, network = reviews(), Sentiment(encoder())
    for split, name in (("training", "head"), ("balanced", "control")):
        chosen = rows[rows["split"] == split]
        inputs = embeddings(network, chosen["text"].tolist())
        found = head(inputs, torch.tensor((chosen["label"] == "good").to_numpy()).double())
        save_file(found.state_dict(), HERE / f"{name}.safetensors")
        print(HERE / f"{name}.safetensors")
