"""Encoders from a local folder: no network, no code of the folder's own, no pickles."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from auditkit.errors import ConfigurationError
from auditkit.models.generators.quiet import without_bars

_LONGEST = 512
"""Tokens that are read where neither the model nor its tokenizer says: as of BERT."""

_BARE = "AutoModel"

AT_ONCE = 64
"""Texts, or pairs, in a batch."""


@dataclass(frozen=True, eq=False)
class LocalModel:
    """A network in eval mode, and the tokenizer that it was trained with.

    Attributes:
        network: of transformers.
        tokenizer: of transformers.
        longest: tokens that it reads at most, the special ones among them.
    """

    network: Any
    tokenizer: Any
    longest: int

    def encoded(self, *texts: Sequence[str]) -> tuple[Any, list[bool]]:
        """A padded batch as tensors, and which of its members had to be cut.

        Args:
            texts: one list of texts, or two of the same length that are read as pairs.
        """
        whole = self.tokenizer(*map(list, texts), truncation=False, verbose=False)["input_ids"]
        batch = self.tokenizer(
            *map(list, texts),
            truncation=True, max_length=self.longest, padding=True, return_tensors="pt",
        )  # fmt: skip
        return batch, [len(one) > self.longest for one in whole]


def configured(folder: str, setting: str) -> dict[str, Any]:
    """What `config.json` in the folder of an encoder says.

    Raises:
        ConfigurationError: there is no such folder, or no such file in it.
    """
    path = Path(folder).expanduser() / "config.json"
    try:
        read = json.loads(path.read_text(encoding="utf-8")) if folder else None
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{setting} is {folder!r}, which holds no config.json that can be read "
            f"({type(error).__name__}).",
            mend="Name a folder that was written by save_pretrained.",
        ) from error
    if not isinstance(read, dict):
        raise ConfigurationError(
            f"{setting} names no folder with the config.json of an encoder.",
            mend="Name a folder that was written by save_pretrained; nothing is downloaded.",
        )
    return read


@lru_cache(maxsize=2)
def local_model(folder: str, kind: str, setting: str) -> LocalModel:
    """Read an encoder.

    Args:
        folder: with config, weights as safetensors, and tokenizer.
        kind: the class of transformers that reads it, `AutoModel` …
        setting: what the folder is called in the settings, for messages.

    Raises:
        ConfigurationError: transformers is not installed, or cannot read the folder as that kind.
    """
    configured(folder, setting)
    try:
        import transformers
    except ImportError as error:
        raise ConfigurationError(
            f"{setting} needs the library transformers, which is not installed.",
            mend="Install auditkit-torch with its extra `hf`.",
        ) from error
    path = str(Path(folder).expanduser())
    how = {"local_files_only": True, "trust_remote_code": False}
    try:
        with without_bars():
            network, told = getattr(transformers, kind).from_pretrained(
                path, use_safetensors=True, output_loading_info=True, **how
            )
            tokenizer = transformers.AutoTokenizer.from_pretrained(path, **how)
    except Exception as error:  # the library raises many kinds, plain ones among them
        raise ConfigurationError(
            f"{setting} cannot be read from {folder!r} ({type(error).__name__}: {error}).",
            mend="Save model and tokenizer there by save_pretrained, as safetensors.",
        ) from error
    # Of a bare encoder the pooler is not looked at; a classifier rests on it.
    idle = "pooler" if kind == _BARE else "\0"
    if missing := sorted(one for one in told["missing_keys"] if idle not in one):
        raise ConfigurationError(
            f"The weights in {folder!r} lack {missing[0]}, which would be random numbers.",
            mend=f"Give a folder whose model was trained as what {setting} is used for.",
        )
    return LocalModel(network.eval(), tokenizer, _longest(network.config, tokenizer))


def _longest(config: Any, tokenizer: Any) -> int:
    """Tokens that model and tokenizer both read; RoBERTa's numbering of places begins at 2."""
    places = int(getattr(config, "max_position_embeddings", 0) or _LONGEST)
    if "roberta" in str(config.model_type):
        places -= 2
    return max(1, min(places, int(min(tokenizer.model_max_length, 10**6))))


def on_device(model: LocalModel, batch: Any) -> Any:
    """A batch where the network is."""
    device = next(model.network.parameters(), torch.zeros(0)).device
    return batch.to(device)


__all__ = ["AT_ONCE", "LocalModel", "configured", "local_model", "on_device"]
