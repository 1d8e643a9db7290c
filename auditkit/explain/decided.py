"""What a model decides about the units that are explained."""

from __future__ import annotations

import torch
from torch import Tensor

from auditkit.explain.target import Target
from auditkit.models.head import Head, Outputs, Task


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
