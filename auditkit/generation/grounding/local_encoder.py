"""The user's own encoder as a judge of support: a classifier of pairs, or of the sentence's tokens.

It is read from a local folder, without the network and without running code from it. Each passage
is judged by itself, since judges drift with the length of what they read; a passage that is longer
than the encoder reads is cut into windows that overlap, and counts by the best of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from auditkit.errors import ConfigurationError
from auditkit.generation.equivalence.local_models import configured, local_model

_SETTING = "generation.grounding.folder"
_AT_ONCE = 32
_LONGEST = 512
_OVERLAP = 64
_OF_TOKENS = "AutoModelForTokenClassification"
_OF_PAIRS = "AutoModelForSequenceClassification"
_SUPPORTING = ("entailment", "entails", "supported", "consistent", "grounded")
_UNSUPPORTED = ("hallucinated", "hallucination", "unsupported")


@dataclass(frozen=True, eq=False)
class LocalEncoder:
    """An encoder with its tokenizer.

    Attributes:
        network: of transformers, in eval mode.
        tokenizer: a fast one, which can cut into windows.
        by_token: whether it judges each token of the sentence rather than the pair.
        label: the class that means support; of a judge of tokens, the one that means the lack.
        longest: tokens of a pair that it reads.
    """

    network: Any
    tokenizer: Any
    by_token: bool
    label: int
    longest: int


def support_by_encoder(
    sentences: Sequence[str], passages: Sequence[Sequence[str]], folder: str
) -> NDArray[np.float64]:
    """The highest probability over a sentence's passages that the passage supports it.

    Pairs that occur twice are judged once.

    Args:
        sentences: n of them.
        passages: those of each sentence.
        folder: of the encoder.

    Returns:
        float64 of shape (n,), from 0 to 1; 0 of a sentence without passages.

    Raises:
        ConfigurationError: the folder cannot be read, or its classes don't say which means support.
    """
    encoder = _read(folder)
    pairs = [
        (passage, sentence)
        for sentence, given in zip(sentences, passages, strict=True)
        for passage in given
    ]
    judged = _judged(encoder, list(dict.fromkeys(pairs)))
    return np.array(
        [
            max((judged[passage, sentence] for passage in given), default=0.0)
            for sentence, given in zip(sentences, passages, strict=True)
        ]
    )


@lru_cache(maxsize=1)
def _read(folder: str) -> LocalEncoder:
    config = configured(folder, _SETTING)
    by_token = any("TokenClassification" in str(one) for one in config.get("architectures") or ())
    model = local_model(folder, _OF_TOKENS if by_token else _OF_PAIRS, _SETTING)
    label = _label(model.network.config.id2label, folder, by_token)
    longest = min(model.longest, _LONGEST)
    return LocalEncoder(model.network, model.tokenizer, by_token, label, longest)


def _label(classes: Mapping[Any, str], folder: str, by_token: bool) -> int:
    names = {int(place): str(name).casefold() for place, name in classes.items()}
    wanted = _UNSUPPORTED if by_token else _SUPPORTING
    found = [place for place, name in names.items() if name in wanted]
    if len(found) == 1:
        return found[0]
    raise ConfigurationError(
        f"The classes of the encoder in {folder!r} are {', '.join(sorted(names.values()))}; "
        f"expected one of them to be called {', '.join(wanted)}.",
        mend="Mend id2label in its config.json.",
    )


def _judged(encoder: LocalEncoder, pairs: list[tuple[str, str]]) -> dict[tuple[str, str], float]:
    found = dict.fromkeys(pairs, 0.0)
    ordered = sorted(pairs, key=lambda pair: len(pair[0]) + len(pair[1]))
    for start in range(0, len(ordered), _AT_ONCE):
        batch = ordered[start : start + _AT_ONCE]
        for place, probability in _windows(encoder, batch):
            found[batch[place]] = max(found[batch[place]], probability)
    return found


def _windows(encoder: LocalEncoder, pairs: list[tuple[str, str]]) -> Iterator[tuple[int, float]]:
    """For each window of each pair: the pair's place, and the probability of support."""
    read = encoder.tokenizer(
        [passage for passage, _ in pairs],
        [sentence for _, sentence in pairs],
        truncation="only_first",
        max_length=encoder.longest,
        stride=min(_OVERLAP, encoder.longest // 8),
        return_overflowing_tokens=True,
        padding=True,
        return_tensors="pt",
    )
    places = read.pop("overflow_to_sample_mapping").tolist()
    with torch.no_grad():
        logits = encoder.network(**read).logits.float()
    for window, place in enumerate(places):
        probabilities = logits[window].softmax(-1)[..., encoder.label]
        if not encoder.by_token:
            yield place, float(probabilities)
            continue
        of_sentence = [at for at, part in enumerate(read.sequence_ids(window)) if part == 1]
        yield place, 1 - float(probabilities[of_sentence].max()) if of_sentence else 0.0


__all__ = ["LocalEncoder", "support_by_encoder"]
