"""How open the model's next token was while it answered."""

from __future__ import annotations

from functools import partial

from auditkit.generation.scores.absence import without_numbers
from auditkit.generation.scores.ragged import of_greedy
from auditkit.generation.scores.score import Material, Score, Values


def mean_token_entropy(material: Material) -> Values:
    """The mean entropy of the distributions that the tokens were taken from, nats."""
    return of_greedy(material, "entropies").means


def max_token_entropy(material: Material) -> Values:
    """The largest of these entropies, nats."""
    return of_greedy(material, "entropies").maxima


def self_certainty(material: Material) -> Values:
    """−mean KL(U‖p) of the distributions that the tokens were taken from, nats."""
    return -of_greedy(material, "certainties").means


_ENTROPIES = partial(without_numbers, name="entropies")

SCORES = (
    Score(
        "mean_token_entropy",
        "Mean entropy of a token",
        "How open the next token was on average: (1/n) Σ H(p) of the distributions that the "
        "tokens of the greedy answer were taken from, in nats.",
        "Fomicheva et al., Unsupervised Quality Estimation for Neural Machine Translation, TACL 8 "
        "(2020) 539–555",
        frozenset({"entropies"}),
        _ENTROPIES,
        mean_token_entropy,
    ),
    Score(
        "max_token_entropy",
        "Largest entropy of a token",
        "How open the next token was where it was most so: max H(p) over the tokens of the greedy "
        "answer, in nats.",
        "Manakul, Liusie and Gales, SelfCheckGPT, EMNLP 2023 (Max(H))",
        frozenset({"entropies"}),
        _ENTROPIES,
        max_token_entropy,
    ),
    Score(
        "self_certainty",
        "Lack of self-certainty",
        "How near the distributions of the tokens were to the uniform one U: −(1/n) Σ KL(U‖p), in "
        "nats.",
        "Kang, Zhao and Song, Scalable Best-of-N Selection for Large Language Models via "
        "Self-Certainty, arXiv 2502.18581 (2025)",
        frozenset({"certainties"}),
        partial(without_numbers, name="certainties"),
        self_certainty,
    ),
)
