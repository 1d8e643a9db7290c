"""One answer of a generative model: its text, and what the model said of each of its tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Answer:
    """One answer, greedy or sampled.

    Of each of the n tokens that the model itself chose there is one number; the one that ends the
    answer is among them, the prompt's are not. Numbers are of the model's own distribution: at
    temperature 1, however the token was drawn.

    Attributes:
        text: what was answered, without the tokens that only begin, end or pad.
        tokens: ids, int32 of shape (n,); None where only the text is known.
        pieces: the text of each token, n of them; () where only the text is known.
        log_probs: log-probability of each token, nats, shape (n,); None where not known.
        entropies: entropy of the distribution that each token was taken from, nats, shape (n,);
            None where not known.
        certainties: Kullback–Leibler divergence of that distribution from the uniform one, taken
            from the uniform one (KL(U‖p)), nats, shape (n,); None where not known.
        finished: `stop`: the model ended it; `length`: it was cut; "" where that is not known.

    Raises:
        ValueError: numbers of another length than the tokens.

    Example:
        >>> Answer("blue", log_probs=np.float32([-0.5, -0.25])).log_likelihood
        -0.75
    """

    text: str
    tokens: NDArray[np.int32] | None = None
    pieces: tuple[str, ...] = ()
    log_probs: Numbers | None = None
    entropies: Numbers | None = None
    certainties: Numbers | None = None
    finished: str = ""

    def __post_init__(self) -> None:
        known = [self.log_probs, self.entropies, self.certainties, self.tokens, self.pieces or None]
        lengths = {len(one) for one in known if one is not None}
        if len(lengths) > 1:
            raise ValueError(f"the numbers of one answer have the lengths {sorted(lengths)}")

    @property
    def log_likelihood(self) -> float | None:
        """The log-probability of the whole answer, nats; None where not known."""
        if self.log_probs is None:
            return None
        return float(self.log_probs.sum(dtype=np.float64))

    @property
    def length(self) -> int | None:
        """Number of tokens, with the one that ends the answer; None where not known."""
        for one in (self.tokens, self.log_probs):
            if one is not None:
                return len(one)
        return None


__all__ = ["Answer", "Numbers"]
