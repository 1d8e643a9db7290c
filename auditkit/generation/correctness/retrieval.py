"""Whether what was retrieved for a question holds the answer: recall at k."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from auditkit.generation.generations import Generations


def recall_at(generations: Generations, k: int) -> NDArray[np.float64]:
    """Share of a question's right passages that are among its first k, in [0, 1].

    Passages count in the order of `question.context`, the best first as a retriever gives them. A
    right passage that lies beyond the context was not retrieved: it counts as missed. Passages
    named twice count once.

    Args:
        generations: n prompts.
        k: how many passages are looked at, at least 1.

    Returns:
        float64, one for each question of which recall can be told, in their order: see `retrieved`.

    Raises:
        ValueError: k is below 1, or a place is negative.

    Example:
        >>> from auditkit.generation.evidence import GenerationEvidence, Question
        >>> from auditkit.models.generators.answer import Answer
        >>> asked = Question("1", 1, context=("x", "y", "z"), right_passages=(0, 2))
        >>> recall_at(Generations.of([GenerationEvidence(asked, Answer("z"))]), 2).tolist()
        [0.5]
    """
    if k < 1:
        raise ValueError(f"recall at {k} looks at no passage")
    known = [row.question for row in generations.part(retrieved(generations)).rows]
    return np.array(
        [_recall(one.right_passages, min(k, len(one.context))) for one in known], dtype=np.float64
    )


def retrieved(generations: Generations) -> NDArray[np.bool_]:
    """Of which questions recall can be told: those with a context and right passages, bool."""
    return np.array(
        [bool(row.question.context and row.question.right_passages) for row in generations.rows],
        dtype=bool,
    )


def _recall(right: Sequence[int], seen: int) -> float:
    places = set(right)
    if min(places) < 0:
        raise ValueError(f"a right passage has the place {min(places)}")
    return sum(place < seen for place in places) / len(places)


__all__ = ["recall_at", "retrieved"]
