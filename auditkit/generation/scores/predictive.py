"""The entropy over whole answers, from the likelihoods of sampled ones.

At another temperature than 1 the samples are not those of the distribution whose log-probabilities
are averaged: then the numbers still rank prompts, but are no entropies.
"""

from __future__ import annotations

from functools import partial

from auditkit.generation.parts import SAMPLES
from auditkit.generation.scores.absence import without_sampled_numbers
from auditkit.generation.scores.ragged import Ragged, of_samples
from auditkit.generation.scores.score import Material, Score, Values

_NEEDS = frozenset({SAMPLES, "log_probs"})
_unmet = partial(without_sampled_numbers, least=1)


def predictive_entropy(material: Material) -> Values:
    """−mean over samples of the log-likelihood of the whole sample, nats."""
    return -of_samples(material)[1].means


def predictive_entropy_normalised(material: Material) -> Values:
    """−mean over samples of the mean log-probability of its tokens, nats a token."""
    tokens, likelihoods = of_samples(material)
    return -Ragged(tokens.means, likelihoods.sizes).means


SCORES = (
    Score(
        "predictive_entropy",
        "Predictive entropy",
        "The entropy over whole answers, estimated from K samples: −(1/K) Σ ln p(sample), in nats.",
        "Malinin and Gales, ICLR 2021; Kadavath et al., arXiv 2207.05221 (2022)",
        _NEEDS,
        _unmet,
        predictive_entropy,
    ),
    Score(
        "predictive_entropy_normalised",
        "Length-normalised predictive entropy",
        "The same with every sample's log-likelihood divided by its number of tokens: −(1/K) Σ "
        "(1/n) ln p(sample), in nats a token.",
        "Malinin and Gales, ICLR 2021",
        _NEEDS,
        _unmet,
        predictive_entropy_normalised,
    ),
)
