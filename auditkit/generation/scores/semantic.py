"""How far the sampled answers differ in what they mean."""

from __future__ import annotations

from functools import partial

import numpy as np

from auditkit.generation.parts import SAMPLES
from auditkit.generation.scores.absence import without_classes, without_sampled_numbers
from auditkit.generation.scores.drawn import Codes, sampled_classes
from auditkit.generation.scores.score import Material, Score, Values
from auditkit.models.generators.answer import Answer


def semantic_entropy(material: Material) -> Values:
    """Entropy of the shares of the classes among the samples, nats."""
    return np.array([_entropy(np.bincount(one)) for one in sampled_classes(material)])


def semantic_entropy_weighted(material: Material) -> Values:
    """Entropy of the classes' shares of the likelihood of the distinct samples, nats."""
    rows = material.generations.rows
    return np.array(
        [
            _entropy(_masses(row.samples[: len(classes)], classes))
            for row, classes in zip(rows, sampled_classes(material), strict=True)
        ]
    )


def distinct_meanings(material: Material) -> Values:
    """Number of classes among the samples."""
    return np.array([len(np.unique(one)) for one in sampled_classes(material)], dtype=np.float64)


def self_consistency(material: Material) -> Values:
    """1 − the share of samples in the class of the greedy answer."""
    assert material.classes is not None  # by `without_classes`
    return np.array([1 - float((one[1:] == one[0]).mean()) for one in material.classes.of])


def _entropy(masses: np.ndarray) -> float:
    """Of masses that need not sum to one; never below 0.

    Added up in one order, so that prompts with the same shares tie whichever answer came first.
    """
    shares = np.sort(masses[masses > 0]) / masses.sum()
    return max(0.0, -float(shares @ np.log(shares)))


def _masses(samples: tuple[Answer, ...], classes: Codes) -> Values:
    """The likelihood of each class, relative to that of the likeliest sample.

    A sample that was drawn twice is one event, and counts once; the same text in other tokens is
    another one. Of an answer drawn twice the larger likelihood counts: they differ by rounding.
    """
    likelihoods: dict[tuple[int, str, bytes], float] = {}
    for answer, place in zip(samples, classes.tolist(), strict=True):
        tokens = b"" if answer.tokens is None else answer.tokens.tobytes()
        event, found = (place, answer.text, tokens), answer.log_likelihood
        assert found is not None  # by `without_sampled_numbers`
        likelihoods[event] = max(found, likelihoods.get(event, found))
    places = np.array([place for place, _, _ in likelihoods])
    logs = np.array(list(likelihoods.values()))
    return np.asarray(np.bincount(places, np.exp(logs - logs.max())), dtype=np.float64)


def _weighted_unmet(material: Material) -> str:
    return without_classes(material, least=2) or without_sampled_numbers(material, least=2)


_two = partial(without_classes, least=2)
_FARQUHAR = "Farquhar, Kossen, Kuhn and Gal, Nature 630 (2024) 625–630"

SCORES = (
    Score(
        "semantic_entropy",
        "Semantic entropy",
        "The entropy over the meanings of the K samples: −Σ (c/K) ln (c/K), c samples in each "
        "class of one meaning, in nats; biased low, about (classes − 1)/2K.",
        f"{_FARQUHAR} (discrete)",
        frozenset({SAMPLES}),
        _two,
        semantic_entropy,
    ),
    Score(
        "semantic_entropy_weighted",
        "Semantic entropy by likelihood",
        "The entropy over the meanings of the distinct samples, each class weighing as much as the "
        "likelihoods of its samples together: −Σ m ln m, m = Σ p(sample in class) / Σ p(sample), "
        "in nats.",
        f"Kuhn, Gal and Farquhar, ICLR 2023; {_FARQUHAR}",
        frozenset({SAMPLES, "log_probs"}),
        _weighted_unmet,
        semantic_entropy_weighted,
    ),
    Score(
        "self_consistency",
        "Disagreement with the answer",
        "1 − the share of samples that mean the same as the greedy answer.",
        "Wang et al., Self-Consistency Improves Chain of Thought Reasoning, ICLR 2023",
        frozenset({SAMPLES}),
        partial(without_classes, least=1),
        self_consistency,
    ),
    Score(
        "distinct_meanings",
        "Distinct meanings",
        "The number of classes of one meaning among the samples.",
        "Lin, Trivedi and Sun, Generating with Confidence, TMLR 2024 (number of semantic sets)",
        frozenset({SAMPLES}),
        _two,
        distinct_meanings,
    ),
)
