"""How a prompt enters a language model: as the beginning of its answer, or through an encoder."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from auditkit.models.generators.cached import Reading
from auditkit.models.generators.decoder import Encoded


class Way(Protocol):
    """What differs between the two kinds of models of transformers.

    Attributes:
        apart: see `Decoder.apart`.
        attentions: the name of the attention that lies on the prompt, in what the model returns.
    """

    apart: bool
    attentions: str

    def first(self, prompts: Encoded) -> tuple[Reading, Tensor, Tensor]:
        """Nothing read as yet, and what is to be fed first: ids and their mask, (rows, tokens)."""
        ...

    def arguments(self, reading: Reading, tokens: Tensor, seen: Tensor) -> dict[str, Any]:
        """What the model is given to feed it tokens, beside its cache."""
        ...

    def after(self, reading: Reading, seen: Tensor) -> Reading:
        """What was read, with these tokens."""
        ...


def first_place(module: nn.Module) -> int:
    """The number of the first token's place, where a table of places keeps one for the padding.

    RoBERTa and its kin count from behind it; all others from 0, or add what they need themselves.
    """
    for name, part in module.named_modules():
        if name.endswith("position_embeddings") and type(part) is nn.Embedding:
            return 0 if part.padding_idx is None else int(part.padding_idx) + 1
    return 0


class Causal:
    """The prompt stands before the answer.

    Args:
        placed: the model is told where its tokens stand.
        first: see `first_place`.
    """

    apart = False
    attentions = "attentions"

    def __init__(self, *, placed: bool, first: int = 0) -> None:
        self._placed = placed
        self._first = first

    def first(self, prompts: Encoded) -> tuple[Reading, Tensor, Tensor]:
        """The prompts themselves."""
        none = prompts.mask[:, :0]
        return Reading(None, none, prompts.mask.new_zeros(len(none))), prompts.ids, prompts.mask

    def arguments(self, reading: Reading, tokens: Tensor, seen: Tensor) -> dict[str, Any]:
        """Ids, the mask of all tokens so far, and places that count no padding."""
        given = {
            "input_ids": tokens,
            "attention_mask": torch.cat([reading.mask, seen], 1),
        }
        if self._placed:
            places = reading.positions[:, None] + seen.cumsum(1) - 1
            given["position_ids"] = places.clamp_min(0) + self._first
        return given

    def after(self, reading: Reading, seen: Tensor) -> Reading:
        """The mask and the places grow."""
        mask = torch.cat([reading.mask, seen], 1)
        return Reading(reading.cache, mask, reading.positions + seen.sum(1), reading.fixed)


class ThroughEncoder:
    """The prompt is read by an encoder, to which a decoder looks back.

    Args:
        encoder: of the model.
        begins: ids that the decoder is given first.
    """

    apart = True
    attentions = "cross_attentions"

    def __init__(self, encoder: nn.Module, begins: list[int]) -> None:
        self._encoder = encoder
        self._begins = begins

    def first(self, prompts: Encoded) -> tuple[Reading, Tensor, Tensor]:
        """The prompts go through the encoder; fed is what begins an answer."""
        found = self._encoder(input_ids=prompts.ids, attention_mask=prompts.mask, return_dict=True)
        rows = len(prompts.ids)
        begins = torch.tensor(self._begins, dtype=torch.int64, device=prompts.ids.device)
        tokens = begins.expand(rows, -1)
        fixed = {"encoded": found.last_hidden_state}
        reading = Reading(None, prompts.mask, prompts.mask.new_zeros(rows), fixed)
        return reading, tokens, torch.ones_like(tokens)

    def arguments(self, reading: Reading, tokens: Tensor, seen: Tensor) -> dict[str, Any]:  # noqa: ARG002 - as of `Causal`; rows of a decoder need no padding before them
        """Ids of the decoder, what the encoder made of the prompt, and its mask."""
        from transformers.modeling_outputs import BaseModelOutput

        return {
            "decoder_input_ids": tokens,
            "encoder_outputs": BaseModelOutput(last_hidden_state=reading.fixed["encoded"]),
            "attention_mask": reading.mask,
        }

    def after(self, reading: Reading, seen: Tensor) -> Reading:
        """Only the places grow."""
        positions = reading.positions + seen.sum(1)
        return Reading(reading.cache, reading.mask, positions, reading.fixed)


__all__ = ["Causal", "ThroughEncoder", "Way", "first_place"]
