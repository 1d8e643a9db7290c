"""How likely the model itself held its answer, token by token."""

from __future__ import annotations

from functools import partial

import numpy as np

from auditkit.generation.scores.absence import without_numbers
from auditkit.generation.scores.ragged import of_greedy
from auditkit.generation.scores.score import Material, Score, Values

_NEEDS = frozenset({"log_probs"})
_unmet = partial(without_numbers, name="log_probs")


def sequence_nll(material: Material) -> Values:
    """−Σ log p of the tokens of the greedy answer, nats."""
    return -of_greedy(material, "log_probs").sums


def perplexity(material: Material) -> Values:
    """−mean log p of the tokens of the greedy answer, nats a token."""
    return -of_greedy(material, "log_probs").means


def min_token_probability(material: Material) -> Values:
    """−log p of the least likely token of the greedy answer, nats."""
    numbers = of_greedy(material, "log_probs")
    return np.asarray(np.maximum.reduceat(-numbers.numbers, numbers.starts))


SCORES = (
    Score(
        "sequence_nll",
        "Negative log-likelihood of the answer",
        "How unlikely the model held the whole greedy answer: −Σ ln p(token), in nats; it grows "
        "with the length of the answer.",
        "Malinin and Gales, Uncertainty Estimation in Autoregressive Structured Prediction, ICLR "
        "2021",
        _NEEDS,
        _unmet,
        sequence_nll,
    ),
    Score(
        "perplexity",
        "Length-normalised negative log-likelihood",
        "How unlikely the model held the tokens of its greedy answer on average: −(1/n) Σ ln "
        "p(token), in nats; the logarithm of the perplexity.",
        "Malinin and Gales, ICLR 2021; Fomicheva et al., TACL 8 (2020) 539–555",
        _NEEDS,
        _unmet,
        perplexity,
    ),
    Score(
        "min_token_probability",
        "Least likely token",
        "How unlikely the model held the token of its greedy answer that it was least sure of: "
        "max −ln p(token), in nats.",
        "Manakul, Liusie and Gales, SelfCheckGPT, EMNLP 2023 (Max(−log p))",
        _NEEDS,
        _unmet,
        min_token_probability,
    ),
)
