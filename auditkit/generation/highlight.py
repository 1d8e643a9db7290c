"""What one answer rests on: a number for each token of the prompt and the context."""

from __future__ import annotations

from dataclasses import dataclass

from auditkit.models.generators.answer import Numbers


@dataclass(frozen=True, eq=False)
class Highlight:
    """Attributions of one answer over what the model was given.

    Attributes:
        id: the row's id.
        pieces: the text of each token given, n of them.
        weights: what each adds to the log-probability of the answer, float32 of shape (n,).
        method: `gradient_x_input`, or a method of Captum's attribution of language models.
        answer: the pieces of the answer.
        checked: a sentence on how far the weights were tested; "" if not.
    """

    id: str
    pieces: tuple[str, ...]
    weights: Numbers
    method: str
    answer: tuple[str, ...] = ()
    checked: str = ""


__all__ = ["Highlight"]
