"""What the model says when it is asked whether its own answer is true."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auditkit.generation.parts import VERIFICATION
from auditkit.generation.scores.absence import lacking, said_of
from auditkit.generation.scores.score import Material, Score, Values


def verifications(material: Material) -> Values:
    """Probability of yes of each prompt, of material that `p_true` can be had of."""
    return np.array([row.verification for row in material.generations.rows], dtype=np.float64)


def p_true(material: Material) -> Values:
    """1 − the probability of yes against that of no."""
    return 1 - verifications(material)


def verification_accuracy(
    verification: Values, wrong: NDArray[np.bool_], judged: NDArray[np.bool_]
) -> tuple[int, int, int, int]:
    """How often the model verifies right answers, and rejects wrong ones.

    A model that says yes to everything, or no, is right in half of the balanced cases: below the
    accuracy that the settings ask for, its word says nothing about its answers.

    Args:
        verification: probability of yes, shape (n,); above ½ is a yes.
        wrong: whether the greedy answer is wrong, shape (n,).
        judged: whether that is known, shape (n,).

    Returns:
        Right answers, those of them verified, wrong answers, those of them rejected. The balanced
        accuracy is the mean of the two shares, and undefined where there are none of one kind.

    Example:
        >>> said = np.array([0.9, 0.8, 0.7, 0.2])
        >>> verification_accuracy(said, np.array([0, 0, 1, 1], bool), np.ones(4, bool))
        (2, 2, 2, 1)
    """
    yes, right = verification > 0.5, judged & ~wrong
    bad = judged & wrong
    return int(right.sum()), int((right & yes).sum()), int(bad.sum()), int((bad & ~yes).sum())


def _unmet(material: Material) -> str:
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
        "P(True)",
        "1 − the probability of yes against that of no, when the model is asked whether its greedy "
        "answer is true.",
        "Kadavath et al., Language Models (Mostly) Know What They Know, arXiv 2207.05221 (2022)",
        frozenset({VERIFICATION}),
        _unmet,
        p_true,
    ),
)

__all__ = ["SCORES", "p_true", "verification_accuracy", "verifications"]
