"""Several scores, weighed by what is known of right and wrong answers."""

from __future__ import annotations

import numpy as np

from auditkit.generation.scores.cross_fitting import cross_fitted, too_few
from auditkit.generation.scores.registry import SCORES as _PLAIN
from auditkit.generation.scores.registry import score_of
from auditkit.generation.scores.score import Material, NotScored, Values
from auditkit.generation.scores.supervised import FittedScore, Lesson, clusters_of

MEMBERS = ("perplexity", "max_token_entropy", "semantic_entropy", "self_consistency", "p_true")
PENALTY = 1.0
"""scikit-learn's C: of five columns at most."""


def ensemble(material: Material, lesson: Lesson) -> Values | NotScored:
    """The log-odds of a wrong answer, from those of `MEMBERS` that are there."""
    asked = [score_of(one, material) for one in _PLAIN if one.name in MEMBERS]
    there = [one for one in asked if not isinstance(one, NotScored)]
    if len(there) < 2:
        there_are = f"Only {len(there)} of its {len(MEMBERS)} members"
        return NotScored(f"{there_are} can be had of these answers.")
    clusters = clusters_of(material)
    if reason := too_few(lesson.wrong, lesson.taught, clusters, "wrong answers"):
        return NotScored(reason)
    return cross_fitted(np.stack(there, axis=1), lesson.wrong, lesson.taught, clusters, PENALTY)


SCORES = (
    FittedScore(
        "ensemble",
        "Ensemble",
        "The log-odds of a wrong answer by a logistic regression (C = 1) on those that can be had "
        "of perplexity, largest token entropy, semantic entropy, disagreement and P(True), "
        "standardised; of prompts that it was fitted on, by a fit without their cluster.",
        "Bouchard and Chauhan, Uncertainty Quantification for Language Models, arXiv 2504.19254 "
        "(2025)",
        frozenset(),
        ensemble,
    ),
)
