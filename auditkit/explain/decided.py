"""What a model decides about the units that are explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from auditkit.explain.target import Target
from auditkit.models.head import Head, Outputs, Task

if TYPE_CHECKING:
    from auditkit.explain.explanation import Explanation


def decided(target: Target, outputs: Tensor) -> Tensor | None:
    """The class that is decided for each unit, by the declared rule; see `Decision`.

    Args:
        target: of n units.
        outputs: what its head returned for all of them.

    Returns:
        int64 [n], places in the head's classes, on the CPU: of a multilabel head the label that is
        explained. None of a regression, and of a binary head that declares no decision.
    """
    head = target.head
    if head.task in (Task.MULTICLASS, Task.MULTILABEL):
        found = outputs.argmax(dim=1) if head.task is Task.MULTICLASS else target.index
    elif head.task is Task.BINARY and head.decision is not None:
        found = _positive(head, outputs)
    else:
        return None
    return found.detach().to(device="cpu", dtype=torch.int64)


def _positive(head: Head, outputs: Tensor) -> Tensor:
    """[n] bool: whether the positive class is decided."""
    decision = head.decision
    assert decision is not None
    if decision.rule == "argmax" and outputs.ndim == 2:
        return outputs[:, 1] > outputs[:, 0]  # even scores go to the first class
    scores = _scores(head, outputs)
    return scores > 0.5 if decision.rule == "argmax" else scores >= decision.threshold


def _scores(head: Head, outputs: Tensor) -> Tensor:
    if head.outputs is Outputs.LOGITS:
        return outputs.sigmoid() if outputs.ndim == 1 else outputs.softmax(dim=1)[:, 1]
    return outputs if outputs.ndim == 1 else outputs[:, 1]


def decision_of(found: Explanation, head: Head, unit: int) -> str:
    """What the model says of one unit, in words: the decided class, or the predicted number."""
    if found.decision is not None and head.classes:
        return said_of(head, int(found.decision[unit]))
    if found.value is None:
        return "no decision"
    noun = "predicts" if head.task is Task.REGRESSION else "score"
    return f"{noun} {float(found.value[unit]):.4g}"


def said_of(head: Head, place: int) -> str:
    """A decided class in words."""
    noun = "label" if head.task is Task.MULTILABEL else "predicted"
    return f"{noun} {head.classes[place]}"


def sign_of(found: Explanation, head: Head, unit: int) -> int:
    """1, or −1 where what is explained is the score of the class that was not decided.

    Attributions times this are towards what was decided; of a predicted number towards a larger
    one, and of a binary output without a decision towards its positive class.
    """
    against = head.task is Task.BINARY and found.decision is not None and not found.decision[unit]
    return -1 if against else 1
