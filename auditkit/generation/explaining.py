"""On which tokens of prompt and context an answer rests, and whether that stands a test.

An answer is explained as a whole: what is attributed is the sum of the log-probabilities of its
tokens, those that the model itself chose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from auditkit.errors import ModelError
from auditkit.generation.generations import Generations
from auditkit.generation.highlight import Highlight
from auditkit.models.generators.decoder import Decoder
from auditkit.models.generators.first_words import FirstWords

TESTED_SHARE = 0.2
"""The share of the tokens given that the test takes away."""
DRAWS = 8
"""How many random sets of tokens they are set beside."""

_TOKENS = 4096
"""Tokens of a batch, at most; a longer prompt is read by itself."""
_LOGITS = 1 << 26
"""Logits of a batch, at most: a quarter of a gigabyte, whatever the vocabulary."""

Step = Callable[[int, int, str], None]


@dataclass(frozen=True, eq=False)
class _Text:
    """One prompt with its answer, ready to be asked about.

    Attributes:
        decoder: opened.
        ids: of what was given, int64 of shape (1, n).
        answer: ids of the answer, int64 of shape (tokens,).
        neutral: the embedding that stands for a token taken away: the mean of the vocabulary,
            shape (width,).
    """

    decoder: Decoder
    ids: Tensor
    answer: Tensor
    neutral: Tensor

    @property
    def embedded(self) -> Tensor:
        """Embeddings of what was given, shape (1, n, width)."""
        found: Tensor = _embedding(self.decoder)(self.ids)
        return found.detach()

    @property
    def at_once(self) -> int:
        """How many copies of the prompt with the answer are read together."""
        tokens = self.ids.shape[1] + len(self.answer)
        words = _embedding(self.decoder).num_embeddings
        return max(1, min(_TOKENS // tokens, _LOGITS // (tokens * words)))

    def log_likelihood(self, embedded: Tensor) -> Tensor:
        """Log-probability of the answer after other embeddings, shape (rows,), differentiable.

        Args:
            embedded: shape (rows, n, width).
        """
        module: Any = self.decoder.module  # one of transformers, with its config
        rows = len(embedded)
        answer = self.answer.expand(rows, -1)
        mask = torch.ones(embedded.shape[:2], dtype=torch.int64, device=embedded.device)
        if self.decoder.apart:
            begins = torch.tensor(FirstWords.of(module, None).begins, device=answer.device)
            fed = torch.cat([begins.expand(rows, -1), answer[:, :-1]], dim=1)
            logits = module(
                inputs_embeds=embedded, attention_mask=mask, decoder_input_ids=fed, use_cache=False
            ).logits[:, len(begins) - 1 :]
        else:
            fed = torch.cat([embedded, _embedding(self.decoder)(answer[:, :-1])], dim=1)
            whole = torch.ones(fed.shape[:2], dtype=torch.int64, device=fed.device)
            logits = module(inputs_embeds=fed, attention_mask=whole, use_cache=False).logits
            logits = logits[:, embedded.shape[1] - 1 :]
        told = logits.float().log_softmax(-1).gather(-1, answer.unsqueeze(-1)).squeeze(-1)
        summed: Tensor = told.sum(dim=1)
        return summed


def _embedding(decoder: Decoder) -> nn.Embedding:
    """Of what reads the prompt: where nothing is shared, an encoder has embeddings of its own."""
    module: Any = decoder.module
    part = module.get_encoder() if decoder.apart else module
    found: nn.Embedding = part.get_input_embeddings()
    return found


def gradient_x_input(text: _Text) -> Tensor:
    """Gradient × input, summed over the embedding: one pass forth and back; shape (n,).

    Source: Shrikumar et al. 2016, arXiv 1605.01713; Denil et al. 2014, arXiv 1412.6815.
    """
    embedded = text.embedded.requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(text.log_likelihood(embedded).sum(), embedded)
    return (gradient * embedded).sum(dim=-1)[0].detach()


def feature_ablation(text: _Text) -> Tensor:
    """By how much the log-probability falls without each token, by Captum; shape (n,).

    A copy of the prompt for each token: dearer, and blind to what several tokens carry together.
    """
    from captum.attr import FeatureAblation

    given = text.embedded
    tokens = torch.arange(given.shape[1], device=given.device)[None, :, None]
    with torch.no_grad():
        found = FeatureAblation(text.log_likelihood).attribute(
            given,
            baselines=text.neutral.expand_as(given),
            feature_mask=tokens.expand_as(given),
            perturbations_per_eval=text.at_once,
        )
    # Each component of a token's embedding carries the effect of the whole token.
    of_tokens: Tensor = found[0, :, 0]
    return of_tokens.detach()


METHODS: Mapping[str, Callable[[_Text], Tensor]] = {
    "gradient_x_input": gradient_x_input,
    "feature_ablation": feature_ablation,
}


def explained_answers(
    decoder: Decoder,
    generations: Generations,
    rows: np.ndarray,
    method: str,
    step: Step | None = None,
) -> tuple[Highlight, ...] | str:
    """What some answers rest on, or the reason why that cannot be said.

    Args:
        decoder: opened.
        generations: with the answers.
        rows: positions of those that are explained.
        method: a name of `METHODS`; "" for ablation where a copy of the prompt for each of its
            tokens fits into one batch, and for gradient × input, whose cost does not grow so, of
            longer prompts.
        step: called with (done, of, what) after each.
    """
    found: list[Highlight] = []
    for done, row in enumerate(rows.tolist(), start=1):
        one = generations.rows[row]
        if one.greedy.tokens is not None and len(one.greedy.tokens):
            try:
                text = _text(decoder, one.question.given, one.greedy.tokens)
            except (AttributeError, TypeError, NotImplementedError, RuntimeError) as error:
                return (
                    f"{type(decoder.module).__name__} takes no embeddings in place of tokens "
                    f"({type(error).__name__}: {error})."
                )
            found.append(_explained(text, row, method, generations.seed))
        if step is not None:
            step(done, len(rows), method)
    return tuple(found)


def _text(decoder: Decoder, given: str, answer: np.ndarray) -> _Text:
    encoded = decoder.encode([given])
    if not encoded.ids.shape[1]:
        raise ModelError("A prompt of no tokens rests on nothing.")
    weights = _embedding(decoder).weight
    ids = torch.as_tensor(answer.astype(np.int64), device=decoder.device)
    text = _Text(decoder, encoded.ids.to(decoder.device), ids, weights.detach().mean(dim=0))
    with torch.no_grad():
        text.log_likelihood(text.embedded)  # whoever cannot take embeddings says so here
    return text


def _explained(text: _Text, row: int, method: str, seed: int) -> Highlight:
    n = text.ids.shape[1]
    method = method or ("feature_ablation" if n * n <= _TOKENS else "gradient_x_input")
    weights = METHODS[method](text).float().cpu()
    pieces = text.decoder.pieces_of(text.ids[0].tolist())
    removed, drop, random_drop = _tested(text, weights, np.random.default_rng((seed, row)))
    return Highlight(row, pieces, weights.numpy(), method, removed, drop, random_drop)


def _tested(text: _Text, weights: Tensor, rng: np.random.Generator) -> tuple[int, float, float]:
    """How many tokens were taken away, and what that and random sets of as many did."""
    n = len(weights)
    size = round(TESTED_SHARE * n) or 1
    if n < 2 * size or n < 3:
        return 0, 0.0, 0.0
    sets = [weights.topk(size).indices]
    sets += [torch.from_numpy(rng.choice(n, size, replace=False)) for _ in range(DRAWS)]
    changed = text.embedded.repeat(len(sets) + 1, 1, 1)
    for place, chosen in enumerate(sets, start=1):
        changed[place, chosen.to(changed.device)] = text.neutral.to(changed.dtype)
    with torch.no_grad():
        said = torch.cat([text.log_likelihood(one) for one in torch.split(changed, text.at_once)])
    said = said.double().cpu()
    drops = said[0] - said[1:]
    return size, float(drops[0]), float(drops[1:].mean())


__all__ = ["DRAWS", "METHODS", "TESTED_SHARE", "explained_answers"]
