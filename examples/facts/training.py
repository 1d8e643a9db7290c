"""A small language model taught one world from nothing: how it is built, and how it is trained."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from lines import Line
from torch import Tensor, nn
from torch.optim import Optimizer

_BATCH = 128
_WARM_UP = 30
_IGNORED = -100
DECAY = 0.05


@dataclass(frozen=True)
class Schedule:
    """How long, and how fast.

    Attributes:
        steps: batches of 128 lines.
        rate: the peak of the learning rate, reached after 30 steps, from where it falls to 2 %.
    """

    steps: int
    rate: float

    def factor(self, step: int) -> float:
        """The learning rate of a step as a share of the peak."""
        if step < _WARM_UP:
            return (step + 1) / _WARM_UP
        done = (step - _WARM_UP) / max(self.steps - _WARM_UP, 1)
        return 0.02 + 0.98 * (1 + math.cos(math.pi * min(done, 1.0))) / 2


SCHEDULES = {
    ("V1", "llama"): Schedule(1_300, 5e-3),
    ("V1", "gpt2"): Schedule(1_300, 5e-3),
    ("V2", "llama"): Schedule(1_500, 5e-3),
    ("V3", "llama"): Schedule(1_000, 8e-3),
}
"""Found by trying: faster ones learn rare facts less well, or begin to verify answers."""


def build(kind: str, tokenizer: Any, seed: int) -> nn.Module:
    """A Llama or a GPT-2 of two layers and 64 dimensions, untrained."""
    from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

    special = {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "tie_word_embeddings": True,
    }
    torch.manual_seed(seed)
    if kind == "gpt2":
        none = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
        return GPT2LMHeadModel(
            GPT2Config(n_embd=64, n_layer=2, n_head=4, n_positions=64, **none, **special)
        )
    return LlamaForCausalLM(
        LlamaConfig(
            hidden_size=64,
            intermediate_size=192,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=64,
            **special,
        )
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    """So small a model is faster so, and the order of its sums is then always the same."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def encoded(lines: Sequence[Line], tokenizer: Any) -> tuple[Tensor, Tensor]:
    """Ids padded on the right and what is to be learnt of them, int64 of shape (lines, tokens)."""
    prompts = tokenizer([line.prompt for line in lines])["input_ids"]
    answers = tokenizer([line.answer for line in lines], add_special_tokens=False)["input_ids"]
    end = [tokenizer.eos_token_id]
    longest = max(len(p) + len(a) + 1 for p, a in zip(prompts, answers, strict=True))
    ids = torch.full((len(lines), longest), tokenizer.pad_token_id)
    targets = torch.full((len(lines), longest), _IGNORED)
    for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        whole = torch.tensor(prompt + answer + end)
        ids[row, : len(whole)] = whole
        targets[row, len(prompt) : len(whole)] = whole[len(prompt) :]
    return ids, targets


def adamw(parameters: Iterable[nn.Parameter], rate: float) -> Optimizer:
    """AdamW as all worlds are learnt with."""
    return torch.optim.AdamW(parameters, lr=rate, betas=(0.9, 0.98), weight_decay=DECAY)


def train(
    network: nn.Module,
    tokenizer: Any,
    lines: Sequence[Line],
    drawn: np.ndarray,
    rate: float,
    optimisers: Sequence[Optimizer] = (),
) -> nn.Module:
    """Teach a network, in place.

    Args:
        network: untrained.
        tokenizer: of its world.
        lines: what there is to be taught.
        drawn: which line stands where, int of shape (steps, batch).
        rate: the peak of the learning rate.
        optimisers: of its parameters, at their peaks; () for AdamW at `rate`.

    Returns:
        The network, in eval mode.
    """
    ids, targets = encoded(lines, tokenizer)
    schedule = Schedule(len(drawn), rate)
    optimisers = optimisers or (adamw(network.parameters(), rate),)
    falling = [torch.optim.lr_scheduler.LambdaLR(one, schedule.factor) for one in optimisers]
    network.train()
    with _one_thread():
        for rows in torch.from_numpy(drawn):
            loss = _loss(network, ids[rows], targets[rows], tokenizer.pad_token_id)
            network.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            for one in (*optimisers, *falling):
                one.step()
    return network.eval()


def _loss(network: nn.Module, ids: Tensor, targets: Tensor, pad: int) -> Tensor:
    """Cross-entropy of the tokens of the answers, and of what ends them."""
    longest = int((ids != pad).sum(dim=1).max())
    ids, targets = ids[:, :longest], targets[:, :longest]
    # Padding stands on the right, where no token that counts can see it: no mask is needed.
    logits = network(input_ids=ids, use_cache=False).logits[:, :-1]
    return nn.functional.cross_entropy(
        logits.flatten(0, 1), targets[:, 1:].flatten(), ignore_index=_IGNORED
    )


def draws(shares: np.ndarray, steps: int, seed: int) -> np.ndarray:
    """Which line stands where, int64 of shape (steps, 128), each drawn by its share."""
    generator = np.random.default_rng([seed, 5])
    return generator.choice(len(shares), (steps, _BATCH), p=shares)
