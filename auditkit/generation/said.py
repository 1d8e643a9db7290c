"""What a language model says of the next token, and which one is taken."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from auditkit.errors import ModelError


@dataclass(frozen=True, eq=False)
class Said:
    """The distribution of the next token of some rows, at temperature 1.

    Attributes:
        log_probs: of each token, nats, float32 of shape (rows, vocabulary).
        entropies: nats, shape (rows,).
        certainties: Kullback–Leibler divergence of the distribution from the uniform one over the
            tokens that can be, taken from the uniform one (KL(U‖p)), nats, shape (rows,). Tokens
            that a model rules out (a logit of -inf) do not count among these.
    """

    log_probs: Tensor
    entropies: Tensor
    certainties: Tensor

    @classmethod
    def of(cls, logits: Tensor) -> Said:
        """From logits of any floating dtype, shape (rows, vocabulary).

        Raises:
            ModelError: some of them are not numbers.

        >>> said = Said.of(torch.tensor([[0.0, 0.0], [0.0, 2.0]]))
        >>> [round(one, 3) for one in said.entropies.tolist()]
        [0.693, 0.365]
        >>> [round(one, 3) for one in said.certainties.tolist()]
        [0.0, 0.434]
        """
        log_probs = logits.float().log_softmax(-1)
        probabilities = log_probs.exp()
        entropies = -(probabilities * log_probs).sum(-1)
        certainties = -log_probs.mean(-1) - math.log(log_probs.shape[-1])
        if not bool(certainties.isfinite().all()):
            if bool(log_probs.isnan().any()):
                raise ModelError(
                    "The model gave logits that are not numbers.",
                    mend="Look whether its weights are whole; in half precision, try float32.",
                )
            possible = log_probs.isfinite()
            known, count = log_probs.masked_fill(~possible, 0.0), possible.sum(-1)
            entropies = -(probabilities * known).sum(-1)
            certainties = -known.sum(-1) / count - count.log()
        return cls(log_probs, entropies, certainties)

    def taken(self, uniforms: Tensor, temperature: float) -> Tensor:
        """One token of each row: the likeliest, or one that is drawn.

        Args:
            uniforms: of each row a number from [0, 1) that decides which token is drawn, float64;
                NaN where the likeliest is taken.
            temperature: of the draws.

        Returns:
            int64 of shape (rows,).
        """
        found = self.log_probs.argmax(-1)
        drawn = (~uniforms.isnan()).nonzero().flatten()
        if len(drawn):
            scaled = self.log_probs[drawn]
            scaled = scaled if temperature == 1.0 else scaled / temperature
            found[drawn] = inverted(scaled, uniforms[drawn])
        return found


def inverted(log_weights: Tensor, uniforms: Tensor) -> Tensor:
    """The token at which the cumulative distribution passes a number, row by row.

    Whatever the batch, the device and the process, the same number gives the same token, up to
    rounding.

    Args:
        log_weights: shape (rows, vocabulary); they need not sum to one.
        uniforms: from [0, 1), float64 of shape (rows,).
    """
    sums = log_weights.softmax(-1).cumsum(-1, dtype=torch.float64)
    found = torch.searchsorted(sums, (uniforms * sums[:, -1])[:, None], right=True)[:, 0]
    return found.clamp_max(log_weights.shape[-1] - 1)


def uniforms(seed: int, key: int, samples: int, tokens: int) -> NDArray[np.float64]:
    """The numbers that decide what is drawn for one prompt, shape (samples, tokens).

    They depend on the audit's seed and the prompt's key alone, and those of a sample not on how
    many others are drawn.

    >>> bool((uniforms(1, 7, 3, 4) == uniforms(1, 7, 10, 4)[:3]).all())
    True
    """
    words = [seed & _WORD, seed >> 32 & _WORD, key & _WORD, key >> 32 & _WORD]
    drawn = np.random.default_rng(np.random.SeedSequence(words)).random((samples, tokens))
    return np.asarray(drawn)


_WORD = (1 << 32) - 1


__all__ = ["Said", "inverted", "uniforms"]
