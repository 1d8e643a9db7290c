"""How far the samples lie apart inside the model."""

from __future__ import annotations

import numpy as np

from auditkit.generation.parts import HIDDEN, SAMPLES
from auditkit.generation.scores.absence import lacking
from auditkit.generation.scores.layers import middle_layer, without_states
from auditkit.generation.scores.score import Material, Score, Values

RIDGE = 1e-3
_AT_ONCE = 64


def eigenscore(material: Material) -> Values:
    """Mean ln eigenvalue of the covariance of the samples' hidden states, plus a ridge.

    The mean over K eigenvalues depends on K even of samples that are all alike (one eigenvalue is
    large, K − 1 are the ridge), so all prompts are scored on equally many samples: the first k, k
    being the fewest that any prompt has. Where prompts with answers that agree were asked no more
    often, these are the ones that every prompt was asked before that was decided.
    """
    layer, rows = middle_layer(material), material.generations.rows
    fewest = min(len(row.hidden[layer].samples) for row in rows)
    parts = [
        _scores(
            np.stack([row.hidden[layer].samples[:fewest] for row in rows[start : start + _AT_ONCE]])
        )
        for start in range(0, len(rows), _AT_ONCE)
    ]
    return np.concatenate(parts)


def _scores(states: np.ndarray) -> Values:
    """Of states of shape (prompts, samples, width)."""
    vectors = states.astype(np.float64)
    vectors -= vectors.mean(axis=2, keepdims=True)
    gram = vectors @ vectors.transpose(0, 2, 1) / vectors.shape[2]
    gram += RIDGE * np.eye(vectors.shape[1])
    # The product of the eigenvalues is the determinant, which needs no eigenvalues.
    return np.asarray(np.linalg.slogdet(gram)[1] / vectors.shape[1])


def _unmet(material: Material) -> str:
    absent = without_states(material, middle_layer, lambda one: one.samples)
    if absent:
        return absent
    layer = middle_layer(material)
    return lacking(
        material,
        SAMPLES,
        "hidden states of fewer than two samples",
        lambda row: len(row.hidden[layer].samples) >= 2,
    )


SCORES = (
    Score(
        "eigenscore",
        "EigenScore",
        "How far the samples lie apart inside the model: (1/K) Σ ln λ, λ the eigenvalues of "
        "EEᵀ/d + 0.001 I, E the hidden states of the K samples at their last token in the middle "
        "layer, each centred over its d features; of all prompts equally many samples are taken.",
        "Chen et al., INSIDE, ICLR 2024",
        frozenset({SAMPLES, HIDDEN}),
        _unmet,
        eigenscore,
    ),
)
