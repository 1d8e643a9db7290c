"""What the model says when it is asked whether its own answer is true."""

from __future__ import annotations

import numpy as np

from auditkit.generation.parts import VERIFICATION
from auditkit.generation.scores.absence import lacking, said_of
from auditkit.generation.scores.score import Material, Score, Values


def verifications(material: Material) -> Values:
    """Probability of yes of each prompt, of material that `p_true` can be had of."""
    return np.array([row.verification for row in material.generations.rows], dtype=np.float64)


def p_true(material: Material) -> Values:
    """1 − the probability of yes against that of no."""
    return 1 - verifications(material)


def _unmet(material: Material) -> str:
    rows = material.generations.rows
    asked = material.settings.verification.template
    if rows and not asked and all(row.verification is None for row in rows):
        return "The model is not asked about its answers (generation.verification.template)."
    absent = lacking(
        material, VERIFICATION, "no verification", lambda row: row.verification is not None
    )
    if absent:
        return absent
    said = verifications(material)
    bad = int((~((said >= 0) & (said <= 1))).sum())
    return said_of(bad, len(said), "a verification that is no probability") if bad else ""


SCORES = (
    Score(
        "p_true",
        "Doubt in its own answer, 1 − P(True)",
        "1 − the probability of yes against that of no, when the model is asked whether its greedy "
        "answer is true.",
        "Kadavath et al., Language Models (Mostly) Know What They Know, arXiv 2207.05221 (2022)",
        frozenset({VERIFICATION}),
        _unmet,
        p_true,
    ),
)

__all__ = ["SCORES", "p_true", "verifications"]
