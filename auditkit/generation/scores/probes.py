"""Linear probes: can it be read off the model's states that its answer is wrong?

They read two tokens of the last layer kept, the last one of the prompt and the last of the answer.
Layer, tokens and penalty are settled here, for every model: nothing is chosen by its result on the
data. (The prompt alone told less in the invented worlds of `examples/facts`, where this was tried;
see benchmarks/RESULTS.md.)
"""

from __future__ import annotations

from operator import attrgetter

import numpy as np

from auditkit.generation.parts import HIDDEN, SAMPLES
from auditkit.generation.scores.cross_fitting import cross_fitted, too_few
from auditkit.generation.scores.layers import layers, states, without_states
from auditkit.generation.scores.registry import score_of
from auditkit.generation.scores.score import Material, NotScored, Values
from auditkit.generation.scores.semantic import SCORES as _SEMANTIC
from auditkit.generation.scores.supervised import FittedScore, Lesson, Mask, clusters_of

PENALTY = 0.05
"""scikit-learn's C."""

_SEMANTIC_ENTROPY = next(one for one in _SEMANTIC if one.name == "semantic_entropy")


def linear_probe(material: Material, lesson: Lesson) -> Values | NotScored:
    """The log-odds of a wrong answer."""
    return _read(material, lesson.wrong, lesson.taught, "wrong answers")


def semantic_entropy_probe(material: Material, lesson: Lesson) -> Values | NotScored:
    """The log-odds of a semantic entropy above the median of the rows fitted on."""
    entropy = score_of(_SEMANTIC_ENTROPY, material)
    if isinstance(entropy, NotScored):
        return entropy
    if not lesson.fit.any():
        return NotScored("There are no prompts to fit it on.")
    high = _upper_half(entropy, lesson.fit)
    return _read(material, high, lesson.fit, "a semantic entropy above the median")


def _upper_half(values: Values, fit: Mask) -> Mask:
    """The values above the median of the rows fitted on.

    Many entropies are 0, or those of samples that all differ: where the median is one of these, all
    that are equal to it go to the side that is the emptier one without them.
    """
    median = np.median(values[fit])
    above, below = (values[fit] > median).sum(), (values[fit] < median).sum()
    return np.asarray(values >= median if above < below else values > median)


def _last_layer(material: Material) -> int:
    return layers(material)[-1]


def _unmet(material: Material, which: str) -> str:
    return without_states(material, _last_layer, attrgetter(which))


def _read(material: Material, positive: Mask, fit: Mask, what: str) -> Values | NotScored:
    absent = _unmet(material, "prompt") or _unmet(material, "answer")
    clusters = clusters_of(material)
    if reason := absent or too_few(positive, fit, clusters, what):
        return NotScored(reason)
    layer = _last_layer(material)
    columns = np.hstack([states(material, layer, which) for which in ("prompt", "answer")])
    return cross_fitted(columns, positive, fit, clusters, PENALTY)


_HOW = (
    "a logistic regression (C = 0.05) on the standardised hidden states of the last token of the "
    "prompt and of the answer in the last layer kept; of prompts that it was fitted on, by a fit "
    "without their cluster"
)

SCORES = (
    FittedScore(
        "linear_probe",
        "Linear probe",
        f"The log-odds of a wrong answer by {_HOW}.",
        "Azaria and Mitchell, EMNLP Findings 2023; Orgad et al., arXiv 2410.02707 (2024)",
        frozenset({HIDDEN}),
        linear_probe,
    ),
    FittedScore(
        "semantic_entropy_probe",
        "Semantic entropy probe",
        f"The log-odds of a semantic entropy above its median by {_HOW}; asks for no labels.",
        "Kossen et al., Semantic Entropy Probes, arXiv 2406.15927 (2024)",
        frozenset({HIDDEN, SAMPLES}),
        semantic_entropy_probe,
    ),
)
