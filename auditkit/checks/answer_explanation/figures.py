"""Prompts with the words marked that an answer rests on: only where samples are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from auditkit.checks.answer_rows import AnswerRows
from auditkit.checks.rounding import rounded
from auditkit.generation.correctness.outcome import Outcome
from auditkit.generation.highlight import Highlight
from auditkit.measurement import Figure

MOST_TOKENS = 400
"""Tokens of one prompt that are shown, at most: the last ones, next to the answer."""

_WORDS = {
    Outcome.RIGHT: "right",
    Outcome.WRONG: "wrong",
    Outcome.REFUSED: "refused",
    Outcome.UNJUDGED: "not judged",
}


def highlighted(found: Sequence[Highlight], rows: AnswerRows, most: int) -> tuple[Figure, ...]:
    """The explained prompts with their words marked.

    Args:
        found: the highlights.
        rows: all answers.
        most: how many texts may be shown; 0 for none.
    """
    shown = found[:most]
    if not shown:
        return ()
    return (
        Figure(
            kind="token_maps",
            title="On which words answers rest",
            caption=(
                f"What each token of the prompt adds to the log-probability of the answer "
                f"({_methods(shown)}), relative to the largest of its prompt. "
                "First the wrong answers that the model was surest of, then answers drawn at "
                "random."
            ),
            check="answer_explanation",
            data={"n": len(shown), "items": [_item(one, rows) for one in shown]},
        ),
    )


def _methods(shown: Sequence[Highlight]) -> str:
    return " or ".join(
        sorted({one.method.replace("_x_", " × ").replace("_", " ") for one in shown})
    )


def _item(one: Highlight, rows: AnswerRows) -> dict[str, Any]:
    answer = rows.generations.rows[one.row].greedy.text
    outcome = _WORDS[Outcome(int(rows.outcomes[one.row]))]
    heat = np.nan_to_num(one.weights[-MOST_TOKENS:].astype(np.float64))
    heat = heat / (np.abs(heat).max(initial=0.0) or 1.0)
    return {
        "title": f"answered “{answer}” ({outcome})",
        "n": 1,
        "trust": _trust(one),
        "tokens": list(one.pieces[-MOST_TOKENS:]),
        "heat": rounded(heat),
    }


def _trust(one: Highlight) -> dict[str, str]:
    if not one.tested:
        reason = "The prompt is too short to be tested by taking words away."
        return {"label": "limited", "reason": reason}
    tokens = "token that matters" if one.removed == 1 else f"{one.removed} tokens that matter"
    numbers = (
        f"without the {tokens} most the answer's log-probability falls by "
        f"{one.drop:.2f} nats, without as many random ones by {one.random_drop:.2f}"
    )
    if one.held:
        return {"label": "tested", "reason": f"It stood its test: {numbers}."}
    return {"label": "withheld", "reason": f"It did not stand its test: {numbers}."}


__all__ = ["MOST_TOKENS", "highlighted"]
