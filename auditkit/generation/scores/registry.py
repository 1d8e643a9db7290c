"""All scores that nothing has to be fitted for, and all of them at once."""

from __future__ import annotations

import numpy as np

from auditkit.generation.scores import (
    context,
    controls,
    eigen,
    lexical,
    likelihood,
    predictive,
    semantic,
    token_entropy,
    verification,
)
from auditkit.generation.scores.absence import said_of
from auditkit.generation.scores.score import Material, NotScored, Score, Values

SCORES: tuple[Score, ...] = (
    *likelihood.SCORES,
    *token_entropy.SCORES,
    *predictive.SCORES,
    *semantic.SCORES,
    *lexical.SCORES,
    *eigen.SCORES,
    *verification.SCORES,
    *context.SCORES,
    *controls.SCORES,
)
"""Families in the order of what they need, controls last."""


def scored(material: Material) -> dict[str, Values | NotScored]:
    """Every score of every prompt, or why there is none; in the order of `SCORES`.

    Returns:
        Name → finite float64 of shape (n,), higher meaning riskier; or the reason.

    Example:
        >>> from auditkit.generation.generations import Generations
        >>> from auditkit.generation.settings import GenerationSettings
        >>> scored(Material(Generations(()), None, GenerationSettings()))["length"]
        NotScored(reason='There are no prompts.')
    """
    return {score.name: score_of(score, material) for score in SCORES}


def score_of(score: Score, material: Material) -> Values | NotScored:
    """One score of every prompt, or why there is none."""
    if reason := score.unmet(material):
        return NotScored(reason)
    values = score.compute(material)
    if values.shape != (len(material),):
        raise ValueError(f"{score.name} of {len(material)} prompts has the shape {values.shape}")
    bad = int((~np.isfinite(values)).sum())
    # Finite evidence can still overflow where numbers of absurd size are stored.
    return NotScored(said_of(bad, len(values), "no finite score")) if bad else values


__all__ = ["SCORES", "score_of", "scored"]
