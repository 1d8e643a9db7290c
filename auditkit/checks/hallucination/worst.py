"""The wrong answers that the model was surest of: a list for people, only where it is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditkit.checks.hallucination.gate import decided_by
from auditkit.checks.hallucination.judged import TITLES, Judged
from auditkit.generation.scores.score import NotScored
from auditkit.measurement import Figure

LONGEST = 1000
"""Characters of one text that a record keeps."""
BESIDE = ("self_consistency", "mean_token_entropy", "perplexity", "p_true")


def worst_answers(found: Judged, most: int) -> Figure | None:
    """Wrong answers, those of the lowest score first; None where none are wrong, or none wanted.

    Args:
        found: the answers to all prompts.
        most: how many rows of the data may be shown, 0 for none.
    """
    if most <= 0 or not found.rows.wrong.any():
        return None
    name, values = decided_by(found)
    risk = np.zeros(len(found.rows)) if isinstance(values, NotScored) else values
    order = np.lexsort([found.rows.keys, risk])
    places = order[found.rows.wrong[order]][:most]
    by = (
        ""
        if isinstance(values, NotScored)
        else f", those of the lowest {TITLES[name].lower()} first"
    )
    return Figure(
        kind="worst_answers",
        title=f"Wrong answers{by}",
        caption=(
            "What is wrong and looks sure is found by nobody who trusts the score. Each answer "
            "with the question, a reference and scores; higher ones mean more doubt."
        ),
        check="hallucination",
        data={
            "n": len(places),
            "wrong": int(found.rows.wrong.sum()),
            "rows": [_row(found, name, int(place)) for place in places],
        },
    )


def _row(found: Judged, decides: str, place: int) -> dict[str, Any]:
    row = found.rows.generations.rows[place]
    scores = {
        TITLES[name]: float(f"{values[place]:.4g}")
        for name in dict.fromkeys((decides, *BESIDE))
        if name in found.scores and not isinstance(values := found.scores[name], NotScored)
    }
    return {
        "row": row.question.id,
        "prompt": row.question.prompt[:LONGEST],
        "answer": row.greedy.text[:LONGEST],
        "reference": next(iter(row.question.references), "")[:LONGEST],
        "scores": scores,
    }


__all__ = ["worst_answers"]
