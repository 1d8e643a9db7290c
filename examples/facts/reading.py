"""A small language model that answers from its context: how it begins, and how it is taught.

To find the passage of an entity takes two layers: one by which each word knows the word before it,
and one that looks for the words that stood behind an earlier mention ("induction heads", Olsson et
al. 2022). From nothing, a model of this size needs long to come upon that. Two things bring it
down to forty seconds: three heads begin by looking one word back, and matrices move by even steps.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import torch
from even_steps import EvenSteps
from retrieval import NAMES, VALUES, lines, supported
from tokens import of_words
from torch import Tensor, nn
from training import DECAY, adamw, train

from auditkit.generation.grounding.sentences import sentences_of
from auditkit.generation.settings import PromptColumns
from auditkit.models.generators.answer import Answer

STEPS, BATCH = 1_200, 32
_RATE, _STEP = 6e-3, 0.015
_WIDTH, _HEADS = 64, 4
_LOOK_BACK = 3
"""Heads of the first layer that begin by looking one token back."""

_SHARP = 7.0
_TURN = 100.0
"""Base of the rotations by which positions are told: of texts of some 40 words, not of 10,000."""

_AT_ONCE = 128
_WORDS = ("what", "of", "?", ".")


def tokenizer() -> Any:
    """A word is a token."""
    return of_words([*_WORDS, *NAMES, *VALUES])


def build(words: Any, seed: int) -> nn.Module:
    """A Llama of two layers and 64 dimensions, untrained but for heads that look back."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    network: nn.Module = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(words),
            hidden_size=_WIDTH,
            intermediate_size=3 * _WIDTH,
            num_hidden_layers=2,
            num_attention_heads=_HEADS,
            max_position_embeddings=96,
            attention_bias=True,
            tie_word_embeddings=True,
            # Three times the usual: so narrow a model tells too few words apart else.
            initializer_range=0.06,
            rope_parameters={"rope_type": "default", "rope_theta": _TURN},
            pad_token_id=words.pad_token_id,
            bos_token_id=words.bos_token_id,
            eos_token_id=words.eos_token_id,
        )
    )
    _look_back(network.get_submodule("model.layers.0.self_attn"))
    return network


@torch.no_grad()
def _look_back(attention: nn.Module) -> None:
    """Let heads of a layer begin with most of their attention on the token before.

    Positions turn queries and keys, two numbers at a time. A key that is turned one position
    further meets the same query one position later.
    """
    size = _WIDTH // _HEADS
    turns = _TURN ** (-torch.arange(0, size, 2) / size)
    query = torch.cat([torch.ones_like(turns), torch.zeros_like(turns)])
    key = torch.cat([turns.cos(), turns.sin()])
    for head in range(_LOOK_BACK):
        at = slice(head * size, (head + 1) * size)
        _bias(attention, "q_proj")[at] = _SHARP * query
        _bias(attention, "k_proj")[at] = _SHARP * key


def _bias(attention: nn.Module, name: str) -> Tensor:
    found = attention.get_submodule(name).bias
    assert isinstance(found, Tensor)
    return found


@cache
def taught(seed: int = 0, steps: int = STEPS) -> tuple[nn.Module, Any]:
    """A model that should answer from its context, and its tokenizer; trained once a process.

    Of the seeds 0 to 3 the model of seed 2 does not learn to read: it copies from any passage.
    """
    words = tokenizer()
    network = build(words, seed)
    every = list(network.parameters())
    # The words themselves are no directions: one of them moves only where it was read.
    matrices = [one for one in every if one.ndim == 2 and one.shape[0] != len(words)]
    others = [one for one in every if not any(one is other for other in matrices)]
    optimisers = (adamw(others, _RATE), EvenSteps(matrices, _STEP, DECAY))
    drawn = np.arange(steps * BATCH).reshape(steps, BATCH)
    told = list(lines(steps * BATCH, seed))
    return train(network, words, told, drawn, _RATE, optimisers), words


def answers(network: Any, words: Any, prompts: Sequence[str], longest: int = 16) -> list[str]:
    """What the model answers, by its likeliest words."""
    texts = []
    for start in range(0, len(prompts), _AT_ONCE):
        given = words(
            list(prompts[start : start + _AT_ONCE]),
            padding=True,
            padding_side="left",
            return_tensors="pt",
            return_token_type_ids=False,
        )
        said = network.generate(**given, do_sample=False, max_new_tokens=longest)
        texts += words.batch_decode(
            said[:, given["input_ids"].shape[1] :], skip_special_tokens=True
        )
    return texts


def judged(network: nn.Module, words: Any, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with `supported`: whether a passage says so, of each sentence of the answer."""
    contexts = [json.loads(one) for one in rows["context"]]
    given = PromptColumns().given
    prompts = [given(one, of) for one, of in zip(rows["prompt"], contexts, strict=True)]
    known = [
        json.dumps(supported([one.text for one in sentences_of(Answer(text))], context))
        for text, context in zip(answers(network, words, prompts), contexts, strict=True)
    ]
    return rows.assign(supported=known)
